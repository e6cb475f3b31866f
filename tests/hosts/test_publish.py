"""Documents are published once for each change, whole, and in time when a lease ends."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from types import SimpleNamespace

import pytest

from chalicelib.hosts.job import Published, publish
from chalicelib.hosts.model import Journal
from chalicelib.inventory.model import View
from tests.hosts.fakes import NOW, FakePress, claimed, held

FIRST = int(NOW)


def generations(outcome: Published) -> dict[str, int]:
    return {each.sheet.view.value: each.edition.generation for each in outcome.done}


def test_the_first_look_publishes_every_view():
    fake = FakePress()
    fake.inventory.put(held("web"))
    assert generations(publish(fake.press(), lambda: NOW)) == {"private": FIRST, "public": FIRST}
    assert "10.0.0.1\tweb.fleet.example\n" in fake.text(View.PRIVATE)
    assert "web" not in fake.text(View.PUBLIC)


def test_nothing_is_done_twice_and_the_second_look_reads_no_names():
    fake = FakePress()
    publish(fake.press(), lambda: NOW)
    reads = fake.inventory.reads
    assert publish(fake.press(), lambda: NOW) == Published()
    assert (fake.inventory.reads, fake.turns) == (reads, 1)


def test_only_the_view_that_changed_is_published_anew():
    fake = FakePress()
    publish(fake.press(), lambda: NOW)
    fake.inventory.put(held("web"))
    assert generations(publish(fake.press(), lambda: NOW)) == {"private": FIRST + 1}


def test_a_change_that_no_document_shows_publishes_nothing():
    fake = FakePress()
    publish(fake.press(), lambda: NOW)
    fake.inventory.put(claimed("api", left=-1))
    assert generations(publish(fake.press(), lambda: NOW)) == {}
    assert fake.inventory.reads == 2
    publish(fake.press(), lambda: NOW)
    assert fake.inventory.reads == 2


def test_a_view_that_was_never_swept_is_not_published():
    fake = FakePress()
    fake.inventory.domains = {View.PUBLIC: "fleet.example"}
    outcome = publish(fake.press(), lambda: NOW)
    assert generations(outcome) == {"public": FIRST}
    assert outcome.unswept == [View.PRIVATE]


def test_a_name_goes_when_its_lease_ends_and_not_before():
    fake = FakePress()
    fake.inventory.put(claimed("api", left=30), claimed("db", left=90))
    publish(fake.press(), lambda: NOW)
    assert fake.alarms == [NOW + 30]
    assert generations(publish(fake.press(), lambda: NOW + 29.9)) == {}
    assert generations(publish(fake.press(), lambda: NOW + 30)) == {"private": FIRST + 30}
    assert "api" not in fake.text(View.PRIVATE)
    assert "db" in fake.text(View.PRIVATE)
    assert fake.alarms == [NOW + 30, NOW + 90]


def test_a_renewed_lease_is_looked_at_when_the_old_one_would_have_ended_and_stays():
    fake = FakePress()
    fake.inventory.put(claimed("api", left=30))
    publish(fake.press(), lambda: NOW)
    fake.inventory.names["api"] = claimed("api", left=60)
    assert generations(publish(fake.press(), lambda: NOW + 30)) == {}
    assert fake.alarms == [NOW + 30, NOW + 60]


def test_another_port_for_prometheus_is_published():
    fake = FakePress()
    fake.inventory.put(held("web"))
    publish(fake.press(), lambda: NOW)
    assert generations(publish(fake.press(port=9200), lambda: NOW)) == {"private": FIRST + 1}
    assert "10.0.0.1:9200" in fake.text(View.PRIVATE, "prometheus")


@pytest.mark.parametrize("after", [0, 1])
def test_a_run_that_is_killed_is_made_up_for_by_the_next(after: int):
    fake = FakePress(breaks_after=after)
    fake.inventory.put(held("web"))
    with pytest.raises(RuntimeError):
        publish(fake.press(), lambda: NOW)
    fake.breaks_after = 10**6
    assert generations(publish(fake.press(), lambda: NOW)) == {"private": FIRST + 1, "public": FIRST + 1}


def test_a_generation_never_comes_twice_with_other_names():
    fake = FakePress()
    seen: dict[tuple[str, int], str] = {}
    for n in range(5):
        fake.inventory.put(held("web", f"10.0.0.{n + 1}"))
        publish(fake.press(), lambda: NOW)
        for each in fake.shelved:
            text = each.documents[0].text
            assert seen.setdefault((each.sheet.view.value, each.edition.generation), text) == text


def test_the_reason_says_how_many_entries_there_are():
    fake = FakePress()
    fake.inventory.put(held("web"))
    (edition,) = [each for each in publish(fake.press(), lambda: NOW).done if each.sheet.view is View.PRIVATE]
    assert edition.because == "the private view, with 1 entries, was never published"


def test_a_run_that_died_while_it_put_is_made_up_for_even_where_all_is_as_it_was_before():
    fake = FakePress()
    publish(fake.press(), lambda: NOW)
    fake.inventory.put(claimed("evil"))
    fake.breaks_after, fake.breaks_late = len(fake.shelved), True
    with pytest.raises(RuntimeError):
        publish(fake.press(), lambda: NOW)
    assert "evil" in fake.text(View.PRIVATE)
    fake.breaks_after = 10**6
    del fake.inventory.names["evil"]
    publish(fake.press(), lambda: NOW)
    assert "evil" not in fake.text(View.PRIVATE)


def test_what_cannot_be_read_is_told_and_the_rest_is_published():
    fake = FakePress()
    fake.inventory.put(held("web"))
    fake.inventory.unreadable = ("broken",)
    outcome = publish(fake.press(), lambda: NOW)
    assert outcome.left_out == ["the item 'broken' of the table cannot be read"]
    assert "web" in fake.text(View.PRIVATE)


def test_a_run_that_had_to_wait_publishes_what_is_true_then():
    fake = FakePress()
    fake.inventory.put(claimed("api", left=30))
    times = iter([NOW, NOW + 60, NOW + 60])
    publish(fake.press(), lambda: next(times))
    assert "api" not in fake.text(View.PRIVATE)


def test_a_run_that_had_to_wait_for_another_that_did_it_all_does_nothing():
    fake = FakePress()

    @contextmanager
    def after_another() -> Iterator[FakePress]:
        publish(fake.press(), lambda: NOW)
        yield fake

    late = replace(fake.press(), journals=SimpleNamespace(read=fake.read, write=fake.write, turn=after_another))
    assert publish(late, lambda: NOW) == Published()
    assert len(fake.shelved) == 2


def test_generations_grow_even_where_it_was_forgotten_what_was_published_last():
    fake = FakePress()
    for n in range(3):
        fake.inventory.put(held("web", f"10.0.0.{n + 1}"))
        publish(fake.press(), lambda: NOW)
    before = fake.journal.editions[View.PRIVATE].generation
    fake.journal = Journal()
    publish(fake.press(), lambda: NOW + 60)
    assert fake.journal.editions[View.PRIVATE].generation > before
