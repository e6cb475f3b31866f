"""What holds of every model: answers are whole, bad inputs are named, and what has no price is said to have none."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.economics import balancing, derived, parking, snapshots
from chalicelib.economics.answers import Answer, percent, rate, usd
from chalicelib.economics.definitions import packaged_book, tables
from chalicelib.economics.prices import Origin, RegionPrices
from chalicelib.economics.storage import Objects, month
from chalicelib.errors import BadRequest

BOOK = packaged_book()
US = BOOK.region("us-east-1")
EMPTY = RegionPrices(Origin(date(2026, 1, 1), "an empty table"))
PARKING = parking.Parking("m5.large", "gp3")
NAMES = balancing.Names("application", "t3.small")


def answers() -> list[Answer]:
    """Return what all models say with all tables, in the regions that have a price of what they ask."""
    found = []
    for day in tables():
        book = packaged_book(day)
        for prices in book.regions.values():
            found.append(parking.answer(parking.Parking(book.usual.large, book.usual.volume), prices))
            found.append(snapshots.answer(snapshots.Keeping(), prices))
            if prices.storage:
                found.append(derived.answer(derived.Derivation(), prices, book.usual.small))
            if prices.balancers:
                found.append(balancing.answer(balancing.Names(book.usual.balancer, book.usual.small), prices))
    return found


def test_every_answer_is_whole():
    found = answers()
    assert len(found) >= 30
    for answer in found:
        assert answer.because.endswith(".")
        assert answer.inputs
        assert answer.results
        assert all(len(line) == len(answer.series.x) for line in answer.series.alternatives.values())


def test_alternatives_cost_the_same_where_they_break_even():
    met = [answer.series for answer in answers() if answer.series.break_even and answer.series.x_name != "TLS names"]
    assert len(met) >= 10
    for series in met:
        assert series.break_even
        for name in series.break_even.between:
            line = series.alternatives[name]
            after = next(at for at, x in enumerate(series.x) if x >= series.break_even.x)
            low, high = sorted(line[after - 1 : after + 1])
            assert low - 0.01 <= series.break_even.y <= high + 0.01


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -1.0, 1e13], ids=str)
@pytest.mark.parametrize(
    ("option", "ask"),
    [
        *(
            pytest.param(f"--{name}", lambda v, n=name: derived.Derivation(**{n: v}).check(), id=f"derived {name}")
            for name in ("sources", "each", "kb", "reads", "days", "seconds", "memory", "hours")
        ),
        *(
            pytest.param(
                f"--{name.replace('_', '-')}",
                lambda v, n=name: replace(PARKING, **{n: v}).check(),
                id=f"parking {name}",
            )
            for name in ("gib", "million_ios", "snapshot_gib", "puts", "gets", "addresses", "idle_hours")
        ),
        *(
            pytest.param(f"--{name}", lambda v, n=name: snapshots.Keeping(**{n: v}).check(), id=f"snapshots {name}")
            for name in ("gib", "change", "kept", "every")
        ),
        *(
            pytest.param(f"--{name}", lambda v, n=name: replace(NAMES, **{n: v}).check(), id=f"load balancer {name}")
            for name in ("names", "units", "hour")
        ),
    ],
)
def test_what_is_no_number_or_out_of_range_is_refused_by_the_options_name(
    option: str, ask: Callable[[float], None], value: float
):
    with pytest.raises(BadRequest, match=f"^{option} wants a number from"):
        ask(value)


@pytest.mark.parametrize(
    "ask", [lambda n: snapshots.Keeping(kept=n).check(), lambda n: replace(NAMES, names=n).check()]
)
def test_a_whole_number_that_no_float_can_hold_is_refused_too_and_not_said_back_whole(ask: Callable[[int], None]):
    with pytest.raises(BadRequest, match=r"wants a number from 1 to 1,000, and is 10{59}…$"):
        ask(10**400)


@pytest.mark.parametrize(
    ("ask", "said"),
    [
        pytest.param(
            lambda: parking.answer(replace(PARKING, type="m5.largo"), US),
            r"--type: there is no price of 'm5\.largo' in: .*There is one of m5\.large",
            id="an unknown type, with one that is like it",
        ),
        pytest.param(
            lambda: parking.answer(replace(PARKING, volume="gp4"), US),
            r"--volume: .*'gp4'.*gp[23]",
            id="an unknown volume type",
        ),
        pytest.param(
            lambda: parking.answer(replace(PARKING, platform="BeOS"), US),
            "--platform: .*'BeOS'.*Linux/UNIX, Windows",
            id="an unknown platform",
        ),
        pytest.param(
            lambda: balancing.answer(replace(NAMES, balancer="gateway"), US),
            "--balancer: .*'gateway'",
            id="an unknown load balancer",
        ),
        pytest.param(
            lambda: derived.answer(derived.Derivation(), EMPTY, "t3.small"),
            r"--region: there is no price of S3's class STANDARD in: an empty table.*--file",
            id="a region without prices of S3",
        ),
        pytest.param(
            lambda: snapshots.answer(snapshots.Keeping(), EMPTY),
            "--region: there is no price of snapshots",
            id="a region without prices of snapshots",
        ),
    ],
)
def test_what_has_no_price_is_refused_and_never_free(ask: Callable[[], Answer], said: str):
    with pytest.raises(BadRequest, match=said):
        ask()


def test_a_part_of_what_is_kept_that_has_no_price_is_none_not_0():
    answer = parking.answer(PARKING, replace(US, snapshots=None, public_ipv4=None))
    assert (answer.value("snapshots"), answer.value("public IPv4 addresses")) == (None, None)
    assert answer.value("kept while parked") == pytest.approx(4)
    assert "no price" in answer.notes[-1]


PRICES = st.floats(0, 1_000)
STORAGE = st.sampled_from(list(US.storage.values()))


@given(price=STORAGE, count=st.floats(1, 1e7), kb=st.floats(0.1, 1e6), reads=st.floats(0, 100), days=st.floats(1, 1e3))
def test_more_objects_never_cost_less(price, count: float, kb: float, reads: float, days: float):
    some, more = (month(price, Objects(each, kb, reads, days), 0.01).total for each in (count, count * 2))
    assert 0 <= some <= more


@given(hours=st.floats(0, 730), gib=st.floats(0, 10_000))
def test_parking_saves_just_when_there_are_more_idle_hours_than_the_break_even(hours: float, gib: float):
    answer = parking.answer(replace(PARKING, idle_hours=hours, gib=gib), US)
    kept, net = answer.value("kept while parked"), answer.value("net saving of parking")
    assert kept is not None
    assert net is not None
    assert (net > 1e-9) == (hours > kept / 0.096 + 1e-8) or abs(net) < 1e-6


@given(change=st.floats(0, 1_000), kept=st.integers(1, 100), every=st.floats(0.1, 365))
def test_what_costs_less_is_what_is_recommended(change: float, kept: int, every: float):
    answer = snapshots.answer(snapshots.Keeping(100, change, kept, every), US)
    standard, archived = answer.value(snapshots.STANDARD), answer.value(snapshots.ARCHIVE)
    assert standard is not None
    assert archived is not None
    assert answer.because.startswith("Archiving") == (archived < standard)


@pytest.mark.parametrize(
    ("amount", "said"),
    [(12.5, "$12.50"), (-0.25, "-$0.25"), (0, "$0.00"), (0.0004, "less than a cent"), (1234567.891, "$1,234,567.89")],
)
def test_amounts_are_said_in_cents(amount: float, said: str):
    assert usd(amount) == said


@pytest.mark.parametrize(
    ("price", "said"),
    [(0.4, "$0.40"), (0.0104, "$0.0104"), (0.0000166667, "$0.0000166667"), (2, "$2.00"), (0, "$0.00")],
)
def test_prices_keep_their_digits(price: float, said: str):
    assert rate(price) == said


def test_a_part_of_nothing_is_nothing():
    assert percent(1, 0) == "0 %"
