"""Prices as YAML: the tables that are packaged, and an operator's own; faults have lines and reasons."""

import re
from datetime import date

import pytest

from chalicelib.economics import definitions
from chalicelib.economics.book import Overrides
from chalicelib.economics.prices import Origin, RegionPrices, VolumePrice
from chalicelib.errors import BadDefinition

BOOK = definitions.packaged_book()
US = BOOK.region("us-east-1")
OWN = """date: 2026-10-01
source: our agreement
regions:
  us-east-1:
    instances: {Linux/UNIX: {m5: {large: 0.08}, zz9: {huge: 7}}}
    volumes: {gp3: {gib: 0.06}}
    storage: {STANDARD: {gb: 0.02}}
    snapshots: {standard: 0.04}
    public-ipv4: 0
  xx-north-9:
    instances: {Windows: {m5: {large: 1.5}}}
"""


def refused(text: str) -> str:
    with pytest.raises(BadDefinition) as caught:
        definitions.read(text)
    return "\n".join(caught.value.faults)


def of_region(line: str) -> str:
    return f"date: 2026-10-01\nregions:\n  us-east-1:\n    {line}"


def test_the_tables_are_packaged_by_their_days():
    found = definitions.tables()
    assert list(found) == [date(2025, 6, 1), date(2010, 5, 19)]
    for day in found:
        assert definitions.packaged_book(day).origin.day == day
    assert definitions.packaged_book() == definitions.packaged_book(max(found))


def test_every_price_says_where_it_comes_from_and_that_it_was_not_checked():
    assert len(BOOK.regions) >= 9
    for prices in BOOK.regions.values():
        assert "not checked" in prices.origin.source
        assert prices.origin.day <= BOOK.origin.day


@pytest.mark.parametrize("day", definitions.tables(), ids=str)
def test_what_is_usual_has_a_price_in_the_table_that_calls_it_so(day: date):
    book = definitions.packaged_book(day)
    for prices in book.regions.values():
        assert {book.usual.small, book.usual.large} <= prices.instances["Linux/UNIX"].keys()
        assert book.usual.volume in prices.volumes
        assert not prices.balancers or book.usual.balancer in prices.balancers


def test_the_newest_table_is_useful():
    assert US.hour("Linux/UNIX", "m5.large") == 0.096
    assert US.hour("Windows", "m5.large") == pytest.approx(0.188)
    assert len(US.instances["Linux/UNIX"]) > 450
    assert set(US.volumes) == {"standard", "gp2", "gp3", "io1", "io2", "st1", "sc1"}
    assert US.storage["ONEZONE_IA"].least_kb == 128
    assert BOOK.region("us-west-2").hour("Linux/UNIX", "c7g.xlarge") == US.hour("Linux/UNIX", "c7g.xlarge")


@pytest.mark.parametrize("prices", BOOK.regions.values(), ids=BOOK.regions)
def test_larger_instances_of_a_family_never_cost_less(prices: RegionPrices):
    order = ["nano", "micro", "small", "medium", "large", *(f"{n or ''}xlarge" for n in ("", *range(2, 49)))]
    for types in prices.instances.values():
        by_family: dict[str, list[tuple[int, float]]] = {}
        for type_, price in types.items():
            family, size = type_.split(".")
            # The g5 with several GPUs cost more than larger ones with one.
            if size in order and not family.startswith("g"):
                by_family.setdefault(family, []).append((order.index(size), price))
        for sizes in by_family.values():
            found = [price for _, price in sorted(sizes)]
            assert found == sorted(found)


def test_nothing_in_a_table_costs_nothing_today():
    for prices in BOOK.regions.values():
        amounts = [price for types in prices.instances.values() for price in types.values()]
        amounts += [price.gib for price in prices.volumes.values()] + [price.gb for price in prices.storage.values()]
        assert min(amounts) > 0


def test_a_region_that_is_not_in_the_book_has_no_prices_at_all():
    unknown = BOOK.region("mars-north-1")
    assert unknown == RegionPrices(BOOK.origin)
    assert unknown.hour("Linux/UNIX", "m5.large") is None


def test_the_operators_prices_come_empty_and_explained():
    text = definitions.packaged()
    assert definitions.read(text) == Overrides()
    explained = {line[1:].split()[0].rstrip(",") for line in text.splitlines() if line.startswith("#   ")}
    assert {"date", "regions", "instances", "public-ipv4", "volumes", "snapshots", "storage", "lambda"} <= explained


def test_the_example_in_the_operators_file_is_sound():
    lines = definitions.packaged().splitlines()
    first = next(at for at, line in enumerate(lines) if line.startswith("# date: "))
    example = "\n".join(line.removeprefix("# ") for line in lines[first:-1])
    assert definitions.read(example).over("eu-central-1", BOOK.region("eu-central-1")).volumes["gp3"].gib == 0.0809


def test_the_operators_prices_count_more_and_the_others_stay():
    prices = definitions.read(OWN).over("us-east-1", US)
    assert prices.hour("Linux/UNIX", "m5.large") == 0.08
    assert prices.hour("Linux/UNIX", "zz9.huge") == 7
    assert prices.hour("Linux/UNIX", "m5.xlarge") == 0.192
    assert prices.volumes["gp3"] == VolumePrice(0.06, 0.005, 3_000, 0.04, 125)
    assert prices.volumes["gp2"] == US.volumes["gp2"]
    assert prices.public_ipv4 == 0
    assert prices.snapshots
    assert (prices.snapshots.standard, prices.snapshots.archive) == (0.04, 0.0125)
    assert (prices.storage["STANDARD"].gb, prices.storage["STANDARD"].put) == (0.02, 0.005)


def test_the_origin_says_both():
    prices = definitions.read(OWN).over("us-east-1", US)
    assert prices.origin == Origin(date(2026, 10, 1), "our agreement", rest=US.origin)
    assert str(prices.origin).startswith("our agreement, 2026-10-01; what it does not say: packaged table (")


def test_a_region_of_which_the_file_says_nothing_stays_as_it_is():
    overrides, ireland = definitions.read(OWN), BOOK.region("eu-west-1")
    assert overrides.over("eu-west-1", ireland) is ireland
    assert overrides.over_book(BOOK).region("eu-west-1") is ireland


def test_a_region_that_only_the_file_knows_has_the_prices_of_the_file():
    book = definitions.read(OWN).over_book(BOOK)
    assert book.region("xx-north-9").hour("Windows", "m5.large") == 1.5
    assert book.region("xx-north-9").hour("Linux/UNIX", "m5.large") is None


def test_a_volume_of_two_speeds_costs_less_beyond_each_tier():
    io2 = US.volumes["io2"]
    assert io2.month(100, 32_000) == pytest.approx(12.5 + 32_000 * 0.065)
    assert io2.month(100, 70_000) == pytest.approx(12.5 + 32_000 * 0.065 + 32_000 * 0.0455 + 6_000 * 0.03185)


def test_of_gp3_only_what_is_beyond_the_included_speed_costs_more():
    gp3 = US.volumes["gp3"]
    assert gp3.month(100, 3_000, 125) == pytest.approx(8)
    assert gp3.month(100, 4_000, 225) == pytest.approx(8 + 1_000 * 0.005 + 100 * 0.04)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        pytest.param("{}", "line 1: regions: is missing", id="no regions"),
        pytest.param("regions: {us-east-1: {}}", "date: is missing: wants a day", id="prices without a day"),
        pytest.param("regions: {}\ndate: 2026-02-30", "line 2: date: wants a day", id="a day that is not"),
        pytest.param("regions: {}\ndate: 20260203", "line 2: date: wants a day", id="a day written otherwise"),
        pytest.param("date: 2026-10-01\nregions: {Ireland: {}}", "wants a region such as", id="a region's other name"),
        pytest.param(of_region("discount: 10"), "line 4: .*discount: is no field", id="an unknown field"),
        pytest.param(
            of_region("instances: {Linux: {}}"), "is not known here: there are Linux/UNIX, ", id="an unknown platform"
        ),
        pytest.param(of_region("volumes: {gp4: {gib: 1}}"), "did you mean gp", id="an unknown volume"),
        pytest.param(of_region("storage: {standard: {gb: 1}}"), "is not known here", id="an unknown class"),
        pytest.param(of_region("volumes: {gp3: {iops: 1}}"), "gib: is missing", id="a volume without its GiB"),
        pytest.param(of_region("public-ipv4: -1"), "wants a price in USD", id="a negative price"),
        pytest.param(of_region("public-ipv4: nan"), "wants a price in USD", id="no number"),
        pytest.param(of_region("public-ipv4: 1e-3"), "wants a price in USD", id="an exponent"),
        pytest.param(of_region("public-ipv4: 0,005"), "wants a price in USD", id="a decimal comma"),
        pytest.param(of_region("public-ipv4:"), "wants a price in USD.*empty", id="an empty price"),
        pytest.param(
            of_region("instances: {Windows: {M5: {large: 1}}}"), "wants a family or a size", id="a bad family"
        ),
        pytest.param(of_region("instances: {Windows: {m5: {la rge: 1}}}"), "wants a family or a size", id="a bad size"),
        pytest.param(
            of_region("storage: {STANDARD: {gb: 1, yearly-loss: 2}}"), "wants a part", id="a part above the whole"
        ),
        pytest.param(
            of_region("volumes: {io2: {gib: 1, tiers: [{from: 9, iops: 1}, {from: 3, iops: 1}]}}"),
            "in the order",
            id="tiers in no order",
        ),
        pytest.param(
            of_region("volumes: {io2: {gib: 1, teirs: []}}"), "teirs: is no field: did you mean tiers", id="a slip"
        ),
    ],
)
def test_a_fault_is_named_with_its_line_and_a_reason(text: str, fault: str):
    found = refused(text)
    assert found.startswith("line ")
    assert re.search(fault, found)


@pytest.mark.parametrize("missing", ["date", "source", "usual", "regions"])
def test_a_table_says_everything(missing: str):
    fields = {
        "date": "2026-01-01",
        "source": "here",
        "usual": "{small: a, large: b, volume: c, balancer: d}",
        "regions": "{}",
    }
    text = "\n".join(f"{name}: {value}" for name, value in fields.items() if name != missing)
    with pytest.raises(BadDefinition, match=f"{missing}: is missing"):
        definitions.read_table(text, "table.yaml")
