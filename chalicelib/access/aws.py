"""Tokens in the DynamoDB table."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from chalicelib.access.model import Secret, Token
from chalicelib.aws import said_not_now
from chalicelib.errors import TryAgain

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

PARTITION = "token"


class Tokens:
    """The tokens of one stack. Every method raises TryAgain where DynamoDB is busy or does not answer."""

    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        self._client, self._table = client, table

    def get(self, id_: str) -> Token | None:
        """Return a token, if there is one of that id."""
        with said_not_now("DynamoDB"):
            answer = self._client.get_item(TableName=self._table, Key=_key(id_), ConsistentRead=True)
        return _token(answer["Item"]) if "Item" in answer else None

    def everything(self) -> list[Token]:
        """Return every token, the oldest first."""
        pages = self._client.get_paginator("query").paginate(
            TableName=self._table,
            KeyConditionExpression="pk = :pk",
            ExpressionAttributeValues={":pk": {"S": PARTITION}},
            ConsistentRead=True,
        )
        with said_not_now("DynamoDB"):
            return sorted((_token(item) for page in pages for item in page["Items"]), key=lambda token: token.created)

    def add(self, token: Token) -> None:
        """Write a new token down."""
        self._put(token, "attribute_not_exists(pk)", {})

    def replace(self, seen: Token, token: Token) -> None:
        """Write a token down in the place of the one that was seen; raise TryAgain if that has changed since."""
        condition = "secrets = :secrets AND attribute_not_exists(revoked)"
        self._put(token, condition, {":secrets": _item(seen)["secrets"]})

    def _put(self, token: Token, condition: str, values: Mapping[str, Any]) -> None:
        extra: Any = {"ExpressionAttributeValues": values} if values else {}
        try:
            with said_not_now("DynamoDB"):
                self._client.put_item(TableName=self._table, Item=_item(token), ConditionExpression=condition, **extra)
        except self._client.exceptions.ConditionalCheckFailedException as error:
            raise TryAgain(f"token {token.id} was changed by somebody else just now: look at it again") from error


def _key(id_: str) -> dict[str, dict[str, str]]:
    return {"pk": {"S": PARTITION}, "sk": {"S": id_}}


def _item(token: Token) -> dict[str, Any]:
    secrets = [{"M": {"digest": {"S": s.digest}, "until": {"N": f"{s.until:.3f}"}}} for s in token.secrets]
    revoked = {} if token.revoked is None else {"revoked": {"N": f"{token.revoked:.3f}"}}
    return {
        **_key(token.id),
        "name": {"S": token.name},
        "scopes": {"L": [{"S": scope} for scope in token.scopes]},
        "created": {"N": f"{token.created:.3f}"},
        "until": {"N": f"{token.until:.3f}"},
        "secrets": {"L": secrets},
        **revoked,
    }


def _token(item: Mapping[str, Any]) -> Token:
    return Token(
        item["sk"]["S"],
        item["name"]["S"],
        tuple(scope["S"] for scope in item["scopes"]["L"]),
        float(item["created"]["N"]),
        float(item["until"]["N"]),
        tuple(Secret(s["M"]["digest"]["S"], float(s["M"]["until"]["N"])) for s in item["secrets"]["L"]),
        float(item["revoked"]["N"]) if "revoked" in item else None,
    )
