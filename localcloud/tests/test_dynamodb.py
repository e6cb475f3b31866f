"""DynamoDB as applications of one table use it: partition keys in permissions, transactions, conditions.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/specifying-conditions.html
"""

import copy
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from localcloud.server.aws import AwsServer
from localcloud.tests.acting import Json, allow, assume, client, refusal

TOKENS = {"ForAllValues:StringEquals": {"dynamodb:LeadingKeys": ["token"]}}
ONE: Json = {":one": {"N": "1"}}


@pytest.fixture
def table(aws: AwsServer) -> Any:
    """The administrator's client, with the table `things`: partition key `kind`, sort key `id`, an index by `owner`."""
    made = client(aws, "dynamodb")
    keys = [{"AttributeName": "kind", "KeyType": "HASH"}, {"AttributeName": "id", "KeyType": "RANGE"}]
    index = {"IndexName": "owners", "KeySchema": [{"AttributeName": "owner", "KeyType": "HASH"}]}
    made.create_table(
        TableName="things",
        BillingMode="PAY_PER_REQUEST",
        KeySchema=keys,
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("kind", "id", "owner")],
        GlobalSecondaryIndexes=[{**index, "Projection": {"ProjectionType": "ALL"}}],
    )
    return made


def key(kind: str, number: int = 1) -> Json:
    return {"kind": {"S": kind}, "id": {"S": str(number)}}


def put(kind: str, number: int = 1, **more: Any) -> Json:
    return {"Put": {"TableName": "things", "Item": {**key(kind, number), **more}}}


def add_one(kind: str, **more: Any) -> Json:
    values = {"UpdateExpression": "ADD n :one", "ExpressionAttributeValues": ONE}
    return {"Update": {"TableName": "things", "Key": key(kind), **values, **more}}


def item(table: Any, kind: str, number: int = 1) -> Any:
    return table.get_item(TableName="things", Key=key(kind, number)).get("Item")


def query(condition: str, **values: str) -> Json:
    placeholders = {f":{name}": {"S": value} for name, value in values.items()}
    return {"TableName": "things", "KeyConditionExpression": condition, "ExpressionAttributeValues": placeholders}


def requests(kind: str) -> dict[str, Json]:
    """Return a request of each operation that names partition keys."""
    update = {"UpdateExpression": "ADD n :one", "ExpressionAttributeValues": ONE}
    check = {"TableName": "things", "Key": key(kind), "ConditionExpression": "attribute_not_exists(nothing)"}
    keys = {"Keys": [key("token"), key(kind, 2)]}
    return {
        "get_item": {"TableName": "things", "Key": key(kind)},
        "put_item": {"TableName": "things", "Item": key(kind)},
        "update_item": {"TableName": "things", "Key": key(kind), **update},
        "delete_item": {"TableName": "things", "Key": key(kind)},
        "query": query("kind = :k AND id BETWEEN :a AND :b", k=kind, a="0", b="9"),
        "batch_get_item": {"RequestItems": {"things": keys}},
        "batch_write_item": {"RequestItems": {"things": [{"DeleteRequest": {"Key": key(kind)}}]}},
        "transact_get_items": {"TransactItems": [{"Get": {"TableName": "things", "Key": key(kind)}}]},
        "transact_write_items": {"TransactItems": [put("token"), {"ConditionCheck": {**check, "Key": key(kind, 2)}}]},
    }


@pytest.mark.parametrize("operation", requests(""))
def test_a_role_for_one_partition_key_reaches_no_other(aws: AwsServer, table: Any, operation: str) -> None:
    dynamodb = client(aws, "dynamodb", assume(aws, allow("dynamodb:*", Condition=TOKENS)))
    assert getattr(dynamodb, operation)(**requests("token")[operation])["ResponseMetadata"]["HTTPStatusCode"] == 200
    denied = refusal(getattr(dynamodb, operation), **requests("claim")[operation])
    assert denied["Code"] == "AccessDeniedException"


def test_a_querys_placeholders_are_resolved(aws: AwsServer, table: Any) -> None:
    dynamodb = client(aws, "dynamodb", assume(aws, allow("dynamodb:Query", Condition=TOKENS)))
    names = {"ExpressionAttributeNames": {"#k": "kind", "#i": "id"}}
    assert dynamodb.query(**query("begins_with(#i, :i) and (#k = :k)", k="token", i="1"), **names)["Count"] == 0
    denied = refusal(dynamodb.query, **query("#i = :k AND #k = :i", k="token", i="claim"), **names)
    assert denied["Code"] == "AccessDeniedException"


def test_an_index_has_a_partition_key_of_its_own(aws: AwsServer, table: Any) -> None:
    index = "arn:aws:dynamodb:*:*:table/things/index/owners"
    dynamodb = client(aws, "dynamodb", assume(aws, allow("dynamodb:Query", index, Condition=TOKENS)))
    assert dynamodb.query(**query("owner = :o", o="token"), IndexName="owners")["Count"] == 0
    denied = refusal(dynamodb.query, **query("owner = :o", o="me"), IndexName="owners")
    assert denied["Code"] == "AccessDeniedException"
    assert refusal(dynamodb.query, **query("kind = :o", o="token"))["Code"] == "AccessDeniedException"


def test_a_scan_names_no_key_and_fails_only_where_one_is_demanded(aws: AwsServer, table: Any) -> None:
    lenient = client(aws, "dynamodb", assume(aws, allow("dynamodb:Scan", Condition=TOKENS), name="lenient"))
    assert lenient.scan(TableName="things")["Count"] == 0  # ForAllValues holds where there is nothing to look at
    demanding = allow("dynamodb:Scan", Condition={**TOKENS, "Null": {"dynamodb:LeadingKeys": "false"}})
    strict = client(aws, "dynamodb", assume(aws, demanding, name="strict"))
    assert refusal(strict.scan, TableName="things")["Code"] == "AccessDeniedException"


@pytest.mark.parametrize(
    ("permission", "operand"),
    [
        ("PutItem", put("a")),
        ("UpdateItem", add_one("a")),
        ("DeleteItem", {"Delete": {"TableName": "things", "Key": key("a")}}),
        (
            "ConditionCheckItem",
            {
                "ConditionCheck": {
                    "TableName": "things",
                    "Key": key("a"),
                    "ConditionExpression": "attribute_not_exists(kind)",
                }
            },
        ),
    ],
)
def test_a_transaction_needs_the_permission_of_each_of_its_parts(
    aws: AwsServer, table: Any, permission: str, operand: Json
) -> None:
    able = client(aws, "dynamodb", assume(aws, allow(f"dynamodb:{permission}"), name="able"))
    able.transact_write_items(TransactItems=[operand])
    others = {"PutItem", "UpdateItem", "DeleteItem", "ConditionCheckItem", "TransactWriteItems"} - {permission}
    unable = client(aws, "dynamodb", assume(aws, allow([f"dynamodb:{each}" for each in others]), name="unable"))
    assert f"dynamodb:{permission}" in refusal(unable.transact_write_items, TransactItems=[operand])["Message"]


def test_a_policy_may_allow_transactions_only(aws: AwsServer, table: Any) -> None:
    inside = {"ForAnyValue:StringEquals": {"dynamodb:EnclosingOperation": ["TransactWriteItems"]}}
    dynamodb = client(aws, "dynamodb", assume(aws, allow("dynamodb:PutItem", Condition=inside)))
    dynamodb.transact_write_items(TransactItems=[put("a")])
    assert refusal(dynamodb.put_item, TableName="things", Item=key("a"))["Code"] == "AccessDeniedException"


def cancelled(call: Callable[..., Any], *items: Json) -> Any:
    with pytest.raises(ClientError) as failure:
        call(TransactItems=list(items))
    assert failure.value.response["Error"]["Code"] == "TransactionCanceledException"
    response: Any = failure.value.response
    return response["CancellationReasons"]


def test_of_a_cancelled_transaction_nothing_is_applied_and_each_reason_told(table: Any) -> None:
    table.put_item(TableName="things", Item={**key("old"), "n": {"N": "1"}})
    only_new = {"ConditionExpression": "attribute_not_exists(kind)", "ReturnValuesOnConditionCheckFailure": "ALL_OLD"}
    old, new = put("old"), put("new")
    old["Put"] |= only_new
    reasons = cancelled(table.transact_write_items, add_one("counter"), old, new)
    assert [reason["Code"] for reason in reasons] == ["None", "ConditionalCheckFailed", "None"]
    assert reasons[1]["Item"] == {**key("old"), "n": {"N": "1"}}
    assert item(table, "counter") is None
    assert item(table, "new") is None
    assert item(table, "old") == {**key("old"), "n": {"N": "1"}}


def test_a_transaction_may_touch_an_item_once_only(table: Any) -> None:
    assert refusal(table.transact_write_items, TransactItems=[put("a"), add_one("a")])["Code"] == "ValidationException"


def test_a_repeated_transaction_is_applied_once(table: Any) -> None:
    for _ in range(2):
        table.transact_write_items(TransactItems=[add_one("a")], ClientRequestToken="same")
    assert item(table, "a")["n"] == {"N": "1"}
    other = refusal(table.transact_write_items, TransactItems=[add_one("b")], ClientRequestToken="same")
    assert other["Code"] == "IdempotentParameterMismatchException"
    table.transact_write_items(TransactItems=[add_one("a")], ClientRequestToken="another")
    assert item(table, "a")["n"] == {"N": "2"}


def test_a_cancelled_transaction_may_be_repeated(table: Any) -> None:
    there = add_one("a", ConditionExpression="attribute_exists(kind)")
    for _ in range(2):
        assert refusal(table.transact_write_items, TransactItems=[there], ClientRequestToken="same")["Code"] == (
            "TransactionCanceledException"
        )
    table.put_item(TableName="things", Item=key("a"))
    table.transact_write_items(TransactItems=[there], ClientRequestToken="same")
    assert item(table, "a")["n"] == {"N": "1"}


def test_a_transaction_costs_the_same_in_a_full_table(table: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(20):
        table.put_item(TableName="things", Item=key("many", number))
    copied, deep = [], copy.deepcopy

    def noted(value: Any, *rest: Any) -> Any:
        copied.append(value)
        return deep(value, *rest)

    monkeypatch.setattr(copy, "deepcopy", noted)
    table.transact_write_items(TransactItems=[add_one("many")])
    assert not [value for value in copied if type(value).__name__ == "Table"]


CLAIM: Json = {
    "TableName": "things",
    "Key": key("name"),
    "UpdateExpression": "SET claim = :mine, seen.#at.#where = :mine REMOVE gone ADD n :one",
    "ConditionExpression": "attribute_not_exists(#private) AND (attribute_not_exists(claim) OR claim = :seen)",
    "ExpressionAttributeNames": {"#private": "private", "#at": "at", "#where": "where"},
    "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
    "ReturnValues": "ALL_NEW",
}


def claim(table: Any, holder: str, seen: str) -> Any:
    values = {f":{name}": {"M": {"holder": {"S": who}}} for name, who in (("mine", holder), ("seen", seen))}
    return table.update_item(**CLAIM, ExpressionAttributeValues={**values, **ONE})


def test_an_update_sets_removes_and_adds_on_a_condition_on_maps(table: Any) -> None:
    table.put_item(TableName="things", Item={**key("name"), "gone": {"S": "x"}, "seen": {"M": {"at": {"M": {}}}}})
    first = claim(table, "one", "nobody")["Attributes"]
    holder = {"M": {"holder": {"S": "one"}}}
    assert first["claim"] == first["seen"]["M"]["at"]["M"]["where"] == holder
    assert first["n"] == {"N": "1"}
    assert "gone" not in first
    with pytest.raises(ClientError) as failure:
        claim(table, "two", "nobody")
    response: Any = failure.value.response
    assert response["Error"]["Code"] == "ConditionalCheckFailedException"
    assert response["Item"]["claim"] == holder
    assert claim(table, "two", "one")["Attributes"]["n"] == {"N": "2"}
    table.update_item(
        TableName="things",
        Key=key("name"),
        UpdateExpression="SET #p = :one",
        ExpressionAttributeNames={"#p": "private"},
        ExpressionAttributeValues=ONE,
    )
    with pytest.raises(ClientError, match="conditional request failed"):
        claim(table, "three", "two")
