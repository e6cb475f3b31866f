"""Whether a request may come in: what the authorizer says to API Gateway."""

import time
from collections.abc import Callable
from typing import Protocol

from chalicelib.access import tokens
from chalicelib.access.model import Caller, Token


class Unauthorized(Exception):
    """The word at which API Gateway answers 401.

    https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-use-lambda-authorizer.html
    """

    def __init__(self) -> None:
        super().__init__("Unauthorized")


class Tokens(Protocol):
    """Where tokens are kept."""

    def get(self, id_: str) -> Token | None:
        """Return a token, if there is one of that id."""


class Authorizer:
    """Where requests show their tokens; ``clock`` tells the seconds since the epoch."""

    def __init__(self, kept: Tokens, clock: Callable[[], float] = time.time) -> None:
        self._kept, self._clock = kept, clock

    def admit(self, authorization: str) -> Caller:
        """Return who sends a request with this Authorization header; what it may do is decided where it is done.

        Raises:
            Unauthorized: there is no token in it, or not a good one.
        """
        id_ = tokens.id_of(authorization)
        token = self._kept.get(id_) if id_ else None
        caller = tokens.recognise(authorization, token, self._clock()) if token else None
        if caller is None:
            raise Unauthorized
        return caller
