"""Whether a request may come in: the authorizer's answer to API Gateway."""

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


def admit(authorization: str, kept: Tokens, now: float) -> Caller:
    """Return who sends a request with this Authorization header; what it may do is decided where it is done.

    Raises:
        Unauthorized: there is no token in it, or not a good one.
    """
    id_ = tokens.id_of(authorization)
    token = kept.get(id_) if id_ else None
    caller = tokens.recognise(authorization, token, now) if token else None
    if caller is None:
        raise Unauthorized
    return caller
