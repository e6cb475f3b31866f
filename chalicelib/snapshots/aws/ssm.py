"""A shell on instances, through Systems Manager's Run Command."""

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from chalicelib.aws import said_not_now
from chalicelib.errors import Refused

if TYPE_CHECKING:
    from mypy_boto3_ssm import SSMClient

DOCUMENT = "AWS-RunShellScript"
LEAST_TIMEOUT = 30  # seconds: https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_SendCommand.html
BETWEEN_LOOKS = 0.5  # seconds
# https://docs.aws.amazon.com/systems-manager/latest/userguide/monitor-commands.html
AT_WORK = frozenset({"Pending", "InProgress", "Delayed", "Cancelling"})
NOT_YET = "InvocationDoesNotExist"
LONGEST_REASON = 200  # characters


class Shell:
    """Runs scripts as root on Linux instances that Systems Manager reaches."""

    def __init__(
        self,
        client: "SSMClient",
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._client, self._clock, self._sleep = client, clock, sleep

    def run(self, instance: str, script: str, seconds: float) -> None:
        """Run a script and wait for its end; raise Refused where it fails or takes longer, TryAgain."""
        until = self._clock() + seconds
        try:
            with said_not_now("Systems Manager"):
                sent = self._client.send_command(
                    InstanceIds=[instance],
                    DocumentName=DOCUMENT,
                    Comment="Groundskeeper: before or after a snapshot",
                    TimeoutSeconds=LEAST_TIMEOUT,
                    Parameters={"commands": script.splitlines(), "executionTimeout": [str(max(1, round(seconds)))]},
                )
        except ClientError as error:
            raise Refused(f"Systems Manager cannot run commands there: {error}") from error
        self._wait(instance, sent["Command"]["CommandId"], until)

    def _wait(self, instance: str, command: str, until: float) -> None:
        while self._clock() < until:
            self._sleep(BETWEEN_LOOKS)
            status, said = self._status(instance, command)
            if status == "Success":
                return
            if status not in AT_WORK:
                raise Refused(f"the command ended as {status}: {said[:LONGEST_REASON] or 'it said nothing'}")
        raise Refused("the command did not end in time")

    def _status(self, instance: str, command: str) -> tuple[str, str]:
        try:
            with said_not_now("Systems Manager"):
                shown = self._client.get_command_invocation(CommandId=command, InstanceId=instance)
        except ClientError as error:
            if error.response["Error"]["Code"] == NOT_YET:
                return "Pending", ""
            raise Refused(f"Systems Manager does not tell what became of the command: {error}") from error
        return shown["Status"], (shown.get("StandardErrorContent") or shown.get("StandardOutputContent") or "").strip()
