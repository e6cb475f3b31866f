"""The one loop of every job: what is refused spoils none of the others, and what cannot be done now is left."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.errors import Refused, TryAgain
from chalicelib.reconcile import MOST_SET_ASIDE, Carried, carry_out, in_batches


class Ledger:
    """Takes batches of numbers as AWS takes ids: one bad one fails the whole call."""

    def __init__(self, bad: Sequence[int] = (), not_now: Sequence[int] = ()) -> None:
        self.bad, self.not_now = set(bad), set(not_now)
        self.calls: list[list[int]] = []
        self.taken: list[int] = []

    def apply(self, steps: Sequence[int]) -> None:
        self.calls.append([*steps])
        if self.not_now & set(steps):
            raise TryAgain("throttled")
        if found := self.bad & set(steps):
            raise Refused(f"{min(found)} is bad")
        self.taken += steps


def test_all_are_taken_so_many_at_once():
    ledger = Ledger()
    carried = in_batches(range(7), 3, ledger.apply)
    assert ledger.calls == [[0, 1, 2], [3, 4, 5], [6]]
    assert carried == Carried(landed=[*range(7)])


def test_of_nothing_nothing_is_asked():
    ledger = Ledger()
    assert in_batches([], 3, ledger.apply) == Carried()
    assert ledger.calls == []


@pytest.mark.parametrize("bad", [range(0, 100, 2), range(100), [0], [99]], ids=["half", "all", "the first", "the last"])
def test_every_bad_one_is_found_and_all_others_are_taken_however_many_are_refused(bad: Sequence[int]):
    ledger = Ledger(bad)
    carried = in_batches(range(100), 50, ledger.apply)
    assert carried.landed == ledger.taken == [step for step in range(100) if step not in bad]
    assert carried.refused == [(step, f"{step} is bad") for step in bad]
    assert carried.postponed == []


def test_a_job_that_looks_for_a_few_bad_ones_sets_whole_batches_aside_after_them():
    ledger = Ledger(range(100))
    carried = carry_out([range(50), range(50, 100)], (), ledger.apply, bisect=True)
    assert [step for step, _ in carried.refused] == [*range(100)]
    assert len(ledger.calls) < 2 * MOST_SET_ASIDE + 20


def test_not_now_postpones_the_batch_and_all_behind_it():
    ledger = Ledger(bad=[1], not_now=[5])
    carried = in_batches(range(9), 3, ledger.apply)
    assert (carried.landed, carried.refused) == ([0, 2], [(1, "1 is bad")])
    assert carried.postponed == [(step, "throttled") for step in range(3, 9)]
    assert carried.undone == [(1, "1 is bad"), *carried.postponed]


def test_what_became_of_further_steps_is_added():
    carried = in_batches([1, 2], 2, Ledger(bad=[1]).apply)
    carried += in_batches([3, 4], 1, Ledger(not_now=[4]).apply)
    assert carried == Carried([2, 3], [(1, "1 is bad")], [(4, "throttled")])


NUMBERS = st.sets(st.integers(0, 60))


@given(NUMBERS, NUMBERS, NUMBERS, st.integers(1, 50))
def test_no_step_is_lost_or_taken_twice(steps: set[int], bad: set[int], not_now: set[int], size: int):
    ledger = Ledger([*bad], [*not_now])
    carried = in_batches(sorted(steps), size, ledger.apply)
    assert carried.landed == ledger.taken
    assert sorted([*carried.landed, *(step for step, _ in carried.undone)]) == sorted(steps)
    assert {step for step, _ in carried.refused} <= bad
    if not not_now & steps:
        assert {step for step, _ in carried.refused} == bad & steps
