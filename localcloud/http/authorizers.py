"""Lambda authorizers of API Gateway: asks a function about a token, keeps its policy for a while, applies it.

https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-lambda-authorizer-output.html
"""

from __future__ import annotations

import json
import re
import threading
import time
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from localcloud.functions.concurrency import ThrottledError
from localcloud.http.failures import Failure

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from localcloud.functions.service import Functions
    from localcloud.http.routes import Authorizer


@dataclass(frozen=True)
class _Verdict:
    answer: Mapping[str, Any]
    until: float


class Authorizers:
    """Judges tokens; `clock` tells the seconds for the cache."""

    def __init__(self, functions: Functions, clock: Callable[[], float] = time.monotonic) -> None:
        self._functions = functions
        self._clock = clock
        self._lock = threading.Lock()
        self._verdicts: dict[tuple[Authorizer, str, str], _Verdict] = {}

    def judge(self, authorizer: Authorizer, token: str | None, method_arn: str) -> dict[str, Any]:
        """Return what the function behind learns as `requestContext.authorizer`; raise Failure."""
        if not token or (authorizer.validation and not re.fullmatch(authorizer.validation, token)):
            raise Failure("UNAUTHORIZED", "Unauthorized")
        answer = self._answer(authorizer, token, method_arn)
        _apply(answer["policyDocument"], method_arn)
        context = {name: _text(value) for name, value in (answer.get("context") or {}).items()}
        return {"principalId": str(answer["principalId"]), **context, "integrationLatency": 0}

    def _answer(self, authorizer: Authorizer, token: str, method_arn: str) -> Mapping[str, Any]:
        api_and_stage = "/".join(method_arn.split("/")[:2])
        key = (authorizer, api_and_stage, token)
        with self._lock:
            self._verdicts = {k: kept for k, kept in self._verdicts.items() if kept.until > self._clock()}
            if key in self._verdicts:
                return self._verdicts[key].answer
        answer = self._ask(authorizer, token, method_arn)
        with self._lock:
            self._verdicts[key] = _Verdict(answer, self._clock() + authorizer.cache_seconds)
        return answer

    def _ask(self, authorizer: Authorizer, token: str, method_arn: str) -> Mapping[str, Any]:
        event = {"type": "TOKEN", "methodArn": method_arn, "authorizationToken": token}
        try:
            made = self._functions.invoke(authorizer.function_arn, event)
        except ThrottledError as error:
            raise Failure("AUTHORIZER_CONFIGURATION_ERROR", None) from error
        answer = json.loads(made.payload)
        if made.failed:
            # A function that raises exactly this says that the token is worth nothing.
            if isinstance(answer, dict) and answer.get("errorMessage") == "Unauthorized":
                raise Failure("UNAUTHORIZED", "Unauthorized")
            raise Failure("AUTHORIZER_CONFIGURATION_ERROR", None)
        if not isinstance(answer, dict) or not {"principalId", "policyDocument"} <= set(answer):
            raise Failure("AUTHORIZER_CONFIGURATION_ERROR", None)
        if any(isinstance(value, dict | list) for value in (answer.get("context") or {}).values()):
            raise Failure("AUTHORIZER_CONFIGURATION_ERROR", None)
        return answer


def _apply(policy: Mapping[str, Any], method_arn: str) -> None:
    """Raise Failure unless a policy allows the method, and does not deny it."""
    effects = {
        statement.get("Effect")
        for statement in _listed(policy.get("Statement"))
        if _any_fits(statement.get("Action"), "execute-api:Invoke") and _any_fits(statement.get("Resource"), method_arn)
    }
    words = "User is not authorized to access this resource"
    if "Deny" in effects:
        raise Failure("ACCESS_DENIED", f"{words} with an explicit deny")
    if "Allow" not in effects:
        raise Failure("ACCESS_DENIED", words)


def _any_fits(patterns: Any, value: str) -> bool:
    return any(fnmatchcase(value, str(each).replace("[", "[[]")) for each in _listed(patterns))


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
