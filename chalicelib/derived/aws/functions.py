"""The function that makes derived objects, called by those who wait for them."""

import json
from typing import TYPE_CHECKING

from botocore.exceptions import ReadTimeoutError

from chalicelib.aws import said_not_now
from chalicelib.derived import requests
from chalicelib.derived.job import Task
from chalicelib.derived.model import Done
from chalicelib.errors import GroundskeeperError, TryAgain

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient

PATIENCE = 30  # seconds until it is worth asking again: meanwhile it is being made


class NotMade(GroundskeeperError):
    """The function that makes derived objects has failed; its log says how."""


class Maker:
    """Has derived objects made, and waits as long as the client's read timeout says."""

    def __init__(self, client: "LambdaClient", function: str, source_bucket: str) -> None:
        self._client, self._function, self._bucket = client, function, source_bucket

    def make(self, task: Task) -> Done:
        """Have a task done, and return what became of it.

        Raises:
            TryAgain: it takes too long, or Lambda is busy; it may still come to its end.
            NotMade: the function failed.
        """
        request = json.dumps(requests.spell(task, self._bucket)).encode()
        try:
            with said_not_now("Lambda"):
                answer = self._client.invoke(FunctionName=self._function, Payload=request)
                said = json.loads(answer["Payload"].read())
        except TryAgain as error:
            if isinstance(error.__cause__, ReadTimeoutError):
                raise TryAgain(f"{task.source_key} takes longer than a client can wait", PATIENCE) from error
            raise
        if "FunctionError" in answer:
            raise NotMade(f"{self._function} failed: {said.get('errorType')}: {said.get('errorMessage')}")
        return Done.of(said)
