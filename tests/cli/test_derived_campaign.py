"""A campaign: in order, some at once, one failure spoils nothing, and what deletes too much waits for a word."""

import threading
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field

import pytest

from chalicelib.derived.audit import Fault, Finding
from chalicelib.derived.job import Task
from chalicelib.derived.listing import Family, ListedDerived, ListedSource
from chalicelib.derived.model import DerivedKey, Done
from chalicelib.errors import TryAgain
from cli.derived.campaign import AHEAD, GUARDED_AT_ONCE, PATIENCE, Campaign, GaveUp, Guard, Looked, Step, in_order


def family(key: str, *leaves: str, has_source: bool = True) -> Family:
    children = tuple(ListedDerived(f"{key}/{leaf}", key, leaf, "e", 1.0, "STANDARD") for leaf in leaves)
    return Family(key, ListedSource(key, "e", 1.0, 1) if has_source else None, children)


def families(count: int) -> Iterator[Family]:
    return (family(f"{number:06}") for number in range(count))


def fault(key: str, found: Fault, transformation: str = "thumbnail") -> Finding:
    return Finding(found, DerivedKey(key, transformation, "jpg"), "so it is")


@dataclass
class Town:
    """What a campaign meets: orphans, sources that cannot be looked at, and sources that cannot be put right."""

    orphans: frozenset[str] = frozenset()
    blind: frozenset[str] = frozenset()
    stubborn: frozenset[str] = frozenset()
    waits: int = 0
    acted: list[str] = field(default_factory=list)

    def look(self, each: Family) -> Looked:
        key = each.source_key
        if key in self.blind:
            raise TryAgain("S3 said SlowDown")
        found = fault(key, Fault.ORPHANED if key in self.orphans else Fault.MISSING)
        return Looked(key, (found,), (found,), (Task(key, (), whole_family=True),), deletes=key in self.orphans)

    def act(self, looked: Looked) -> Done:
        if looked.source_key in self.stubborn:
            raise ValueError("odd")
        self.acted.append(looked.source_key)
        return Done(made=frozenset({"thumbnail"}))

    def campaign(self, *, force: bool = False, acts: bool = True) -> Campaign:
        return Campaign(self.look, self.act if acts else None, Guard(force), lambda: None, self.wait, at_once=4)

    def wait(self) -> None:
        self.waits += 1


def names(numbers: Iterable[int]) -> frozenset[str]:
    return frozenset(f"{number:06}" for number in numbers)


def test_every_source_is_put_right_and_told_in_order():
    town = Town()
    steps = list(town.campaign().run(families(600)))
    assert [step.looked.source_key for step in steps] == sorted(town.acted)
    assert (len(steps), town.waits) == (600, 600)


def test_one_that_cannot_be_looked_at_or_put_right_spoils_none_of_the_others():
    town = Town(blind=names([3]), stubborn=names([5]))
    reasons = {step.looked.source_key: step.reason for step in town.campaign().run(families(8)) if step.reason}
    assert reasons == {"000003": "S3 said SlowDown", "000005": "ValueError: odd"}
    assert len(town.acted) == 6


def test_when_all_fail_in_a_row_it_is_given_up_before_the_rest_is_tried():
    town, seen = Town(blind=names(range(10, 10**6))), list[Step]()
    with pytest.raises(GaveUp, match="S3 said SlowDown"):
        seen.extend(town.campaign().run(families(10**6)))
    assert len(town.acted) == 10


def test_failures_here_and_there_do_not_exhaust_patience():
    town = Town(blind=names(range(0, 200, 2)))
    assert len(list(town.campaign().run(families(200)))) == 200 > 2 * PATIENCE


def test_nothing_is_done_where_only_looks_are_asked_for():
    town = Town()
    steps = list(town.campaign(acts=False).run(families(5)))
    assert (len(steps), town.acted, town.waits) == (5, [], 0)
    assert all(step.done is None for step in steps)


def test_few_orphans_among_many_sources_are_deleted():
    town = Town(orphans=names(range(5)))
    campaign = town.campaign()
    held = [step.looked.source_key for step in campaign.run(families(10)) if step.is_held]
    assert held == sorted(town.orphans)
    assert (len(town.acted), campaign.guard.error, campaign.guard.held) == (10, None, [])


def test_too_many_orphans_are_kept_and_all_else_is_put_right():
    town = Town(orphans=names(range(6)))
    campaign = town.campaign()
    list(campaign.run(families(10)))
    assert set(town.acted) == names(range(6, 10))
    assert len(campaign.guard.held) == 6
    assert "6 of 10" in str(campaign.guard.error)


def test_with_force_all_orphans_are_deleted():
    town = Town(orphans=names(range(10)))
    campaign = town.campaign(force=True)
    list(campaign.run(families(10)))
    assert (len(town.acted), campaign.guard.error) == (10, None)


def test_orphans_that_were_too_many_at_first_are_deleted_once_enough_has_been_seen():
    town = Town(orphans=names(range(GUARDED_AT_ONCE)))
    campaign = town.campaign()
    list(campaign.run(families(GUARDED_AT_ONCE * 4)))
    assert len(town.acted) == GUARDED_AT_ONCE * 4
    assert campaign.guard.error is None


def test_what_comes_of_items_is_yielded_in_order_while_those_behind_are_worked_on():
    is_second_done = threading.Event()

    def work(number: int) -> int:
        if number == 0:
            assert is_second_done.wait(10)
        elif number == 1:
            is_second_done.set()
        return number

    with ThreadPoolExecutor(2) as executor:
        assert list(in_order(range(10), work, executor)) == list(range(10))


def test_no_more_than_a_bounded_number_is_begun_ahead():
    may_go, drawn = threading.Event(), list[int]()

    def items() -> Iterator[int]:
        for number in range(AHEAD * 3):
            drawn.append(number)
            if number == AHEAD - 1:
                may_go.set()
            yield number

    def work(number: int) -> int:
        assert may_go.wait(10)
        return number

    with ThreadPoolExecutor(1) as executor, closing(in_order(items(), work, executor)) as results:
        assert next(results) == 0
        assert len(drawn) <= AHEAD


def test_where_the_listing_breaks_off_what_has_begun_is_told_first():
    def broken() -> Iterator[int]:
        yield from (1, 2)
        raise TryAgain("S3 did not answer")

    with ThreadPoolExecutor(2) as executor:
        results = in_order(broken(), lambda number: number, executor)
        assert [next(results), next(results)] == [1, 2]
        with pytest.raises(TryAgain):
            next(results)
