"""The inventory in DynamoDB: everything comes back as it was written, and nobody's write is lost."""

import time
from dataclasses import replace
from functools import partial
from typing import Any

import pytest
from botocore.exceptions import ClientError

from chalicelib.aws import said_not_now
from chalicelib.errors import BadSettings, TryAgain
from chalicelib.inventory import items
from chalicelib.inventory.aws import Inventory
from chalicelib.inventory.changes import DeleteName, LeaveClaim, MarkComplete, SetHolders
from chalicelib.inventory.model import Claim, Held, Name, View
from chalicelib.inventory.plan import plan
from localcloud.server.aws import AwsServer

NOW = 1_800_000_000.0
WEB = Held("i-1", ("10.0.0.1", "2001:db8::1"))
CLAIM = Claim("token", "host-1", {View.PRIVATE: "10.9.9.9"}, 300, NOW + 300)


@pytest.fixture
def inventory(aws: AwsServer, table: str) -> Inventory:
    return Inventory(aws.client("dynamodb"), table, 0, lambda: NOW)


def item(aws: AwsServer, table: str, label: str) -> dict[str, object]:
    found = aws.client("dynamodb").get_item(TableName=table, Key=items.key(label), ConsistentRead=True)
    return dict(found.get("Item", {}))


def hold(label: str, view: View = View.PRIVATE, held: Held = WEB) -> SetHolders:
    return SetHolders(label, {view: held}, (), "a test")


def hold_both(label: str, public: Held = WEB) -> SetHolders:
    return SetHolders(label, {View.PRIVATE: WEB, View.PUBLIC: public}, (), "a test")


def clear(label: str, *views: View) -> SetHolders:
    return SetHolders(label, {}, views, "a test")


def delete(label: str, *views: View) -> DeleteName:
    return DeleteName(label, views, "a test")


def test_an_empty_table_holds_nothing_and_was_never_swept(inventory: Inventory):
    assert inventory.everything() == inventory.some(["web"])
    assert (inventory.header().revision, inventory.header().domains) == (0, {})


def test_names_come_back_as_they_were_written(inventory: Inventory):
    inventory.write([hold_both("web", Held("i-2", ("203.0.113.9",))), hold("db")])
    inventory.write([MarkComplete(View.PRIVATE, "fleet.example", "a test")])
    known = inventory.everything()
    assert set(known.names) == {"web", "db"}
    assert known.names["web"].held == {View.PRIVATE: WEB, View.PUBLIC: Held("i-2", ("203.0.113.9",))}
    assert known.header.domains == {View.PRIVATE: "fleet.example"}
    assert inventory.some(["web", "nobody"]).names == {"web": known.names["web"]}


def test_each_write_counts_the_revision_up(inventory: Inventory):
    inventory.write([hold("web")])
    first = inventory.header().revision
    inventory.put_claim(Name("db"), CLAIM)
    assert inventory.header().revision == first + 1


def test_an_item_that_somebody_damaged_takes_nothing_from_the_others(inventory: Inventory, aws: AwsServer, table: str):
    inventory.write([hold("web")])
    damaged = {**items.key("broken"), "claim": {"M": {"token": {"S": "x"}}}}
    aws.client("dynamodb").put_item(TableName=table, Item=damaged)
    known = inventory.everything()
    assert (set(known.names), known.unreadable) == ({"web"}, ("broken",))


def test_an_item_that_two_zones_left_at_once_is_taken_away_by_the_next_sweep(
    inventory: Inventory, aws: AwsServer, table: str
):
    inventory.write([hold_both("web")])
    inventory.write([clear("web", View.PRIVATE)])
    inventory.write([clear("web", View.PUBLIC)])
    known = inventory.everything()
    inventory.write(plan(known, {}, ["web"], list(View), None))
    assert item(aws, table, "web") == {}


def test_many_names_are_written_and_read_over_several_pages(inventory: Inventory, aws: AwsServer):
    before = aws.calls.count("dynamodb:TransactWriteItems")
    inventory.write([hold(f"n{i}") for i in range(250)])
    assert aws.calls.count("dynamodb:TransactWriteItems") - before == 3
    assert len(inventory.everything().names) == 250
    assert len(inventory.some([f"n{i}" for i in range(250)]).names) == 250


def test_a_name_that_nobody_holds_leaves_nothing_behind(inventory: Inventory, aws: AwsServer, table: str):
    inventory.write([hold_both("web")])
    inventory.write([clear("web", View.PRIVATE)])
    assert inventory.some(["web"]).names["web"].held == {View.PUBLIC: WEB}
    inventory.write([delete("web", View.PUBLIC)])
    assert item(aws, table, "web") == {}


def test_a_claim_outlives_the_instance_that_held_its_name_and_is_forgotten_in_time(
    inventory: Inventory, aws: AwsServer, table: str
):
    inventory.put_claim(Name("web"), CLAIM)
    inventory.write([hold("web")])
    assert "forget_at" not in item(aws, table, "web")
    inventory.write([LeaveClaim("web", (View.PRIVATE,), "a test")])
    assert inventory.some(["web"]).names["web"] == Name("web", {}, CLAIM)
    assert int(item(aws, table, "web")["forget_at"]["N"]) > CLAIM.until  # type: ignore[index]


def test_a_name_is_not_deleted_if_somebody_took_it_meanwhile(inventory: Inventory):
    inventory.write([hold("web")])
    inventory.write([hold("web", View.PUBLIC)])
    with pytest.raises(TryAgain, match="meanwhile"):
        inventory.write([delete("web", View.PRIVATE)])
    assert inventory.some(["web"]).names["web"].held == {View.PRIVATE: WEB, View.PUBLIC: WEB}


@pytest.mark.parametrize("act", ["put", "renew", "drop"])
@pytest.mark.parametrize("meanwhile", ["an instance came", "the claim was renewed", "another claimed it"])
def test_a_claim_is_changed_only_as_it_was_seen(inventory: Inventory, act: str, meanwhile: str):
    inventory.put_claim(Name("web"), CLAIM)
    seen = inventory.some(["web"]).names["web"]
    match meanwhile:
        case "an instance came":
            inventory.write([hold("web")])
        case "the claim was renewed":
            assert inventory.renew_claim(seen, NOW + 400)
        case _:
            assert inventory.put_claim(seen, replace(CLAIM, token="other"))
    before = inventory.everything()
    tries = {
        "put": lambda: inventory.put_claim(seen, replace(CLAIM, holder="mine")),
        "renew": lambda: inventory.renew_claim(seen, NOW + 500),
        "drop": lambda: inventory.drop_claim(seen),
    }
    assert tries[act]() is False
    assert inventory.everything() == before


def test_of_two_first_claims_one_is_put(inventory: Inventory):
    assert inventory.put_claim(Name("web"), CLAIM)
    assert not inventory.put_claim(Name("web"), replace(CLAIM, token="other"))


def test_a_renewal_prolongs_the_lease_and_is_no_news(inventory: Inventory, aws: AwsServer, table: str):
    inventory.put_claim(Name("web"), CLAIM)
    seen, revision = inventory.some(["web"]).names["web"], inventory.header().revision
    assert inventory.renew_claim(seen, NOW + 600)
    assert inventory.some(["web"]).names["web"].claim == replace(CLAIM, until=NOW + 600)
    assert inventory.header().revision == revision
    assert int(item(aws, table, "web")["forget_at"]["N"]) > NOW + 600  # type: ignore[index]


def test_the_names_with_a_claim_are_found_without_reading_the_others(inventory: Inventory, aws: AwsServer):
    inventory.write([hold(f"n{i}") for i in range(20)])
    inventory.put_claim(Name("web"), CLAIM)
    inventory.put_claim(Name("db"), CLAIM)
    inventory.drop_claim(inventory.some(["db"]).names["db"])
    inventory.write([hold("web")])
    assert inventory.claimed().names == {"web": Name("web", {View.PRIVATE: WEB}, CLAIM)}


def test_a_dropped_claim_leaves_nothing_behind(inventory: Inventory, aws: AwsServer, table: str):
    inventory.put_claim(Name("web"), CLAIM)
    assert inventory.drop_claim(inventory.some(["web"]).names["web"])
    assert item(aws, table, "web") == {}


def test_an_end_between_two_milliseconds_is_recognised_again(inventory: Inventory):
    """A lease ends at time.time() + seconds; what is written and what is compared must be the same number."""
    inventory.put_claim(Name("web"), replace(CLAIM, until=time.time() + 0.123456789))
    assert inventory.renew_claim(inventory.some(["web"]).names["web"], NOW + 900)


def test_writing_stops_when_the_turn_is_over(inventory: Inventory):
    def over() -> None:
        raise TryAgain("the time of this run is over")

    with pytest.raises(TryAgain, match="over"):
        inventory.write([hold("web")], over)
    assert inventory.everything().names == {}


CANCELLED = {"CancellationReasons": [{"Code": "None"}, {"Code": "TransactionConflict"}]}


class Busy:
    """A client whose first calls of one operation meet others', as DynamoDB's do and moto's never."""

    def __init__(self, client: Any, operation: str, times: int, answer: dict[str, Any] | None = None) -> None:
        self._client, self._operation, self._left, self._answer = client, operation, times, answer
        self.exceptions = client.exceptions

    def __getattr__(self, name: str) -> Any:
        if name != self._operation or not self._left:
            return getattr(self._client, name)
        self._left -= 1
        if self._answer is not None:
            return lambda **_: self._answer
        error = {"Error": {"Code": "TransactionCanceledException", "Message": "cancelled"}, **CANCELLED}
        return partial(self._fail, self.exceptions.TransactionCanceledException(error, "TransactWriteItems"))

    @staticmethod
    def _fail(error: Exception, **_: Any) -> None:
        raise error


def test_a_write_that_meets_anothers_is_tried_again(aws: AwsServer, table: str):
    """https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis.html, on conflicts."""
    pauses: list[float] = []
    busy = Busy(aws.client("dynamodb"), "transact_write_items", 3)
    inventory = Inventory(busy, table, 5, sleep=pauses.append)  # type: ignore[arg-type]
    assert inventory.put_claim(Name("web"), CLAIM)
    assert inventory.some(["web"]).names["web"].claim == CLAIM
    assert len(pauses) == 3


def test_a_write_that_meets_others_all_the_time_is_for_later(aws: AwsServer, table: str):
    clock = iter(range(1000))
    busy = Busy(aws.client("dynamodb"), "transact_write_items", 10**6)
    inventory = Inventory(busy, table, 5, lambda: next(clock), lambda _: None)  # type: ignore[arg-type]
    with pytest.raises(TryAgain, match="others are writing"):
        inventory.write([hold("web")])


def test_keys_that_were_left_unread_are_asked_for_again(aws: AwsServer, table: str):
    """https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchGetItem.html, UnprocessedKeys."""
    unread = {table: {"Keys": [items.key("web")], "ConsistentRead": True}}
    busy = Busy(aws.client("dynamodb"), "batch_get_item", 1, {"Responses": {}, "UnprocessedKeys": unread})
    pauses: list[float] = []
    inventory = Inventory(busy, table, 5, sleep=pauses.append)  # type: ignore[arg-type]
    Inventory(aws.client("dynamodb"), table, 0).write([hold("web")])
    assert set(inventory.some(["web"]).names) == {"web"}
    assert len(pauses) == 1


@pytest.mark.parametrize(
    "code", ["ProvisionedThroughputExceededException", "RequestLimitExceeded", "ThrottlingException"]
)
def test_a_throttled_table_is_for_later(aws: AwsServer, table: str, code: str):
    error = ClientError({"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": 400}}, "Query")  # type: ignore[typeddict-item]
    with pytest.raises(TryAgain, match=code), said_not_now("DynamoDB"):
        raise error


def test_a_table_that_is_not_there_is_named(aws: AwsServer):
    with pytest.raises(BadSettings, match="table nowhere cannot be used"):
        Inventory(aws.client("dynamodb"), "nowhere", 0).header()
