"""What publishing keeps in DynamoDB comes back as it was written, and its queue wakes it in time."""

import uuid
from dataclasses import replace
from typing import Any

import pytest

from chalicelib.errors import TryAgain
from chalicelib.hosts.aws.dynamodb import StateStore
from chalicelib.hosts.aws.sqs import LONGEST_DELAY, DocumentQueue
from chalicelib.hosts.job import publish
from chalicelib.hosts.model import PublicationState, Version
from chalicelib.inventory.model import View
from chalicelib.lease.aws import unshared
from localcloud.server.aws import AwsServer
from tests.hosts.fakes import NOW, FakePublisher, claimed, held

STATE = PublicationState(7, "layout 1, port 9100", NOW + 30, {View.PRIVATE: Version(12, "ab"), View.PUBLIC: Version(3)})


@pytest.fixture
def states(aws: AwsServer, table: str) -> StateStore:
    return StateStore(aws.client("dynamodb"), table, unshared)


def test_nothing_published_yet_is_an_empty_state(states: StateStore):
    assert states.read() == PublicationState()


@pytest.mark.parametrize(
    "state",
    [
        STATE,
        replace(STATE, until=float("inf")),
        replace(STATE, in_progress=True),
        replace(STATE, versions={View.PUBLIC: Version(1, "cd")}),
    ],
    ids=["a lease ends", "no lease ends", "in progress", "one view"],
)
def test_a_state_comes_back_as_it_was_written(states: StateStore, state: PublicationState):
    states.write(replace(STATE, revision=1))
    states.write(state)
    assert states.read() == state


@pytest.fixture
def queue_url(aws: AwsServer) -> str:
    return str(aws.client("sqs").create_queue(QueueName=f"documents-{uuid.uuid4().hex}")["QueueUrl"])


def delays(aws: AwsServer, url: str) -> dict[str, str]:
    names: Any = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesDelayed"]
    found = aws.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
    return {"now": found[names[0]], "later": found[names[1]]}


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        (NOW + 30, {"now": "0", "later": "1"}),
        (NOW + LONGEST_DELAY, {"now": "0", "later": "1"}),
        (NOW + LONGEST_DELAY + 1, {"now": "0", "later": "0"}),
        (NOW - 5, {"now": "1", "later": "0"}),
        (float("inf"), {"now": "0", "later": "0"}),
    ],
    ids=["soon", "as late as SQS can", "later", "already", "never"],
)
def test_a_run_is_asked_for_when_the_lease_ends_if_that_is_soon(aws: AwsServer, queue_url: str, moment, expected):
    DocumentQueue(aws.client("sqs"), queue_url).schedule_at(moment, NOW)
    assert delays(aws, queue_url) == expected


def test_a_change_is_announced_at_once(aws: AwsServer, queue_url: str):
    DocumentQueue(aws.client("sqs"), queue_url).announce()
    assert delays(aws, queue_url) == {"now": "1", "later": "0"}


@pytest.mark.parametrize("writes", [0, 1, 2])
def test_publishing_stops_when_its_turn_is_over_and_the_next_run_makes_up_for_it(writes: int):
    fake = FakePublisher(writes_left=writes)
    fake.inventory.put(held("web"), claimed("api"))
    with pytest.raises(TryAgain, match="over"):
        publish(fake.publisher(), lambda: NOW)
    assert len(fake.stored) == writes
    fake.writes_left = 10**6
    assert len(publish(fake.publisher(), lambda: NOW).done) == 2
    assert not fake.state.in_progress
