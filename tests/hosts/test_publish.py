"""Documents are published once for each change, whole, and in time when a lease ends."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from types import SimpleNamespace

import pytest

from chalicelib.hosts.job import Published, publish
from chalicelib.hosts.model import PublicationState
from chalicelib.inventory.model import View
from tests.hosts.fakes import NOW, FakePublisher, claimed, held

FIRST = int(NOW)


def generations(outcome: Published) -> dict[str, int]:
    return {each.content.view.value: each.version.generation for each in outcome.done}


def test_the_first_look_publishes_every_view():
    fake = FakePublisher()
    fake.inventory.put(held("web"))
    assert generations(publish(fake.publisher(), lambda: NOW)) == {"private": FIRST, "public": FIRST}
    assert "10.0.0.1\tweb.fleet.example\n" in fake.text(View.PRIVATE)
    assert "web" not in fake.text(View.PUBLIC)


def test_nothing_is_done_twice_and_the_second_look_reads_no_names():
    fake = FakePublisher()
    publish(fake.publisher(), lambda: NOW)
    reads = fake.inventory.reads
    assert publish(fake.publisher(), lambda: NOW) == Published()
    assert (fake.inventory.reads, fake.turns) == (reads, 1)


def test_only_the_view_that_changed_is_published_anew():
    fake = FakePublisher()
    publish(fake.publisher(), lambda: NOW)
    fake.inventory.put(held("web"))
    assert generations(publish(fake.publisher(), lambda: NOW)) == {"private": FIRST + 1}


def test_a_change_that_no_document_shows_publishes_nothing():
    fake = FakePublisher()
    publish(fake.publisher(), lambda: NOW)
    fake.inventory.put(claimed("api", left=-1))
    assert generations(publish(fake.publisher(), lambda: NOW)) == {}
    assert fake.inventory.reads == 2
    publish(fake.publisher(), lambda: NOW)
    assert fake.inventory.reads == 2


def test_a_view_that_was_never_swept_is_not_published():
    fake = FakePublisher()
    fake.inventory.domains = {View.PUBLIC: "fleet.example"}
    outcome = publish(fake.publisher(), lambda: NOW)
    assert generations(outcome) == {"public": FIRST}
    assert outcome.unswept == [View.PRIVATE]


def test_a_name_goes_when_its_lease_ends_and_not_before():
    fake = FakePublisher()
    fake.inventory.put(claimed("api", left=30), claimed("db", left=90))
    publish(fake.publisher(), lambda: NOW)
    assert fake.scheduled == [NOW + 30]
    assert generations(publish(fake.publisher(), lambda: NOW + 29.9)) == {}
    assert generations(publish(fake.publisher(), lambda: NOW + 30)) == {"private": FIRST + 30}
    assert "api" not in fake.text(View.PRIVATE)
    assert "db" in fake.text(View.PRIVATE)
    assert fake.scheduled == [NOW + 30, NOW + 90]


def test_a_renewed_lease_is_looked_at_when_the_old_one_would_have_ended_and_stays():
    fake = FakePublisher()
    fake.inventory.put(claimed("api", left=30))
    publish(fake.publisher(), lambda: NOW)
    fake.inventory.names["api"] = claimed("api", left=60)
    assert generations(publish(fake.publisher(), lambda: NOW + 30)) == {}
    assert fake.scheduled == [NOW + 30, NOW + 60]


def test_another_port_for_prometheus_is_published():
    fake = FakePublisher()
    fake.inventory.put(held("web"))
    publish(fake.publisher(), lambda: NOW)
    assert generations(publish(fake.publisher(port=9200), lambda: NOW)) == {"private": FIRST + 1}
    assert "10.0.0.1:9200" in fake.text(View.PRIVATE, "prometheus")


@pytest.mark.parametrize("after", [0, 1])
def test_a_run_that_is_killed_is_made_up_for_by_the_next(after: int):
    fake = FakePublisher(breaks_after=after)
    fake.inventory.put(held("web"))
    with pytest.raises(RuntimeError):
        publish(fake.publisher(), lambda: NOW)
    fake.breaks_after = 10**6
    assert generations(publish(fake.publisher(), lambda: NOW)) == {"private": FIRST + 1, "public": FIRST + 1}


def test_a_generation_never_comes_twice_with_other_names():
    fake = FakePublisher()
    seen: dict[tuple[str, int], str] = {}
    for n in range(5):
        fake.inventory.put(held("web", f"10.0.0.{n + 1}"))
        publish(fake.publisher(), lambda: NOW)
        for each in fake.stored:
            text = each.documents[0].text
            assert seen.setdefault((each.content.view.value, each.version.generation), text) == text


def test_the_reason_says_how_many_entries_there_are():
    fake = FakePublisher()
    fake.inventory.put(held("web"))
    (version,) = [each for each in publish(fake.publisher(), lambda: NOW).done if each.content.view is View.PRIVATE]
    assert version.because == "the private view, with 1 entries, is new"


def test_a_run_that_died_while_it_put_is_made_up_for_even_where_all_is_as_it_was_before():
    fake = FakePublisher()
    publish(fake.publisher(), lambda: NOW)
    fake.inventory.put(claimed("evil"))
    fake.breaks_after, fake.breaks_late = len(fake.stored), True
    with pytest.raises(RuntimeError):
        publish(fake.publisher(), lambda: NOW)
    assert "evil" in fake.text(View.PRIVATE)
    fake.breaks_after = 10**6
    del fake.inventory.names["evil"]
    publish(fake.publisher(), lambda: NOW)
    assert "evil" not in fake.text(View.PRIVATE)


def test_what_cannot_be_read_is_told_and_the_rest_is_published():
    fake = FakePublisher()
    fake.inventory.put(held("web"))
    fake.inventory.unreadable = ("broken",)
    outcome = publish(fake.publisher(), lambda: NOW)
    assert outcome.left_out == ["the item 'broken' of the table cannot be read"]
    assert "web" in fake.text(View.PRIVATE)


def test_a_run_that_had_to_wait_publishes_what_is_true_then():
    fake = FakePublisher()
    fake.inventory.put(claimed("api", left=30))
    times = iter([NOW, NOW + 60, NOW + 60])
    publish(fake.publisher(), lambda: next(times))
    assert "api" not in fake.text(View.PRIVATE)


def test_a_run_that_had_to_wait_for_another_that_did_it_all_does_nothing():
    fake = FakePublisher()

    @contextmanager
    def after_another() -> Iterator[FakePublisher]:
        publish(fake.publisher(), lambda: NOW)
        yield fake

    late = replace(fake.publisher(), states=SimpleNamespace(read=fake.read, write=fake.write, turn=after_another))
    assert publish(late, lambda: NOW) == Published()
    assert len(fake.stored) == 2


def test_generations_grow_even_where_it_was_forgotten_what_was_published_last():
    fake = FakePublisher()
    for n in range(3):
        fake.inventory.put(held("web", f"10.0.0.{n + 1}"))
        publish(fake.publisher(), lambda: NOW)
    before = fake.state.versions[View.PRIVATE].generation
    fake.state = PublicationState()
    publish(fake.publisher(), lambda: NOW + 60)
    assert fake.state.versions[View.PRIVATE].generation > before
