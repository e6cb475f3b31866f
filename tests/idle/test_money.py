"""What an idle instance wastes is net: what a stopped one still costs is not saved, and no price is not 0."""

from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.economics.prices import Origin, RegionPrices, VolumePrice
from chalicelib.idle.findings import Judgement, Waste
from chalicelib.idle.model import Instance, Verdict, Volume
from chalicelib.idle.money import ASSUMPTION, waste
from tests.idle.fleets import NOW, TODAY, ago, instance

PRICES = RegionPrices(
    Origin(date(2026, 11, 1), "a table"),
    {"Linux/UNIX": {"m5.large": 0.10, "free.nano": 0.0}, "Windows": {"m5.large": 0.20}},
    {"gp3": VolumePrice(0.08, 0.005, 3_000, 0.04, 125), "standard": VolumePrice(0.05)},
    public_ipv4=0.005,
)
NO_ADDRESSES = replace(PRICES, public_ipv4=None)
ROOT, DATA = Volume("vol-1", "gp3", 100, 3_000, 125), Volume("vol-2", "standard", 20)
FAST = Volume("vol-3", "gp3", 100, 4_000, 225)
NEW = Volume("vol-4", "gp9", 50)


def wasted(
    seen: Instance | None = None,
    *volumes: Volume,
    prices: RegionPrices = PRICES,
    since: date | None = TODAY,
    coverage: float | None = 100.0,
    now: datetime = NOW,
) -> Waste:
    judgement = Judgement(seen or instance(), Verdict.IDLE, "quiet", coverage, idle_since=since)
    return waste(judgement, volumes, prices, now)


@pytest.mark.parametrize(
    ("seen", "volumes", "gross", "remains"),
    [
        pytest.param(instance(), (), 73.0, 0.0, id="an instance alone"),
        pytest.param(instance(), (ROOT, DATA), 82.0, 9.0, id="its volumes remain"),
        pytest.param(instance(), (FAST,), 90.0, 17.0, id="so do the IOPS and the throughput that are paid for"),
        pytest.param(instance(public_ipv4s=1), (), 76.65, 0.0, id="an address that AWS lent goes back"),
        pytest.param(instance(public_ipv4s=1, elastic_ips=1), (), 76.65, 3.65, id="an Elastic IP remains"),
        pytest.param(instance(public_ipv4s=3, elastic_ips=1), (ROOT,), 91.95, 11.65, id="some of each"),
        pytest.param(instance(platform="Windows"), (), 146.0, 0.0, id="another platform has its own price"),
        pytest.param(instance(type="free.nano"), (DATA,), 1.0, 1.0, id="a price of 0 is a price"),
    ],
)
def test_what_it_costs_and_what_of_that_remains(
    seen: Instance, volumes: tuple[Volume, ...], gross: float, remains: float
):
    found = wasted(seen, *volumes)
    assert found.gross == pytest.approx(gross)
    assert found.remains == pytest.approx(remains)
    assert found.net == pytest.approx(gross - remains)
    assert found.unpriced == ()


@pytest.mark.parametrize(
    ("seen", "unpriced"),
    [
        pytest.param(instance(type="m99.huge"), "m99.huge (Linux/UNIX)", id="an unknown type"),
        pytest.param(instance(platform="BeOS"), "m5.large (BeOS)", id="an unknown platform"),
        pytest.param(
            instance(tenancy="dedicated"), "m5.large (Linux/UNIX) with dedicated tenancy", id="another tenancy"
        ),
        pytest.param(
            instance(priced_apart="on an Outpost"), "m5.large (Linux/UNIX) on an Outpost", id="one that is priced apart"
        ),
    ],
)
def test_where_an_instance_has_no_price_nothing_is_said_to_be_saved(seen: Instance, unpriced: str):
    found = wasted(seen, DATA)
    assert (found.gross, found.net, found.since_idle) == (None, None, None)
    assert found.remains == pytest.approx(1.0)
    assert found.unpriced == (unpriced,)


def test_volumes_without_a_price_are_said_and_do_not_change_what_is_saved():
    found = wasted(None, NEW, DATA)
    assert found.unpriced == ("gp9 volume vol-4",)
    assert found.remains == pytest.approx(1.0)
    assert found.net == pytest.approx(73.0)


def test_addresses_without_a_price_are_said_where_there_are_any():
    assert wasted(instance(public_ipv4s=1), prices=NO_ADDRESSES).unpriced == ("public IPv4 addresses",)
    assert wasted(instance(), prices=NO_ADDRESSES).unpriced == ()


def test_where_nothing_has_a_price_all_of_it_is_said():
    found = wasted(instance(public_ipv4s=1), NEW, ROOT, prices=RegionPrices(PRICES.origin))
    assert found.unpriced == (
        *("m5.large (Linux/UNIX)", "gp9 volume vol-4", "gp3 volume vol-1"),
        "public IPv4 addresses",
    )
    assert found.net is None


@pytest.mark.parametrize(
    ("since", "coverage", "hours"),
    [
        pytest.param(ago(1), 100.0, 30.2, id="from the midnight, in UTC, of the first idle day"),
        pytest.param(ago(14), 100.0, 342.2, id="two weeks"),
        pytest.param(ago(14), 75.0, 256.65, id="it is not paid for while it is off, as far as that can be seen"),
        pytest.param(TODAY, 100.0, 6.2, id="since today"),
        pytest.param(ago(-1), 100.0, 0.0, id="never less than nothing"),
        pytest.param(ago(14), 0.0, 0.0, id="nothing was seen"),
        pytest.param(ago(14), None, 0.0, id="nothing was looked at"),
        pytest.param(None, 100.0, 0.0, id="it is not idle"),
    ],
)
def test_what_was_wasted_since_it_is_idle_is_net_too(since: date | None, coverage: float | None, hours: float):
    found = wasted(instance(public_ipv4s=2, elastic_ips=1), ROOT, since=since, coverage=coverage)
    assert found.since_idle == pytest.approx(0.105 * hours)


def test_what_may_be_paid_already_is_said():
    assert "Reserved Instances and Savings Plans" in ASSUMPTION
    assert "saves nothing" in ASSUMPTION


VOLUMES = st.lists(st.sampled_from([ROOT, DATA, FAST, NEW]), max_size=4)
TYPES = st.sampled_from(["m5.large", "free.nano", "m99.huge"])
ADDRESSES = st.tuples(st.integers(0, 3), st.integers(0, 3))


@given(TYPES, VOLUMES, ADDRESSES, st.sampled_from([PRICES, NO_ADDRESSES]))
def test_stopping_never_saves_what_remains(
    type_: str, volumes: list[Volume], addresses: tuple[int, int], prices: RegionPrices
):
    lent, own = addresses
    seen = instance(type=type_, public_ipv4s=lent + own, elastic_ips=own)
    found = wasted(seen, *volumes, prices=prices)
    bare = wasted(replace(seen, public_ipv4s=lent, elastic_ips=0), prices=prices)
    assert found.remains is not None
    assert found.remains >= 0
    assert (found.net is None) == (type_ == "m99.huge")
    if found.net is not None and bare.net is not None:
        assert found.net == pytest.approx(bare.net), "volumes and Elastic IP addresses make no difference"
        assert found.net >= 0
    assert bool(found.unpriced) == (
        type_ == "m99.huge" or NEW in volumes or (prices is NO_ADDRESSES and lent + own > 0)
    )


@given(st.integers(0, 60), st.integers(0, 60), st.floats(0, 100))
def test_the_longer_it_is_idle_the_more_it_has_wasted(one: int, other: int, coverage: float):
    shorter, longer = sorted((one, other))
    less, more = (wasted(since=ago(days), coverage=coverage).since_idle for days in (shorter, longer))
    assert less is not None
    assert more is not None
    assert 0 <= less <= more
    assert more <= 0.10 * (NOW - NOW.replace(hour=0, minute=0) + timedelta(days=longer)) / timedelta(hours=1) + 1e-9
