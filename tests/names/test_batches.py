"""Batches stay within Route 53's limits, and paces below its throttles."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from chalicelib.names.batches import MAX_CHARACTERS, MAX_ELEMENTS, pack, weigh
from chalicelib.names.changes import Add, Change, Remove, Repoint, Step
from chalicelib.pace import TokenBucket
from tests.names.fakes import cname


def step(number: int, changes: int, length: int) -> Step:
    def change(n: int) -> Change:
        record = cname(f"n{number}-{n}", "x" * length)
        choices: list[Change] = [Add(record, "b"), Remove(record, "b"), Repoint(record, record, "b")]
        return choices[n % 3]

    return Step(frozenset({str(number)}), tuple(change(n) for n in range(changes)))


steps = st.lists(st.tuples(st.integers(1, 12), st.integers(1, 255)), max_size=400).map(
    lambda sizes: [step(n, *size) for n, size in enumerate(sizes)]
)


@given(steps)
def test_every_batch_fits_and_no_step_is_lost_split_or_moved(given_steps: list[Step]):
    batches = list(pack(given_steps))
    assert all(weigh(batch).fits for batch in batches)
    assert [s for batch in batches for s in batch] == given_steps


@given(steps)
def test_no_two_neighbouring_batches_would_have_fitted_into_one(given_steps: list[Step]):
    batches = list(pack(given_steps))
    for one, other in pairwise(batches):
        assert not weigh([*one, other[0]]).fits


def test_a_repointed_name_weighs_twice_as_an_upsert_does():
    record = cname("web", "x" * 40)
    weight = weigh([Step(frozenset(), (Repoint(record, record, "b"),))])
    assert (weight.elements, weight.characters, weight.tokens) == (2, 80, 2)


def test_the_limits_themselves_fit_and_one_more_does_not():
    by_count = [step(n, 1, 1) for n in range(MAX_ELEMENTS * 2)]
    adds = [Step(s.instances, (Add(cname("a", "x"), "b"),)) for s in by_count]
    assert [len(batch) for batch in pack(adds)] == [MAX_ELEMENTS, MAX_ELEMENTS]
    long = [Step(frozenset({str(n)}), (Add(cname(f"n{n}", "x" * 250), "b"),)) for n in range(200)]
    assert [len(batch) for batch in pack(long)] == [MAX_CHARACTERS // 250, 200 - MAX_CHARACTERS // 250]


def test_a_step_too_large_for_any_batch_stands_alone():
    large = step(0, 1_001, 1)
    assert [len(batch) for batch in pack([step(1, 1, 1), large, step(2, 1, 1)])] == [1, 1, 1]


class Time:
    def __init__(self) -> None:
        self.now = 0.0

    def clock(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


@given(st.lists(st.floats(1, 100), min_size=1, max_size=50))
def test_never_more_than_the_burst_and_the_refill_is_taken(takes: list[float]):
    time = Time()
    bucket = TokenBucket(10, 100, time.clock, time.sleep)
    for n, tokens in enumerate(takes, 1):
        bucket.take(tokens)
        assert sum(takes[:n]) <= 100 + 10 * time.now + 1e-6


def test_a_bucket_at_rest_fills_up_to_its_burst_and_no_further():
    time = Time()
    bucket = TokenBucket(10, 100, time.clock, time.sleep)
    bucket.take(100)
    time.now += 1_000
    bucket.take(100)
    assert time.now == 1_000
    bucket.take(10)
    assert time.now == 1_001
