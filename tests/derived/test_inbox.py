"""A batch of messages: each source is put right once, and only what failed comes back."""

import json
from collections.abc import Mapping

from hypothesis import given
from hypothesis import strategies as st

from chalicelib.derived import inbox
from chalicelib.derived.inbox import Handled
from chalicelib.derived.job import Outcome, Task
from chalicelib.errors import TryAgain
from tests.derived.fakes import DEFINITIONS, LARGE, ORIGIN, POSTER, THUMB


class Worker:
    """Notes its tasks, and fails at those of some sources."""

    def __init__(self, *failing: str, error: type[Exception] = TryAgain) -> None:
        self.tasks: list[Task] = []
        self._failing, self._error = failing, error

    def __call__(self, task: Task) -> Outcome:
        self.tasks.append(task)
        if task.source_key in self._failing:
            raise self._error(task.source_key)
        return Outcome(task, None, [])


def handle(messages: Mapping[str, str], worker: Worker) -> Handled:
    return inbox.handle(messages, ORIGIN, DEFINITIONS, worker)


def asks(key: str, *names: str) -> str:
    return json.dumps({"key": key, **({"transformations": names} if names else {})})


def happened(*keys: str, event: str = "ObjectCreated:Put", bucket: str = "photos") -> str:
    records = [{"eventName": event, "s3": {"bucket": {"name": bucket}, "object": {"key": key}}} for key in keys]
    return json.dumps({"Records": records})


def test_messages_about_one_source_become_one_task():
    worker = Worker()
    lost = happened("derived/cat/thumb.jpg", event="ReducedRedundancyLostObject", bucket="photos-derived")
    batch = {"m1": asks("cat", "thumb"), "m2": asks("dog", "thumb"), "m3": asks("cat", "large", "thumb"), "m4": lost}
    handled = handle(batch, worker)
    assert worker.tasks == [Task("cat", (THUMB, LARGE)), Task("dog", (THUMB,))]
    assert (len(handled.outcomes), handled.failed) == (2, {})


def test_a_source_that_changed_often_is_looked_at_once():
    worker = Worker()
    handle({f"m{n}": happened("cat", event=event) for n, event in enumerate(["ObjectCreated:Put"] * 3)}, worker)
    handle({"m": happened("dog", "dog"), "n": happened("dog", event="ObjectRemoved:Delete")}, worker)
    assert worker.tasks == [Task(key, (THUMB, POSTER), whole_family=True) for key in ("cat", "dog")]


def test_what_somebody_named_is_not_lost_in_what_a_rule_wants():
    """What is named must be made or entombed; what a rule wants need not fit: so these are two tasks."""
    worker = Worker()
    handle({"m1": happened("cat"), "m2": asks("cat", "poster")}, worker)
    assert worker.tasks == [Task("cat", (THUMB, POSTER), whole_family=True), Task("cat", (POSTER,))]


def test_a_failure_spoils_none_of_the_others_and_all_who_asked_for_it_ask_again():
    for error in (TryAgain, ValueError, RecursionError):
        worker = Worker("cat", error=error)
        batch = {"m1": asks("cat", "thumb"), "bad": "{", "m2": asks("dog"), "m3": asks("cat", "large")}
        handled = handle(batch, worker)
        failures = {each["itemIdentifier"] for each in handled.answer()["batchItemFailures"]}
        assert failures == {"m1", "bad", "m3"}
        assert [outcome.task.source_key for outcome in handled.outcomes] == ["dog"]


def test_a_message_of_several_records_fails_once_where_one_of_them_does():
    worker = Worker("cat", "dog")
    handled = handle({"m1": happened("cat", "dog", "cow")}, worker)
    assert handled.answer() == {"batchItemFailures": [{"itemIdentifier": "m1"}]}
    assert [outcome.task.source_key for outcome in handled.outcomes] == ["cow"]


def test_what_is_none_of_our_business_is_reported_and_does_not_come_back():
    worker = Worker()
    handled = handle({"m1": happened("cat", bucket="else"), "m2": json.dumps({"Event": "s3:TestEvent"})}, worker)
    assert [notice.subject for notice in handled.ignored] == ["s3://else/cat"]
    assert (worker.tasks, handled.answer()) == ([], {"batchItemFailures": []})


BODIES = st.one_of(
    st.text(),
    st.sampled_from([asks("cat"), asks("dog", "thumb"), happened("cow"), happened("pig", bucket="else")]),
    st.recursive(st.none() | st.text() | st.floats(), lambda inner: st.dictionaries(st.text(), inner)).map(json.dumps),
)


@given(st.dictionaries(st.text(), BODIES), st.sets(st.sampled_from(["cat", "dog", "cow"])))
def test_each_message_is_done_or_comes_back(batch: dict[str, str], failing: set[str]):
    worker = Worker(*failing)
    handled = handle(batch, worker)
    readable = {"cat", "dog", "cow"}
    assert {outcome.task.source_key for outcome in handled.outcomes} <= readable - failing
    assert set(handled.failed) <= set(batch)
    for message, body in batch.items():
        if message not in handled.failed and body.startswith('{"key"'):
            assert json.loads(body)["key"] in {outcome.task.source_key for outcome in handled.outcomes}
