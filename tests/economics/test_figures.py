"""The published figures of 2009 and 2010, by the table of that time; and what the same models say today."""

from datetime import date

import pytest

from chalicelib.economics import balancing, derived, parking, snapshots
from chalicelib.economics.answers import Answer
from chalicelib.economics.definitions import packaged_book

THEN = packaged_book(date(2010, 5, 19))
TODAY = packaged_book()
US = "us-east-1"


def derived_then(**inputs: float) -> Answer:
    return derived.answer(derived.Derivation(**inputs), THEN.region(US), THEN.usual.small)


def derived_today(region: str = US, **inputs: float) -> Answer:
    return derived.answer(derived.Derivation(**inputs), TODAY.region(region), TODAY.usual.small)


def parked_then() -> Answer:
    return parking.answer(parking.Parking(THEN.usual.large, THEN.usual.volume), THEN.region(US))


def dollars(answer: Answer, name: str) -> float:
    value = answer.value(name)
    assert value is not None
    return round(value, 2)


def test_reduced_redundancy_saved_12_50_a_month_before_recreation():
    answer = derived_then()
    assert answer.value("derived objects") == 250
    assert dollars(answer, "REDUCED_REDUNDANCY saves before recreation") == 12.50


def test_recreating_lost_objects_in_15_minutes_instead_of_a_second_cost_9_cents_more():
    slow, fast = (dollars(derived_then(seconds=each), "recreation of those") for each in (15 * 60, 1))
    assert round(slow - fast, 2) == 0.09


def test_a_dedicated_instance_cost_61_20_and_paid_from_about_500_000_sources_on():
    answer = derived_then()
    assert dollars(answer, "an instance for it (m1.small)") == 61.20
    assert answer.value("that instance pays from") == pytest.approx(489_600)
    assert answer.value("that instance pays from") == pytest.approx(500_000, rel=0.03)
    assert answer.series.break_even
    assert answer.series.break_even.x == pytest.approx(489_600)


def test_at_that_many_sources_the_instance_is_paid_by_what_is_saved():
    answer = derived_then(sources=489_600)
    saved = answer.value("REDUCED_REDUNDANCY saves before recreation")
    assert saved == pytest.approx(answer.value("an instance for it (m1.small)"))


def test_what_an_instance_keeps_while_it_is_parked_cost_10_96_a_month():
    assert dollars(parked_then(), "kept while parked") == 10.96


def test_parking_paid_from_28_idle_hours_a_month_on():
    answer = parked_then()
    hours = answer.value("break-even")
    assert hours is not None
    assert (round(hours, 1), parking.whole_hours(hours)) == (27.4, 28)
    assert "from 28 idle hours" in answer.because


@pytest.mark.parametrize(
    ("hour", "percent"),
    [
        pytest.param(None, 70.6, id="at 0.085 an hour"),
        pytest.param(0.095, 73.7, id="at 0.095 an hour"),
        pytest.param(0.10, 75.0, id="at the 0.10 an hour of 2009"),
    ],
)
def test_a_load_balancer_was_70_to_75_percent_cheaper_than_an_instance(hour: float | None, percent: float):
    names = balancing.Names(THEN.usual.balancer, THEN.usual.small, hour=hour)
    answer = balancing.answer(names, THEN.region(US))
    saved = answer.value("a load balancer each saves")
    assert saved is not None
    assert round(saved, 1) == percent


def test_today_reduced_redundancy_costs_more_than_standard_and_that_is_said():
    answer = derived_today()
    assert dollars(answer, "REDUCED_REDUNDANCY saves before recreation") == -0.25
    assert "REDUCED_REDUNDANCY costs $0.31 (5.1 %) more than STANDARD, and loses objects" in answer.because
    assert [line.value for line in answer.results if line.name == "that instance pays from"] == ["never"]


@pytest.mark.parametrize(
    ("reads", "best"),
    [
        pytest.param(0, "GLACIER_IR", id="never read: Glacier Instant Retrieval"),
        pytest.param(1, "ONEZONE_IA", id="read once a month: One Zone-IA"),
        pytest.param(5, "STANDARD", id="read often: Standard"),
    ],
)
def test_today_another_class_is_best_by_how_often_objects_are_read(reads: float, best: str):
    answer = derived_today(reads=reads)
    assert answer.because.startswith(f"{best} costs least")
    costs = {line.name: line.value for line in answer.results if line.name in TODAY.region(US).storage}
    assert best == min(costs, key=lambda name: float(costs[name] or 0))


def test_small_objects_are_counted_as_large_as_they_are_charged():
    answer = derived_today(kb=10)
    assert answer.because.startswith("STANDARD costs least")
    assert answer.value("STANDARD_IA") == pytest.approx(
        500_000 * 131_072 / 1e9 * 0.0125 + 5 * 0.01 + 500_000 / 12 / 1_000 * 0.01 + 0.5
    )


def test_objects_that_go_early_are_paid_for_as_if_they_had_stayed():
    month, day = (derived_today(days=days, reads=0).value("ONEZONE_IA") for days in (30, 1))
    assert month is not None
    assert day is not None
    put = 500_000 * 365 / 12 / 1_000 * 0.01
    assert day - put == pytest.approx(30 * (month - put / 30))


def test_today_a_large_instance_is_parked_from_53_idle_hours_on():
    answer = parking.answer(parking.Parking("m5.large", "gp3"), TODAY.region(US))
    assert "from 53 idle hours" in answer.because
    assert answer.value("net saving of parking") == pytest.approx(512 * 0.096 - 50 * 0.08 - 20 * 0.05)


def test_an_elastic_ip_that_is_kept_is_paid_for_while_parked():
    answer = parking.answer(parking.Parking("m5.large", "gp3", addresses=2), TODAY.region(US))
    assert answer.value("public IPv4 addresses") == pytest.approx(2 * 0.005 * 730)


def test_parking_a_cheap_instance_with_a_large_volume_never_pays():
    answer = parking.answer(parking.Parking("t3.nano", "gp3", gib=500), TODAY.region(US))
    assert answer.because.startswith("Parking never pays")
    assert answer.series.break_even is None


def test_archiving_pays_once_a_quarter_of_the_volume_changes_between_two_snapshots():
    answer = snapshots.answer(snapshots.Keeping(gib=100, change=2, kept=12, every=30), TODAY.region(US))
    assert answer.value("archiving pays from") == pytest.approx(100 / 4 / 30)
    assert answer.value(snapshots.STANDARD) == pytest.approx((100 + 11 * 60) * 0.05)
    assert answer.value(snapshots.ARCHIVE) == pytest.approx(100 * 0.05 + 11 * 100 * 0.0125)
    assert answer.value("bringing an archived one back") == pytest.approx(3)
    assert "Archiving the older ones costs less" in answer.because


def test_an_archived_snapshot_that_stays_a_month_is_paid_for_three():
    answer = snapshots.answer(snapshots.Keeping(gib=100, kept=2, every=30), TODAY.region(US))
    assert answer.value(snapshots.ARCHIVE) == pytest.approx(100 * 0.05 + 100 * 0.0125 * 3)


def test_there_was_no_archive_tier_in_2010():
    answer = snapshots.answer(snapshots.Keeping(), THEN.region(US))
    assert answer.value(snapshots.ARCHIVE) is None
    assert "no price of an archive tier" in answer.because


def test_today_an_instance_costs_less_than_a_load_balancer_for_one_name_and_more_for_two():
    answer = balancing.answer(balancing.Names("application", "t3.small"), TODAY.region(US))
    saved = answer.value("a load balancer each saves")
    assert saved == pytest.approx((0.0208 + 0.005 - 0.0225 - 2 * 0.005) / (0.0208 + 0.005) * 100)
    assert "costs 26.0 % more than an instance" in answer.because
    assert answer.series.break_even
    assert answer.series.break_even.x == 2


def test_more_names_than_one_load_balancer_has_certificates_want_a_second():
    answer = balancing.answer(balancing.Names("application", "t3.small", names=26), TODAY.region(US))
    assert answer.value(balancing.SHARED) == pytest.approx(2 * (0.0225 + 2 * 0.005))
