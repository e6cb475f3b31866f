"""Lambda's Invoke API on the wire, answered by whoever runs the functions instead of by moto."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from moto.awslambda.responses import LambdaResponse

if TYPE_CHECKING:
    from collections.abc import Callable

    from localcloud.ground.gate import Gate

type LambdaTarget = Callable[[str, dict[str, Any]], None]
type InvokeHook = Callable[[InvokeRequest], InvokeAnswer]


@dataclass(frozen=True)
class InvokeRequest:
    """One call of Lambda's Invoke.

    https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html
    """

    function_arn: str
    """The function's unqualified ARN; the function exists."""
    qualifier: str | None
    invocation_type: str
    """`RequestResponse`, `Event` or `DryRun`."""
    payload: bytes
    client_context: str | None = None
    """Base64, as the caller sent it."""
    wants_log_tail: bool = False


@dataclass(frozen=True)
class InvokeAnswer:
    """What Invoke answers."""

    payload: bytes = b""
    status: int = 200
    function_error: str | None = None
    """`Handled` or `Unhandled` when the function failed; its error is then the payload."""
    log_tail: str | None = None
    """The last 4 KB of the log, in base64."""
    error_type: str | None = None
    """The API error's code, such as `TooManyRequestsException`, when the function did not run at all."""
    executed_version: str = "$LATEST"

    def headers(self) -> dict[str, str]:
        """Return the HTTP headers that carry everything but the payload."""
        fields = {
            "X-Amz-Function-Error": self.function_error,
            "X-Amz-Log-Result": self.log_tail,
            "x-amzn-ErrorType": self.error_type,
            "X-Amz-Executed-Version": self.executed_version,
            "Content-Type": "application/json",
            "status": str(self.status),
        }
        return {name: value for name, value in fields.items() if value is not None}


def lambda_response(gate: Gate, hook: Callable[[], InvokeHook]) -> type[Any]:
    """Return moto's Lambda API with Invoke answered by the hook, outside of the gate: functions call AWS too."""

    class Lambda(LambdaResponse):  # type: ignore[misc]  # moto is untyped here
        def invoke(self) -> tuple[int, dict[str, str], bytes]:
            name = unquote(self.path.rsplit("/", 2)[-2])
            qualifier = self.querystring.get("Qualifier", [None])[0]
            function = self.backend.get_function(name, qualifier)
            request = InvokeRequest(
                function_arn=function.function_arn,
                qualifier=qualifier,
                invocation_type=self.headers.get("X-Amz-Invocation-Type", "RequestResponse"),
                payload=self.raw_body or b"{}",
                client_context=self.headers.get("X-Amz-Client-Context"),
                wants_log_tail=self.headers.get("X-Amz-Log-Type") == "Tail",
            )
            with gate.left():
                answer = hook()(request)
            return answer.status, answer.headers(), answer.payload

        def invoke_async(self) -> tuple[int, dict[str, str], bytes]:
            return 410, {"status": "410"}, json.dumps({"Message": "InvokeAsync is deprecated"}).encode()

    return Lambda
