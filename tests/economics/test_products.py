"""Products of the price list: one price that is said for certain, or none."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.economics.prices import VolumePrice
from chalicelib.economics.products import hour, product, volumes
from tests.economics.offers import EBS, changed, ebs, offer

SOUND = offer("0.1150000000", instanceType="m5.large")
TERM = ("terms", "OnDemand", "SKU.JRTCKXETXF")
DIMENSION = (*TERM, "priceDimensions", "SKU.JRTCKXETXF.6YS6EN2CT7")


def test_a_product_says_its_price_its_unit_and_what_it_is():
    found = product(SOUND)
    assert found
    assert (found.price, found.unit, found.attributes) == (0.115, "Hrs", {"instanceType": "m5.large"})


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="empty"),
        pytest.param("[]", id="a list"),
        pytest.param("null", id="null"),
        pytest.param("{", id="cut off"),
        pytest.param(offer(None), id="no term on demand"),
        pytest.param(changed(SOUND, *TERM, "priceDimensions", value={}), id="no price"),
        pytest.param(
            changed(SOUND, *TERM, "priceDimensions", "second", value=json.loads(SOUND)["terms"]),
            id="prices by quantity",
        ),
        pytest.param(changed(SOUND, "terms", "OnDemand", "second", value={}), id="two terms"),
        pytest.param(changed(SOUND, *DIMENSION, "pricePerUnit", value={"CNY": "0.5"}), id="another currency"),
        pytest.param(changed(SOUND, *DIMENSION, "pricePerUnit", "USD", value="free"), id="no number"),
        pytest.param(changed(SOUND, *DIMENSION, "pricePerUnit", "USD", value="NaN"), id="nan"),
        pytest.param(
            changed(SOUND, *DIMENSION, "pricePerUnit", "USD", value="0.0000000000"), id="0: no price is not 0"
        ),
        pytest.param(changed(SOUND, *DIMENSION, "pricePerUnit", "USD", value="-1"), id="negative"),
        pytest.param(changed(SOUND, *DIMENSION, "unit", value=None), id="no unit"),
        pytest.param(changed(SOUND, "product", "attributes", value=[]), id="no attributes"),
    ],
)
def test_a_document_that_does_not_say_one_price_says_none(text: str):
    assert product(text) is None


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(),
        lambda each: st.lists(each) | st.dictionaries(st.text(), each),
    )
)
def test_any_document_is_read_without_an_error(document: object):
    assert product(json.dumps(document)) is None


@pytest.mark.parametrize(
    ("texts", "price"),
    [
        pytest.param([SOUND], 0.115, id="one"),
        pytest.param([], None, id="none"),
        pytest.param([SOUND, SOUND], None, id="two: never a guess"),
        pytest.param([SOUND, "broken"], None, id="one, and one that cannot be read"),
        pytest.param([SOUND, offer("9", marketoption="CapacityBlock")], 0.115, id="a capacity block is another thing"),
        pytest.param([offer("0.1", marketoption="OnDemand")], 0.1, id="on demand, said so"),
        pytest.param([offer("0.1", unit="Quantity")], None, id="not by the hour"),
    ],
)
def test_an_hour_has_the_price_of_the_one_product(texts: list[str], price: float | None):
    assert hour(map(product, texts)) == price


def test_volumes_are_put_together_of_their_parts():
    found = volumes(map(product, EBS))
    assert found["gp3"] == VolumePrice(0.0952, 0.006, 3_000, 48.7424 / 1_024, 125)
    assert found["standard"] == VolumePrice(0.059, million_io=0.000000059 * 1_000_000)
    assert found == {
        "standard": found["standard"],
        "gp2": VolumePrice(0.119),
        "gp3": found["gp3"],
        "io1": VolumePrice(0.149, 0.078),
        "io2": VolumePrice(0.149, 0.078, tiers=((32_000, 0.0546), (64_000, 0.03822))),
        "st1": VolumePrice(0.054),
        "sc1": VolumePrice(0.018),
    }


@pytest.mark.parametrize(
    "usage", ["VolumeIOUsage", "VolumeP-IOPS.gp3", "VolumeP-Throughput.gp3", "VolumeP-IOPS.io2.tier3"]
)
def test_a_volume_of_which_a_part_has_no_price_has_none(usage: str):
    parts = [text for text in EBS if f'"EUC1-EBS:{usage}"' not in text]
    assert len(parts) == len(EBS) - 1
    gone = volumes(map(product, EBS)).keys() - volumes(map(product, parts)).keys()
    assert gone == {{"VolumeIOUsage": "standard"}.get(usage) or usage.split(".")[1]}


def test_a_volume_of_which_a_part_has_two_prices_has_none():
    assert "gp2" not in volumes(map(product, [*EBS, ebs("VolumeUsage.gp2", "0.2", "GB-Mo")]))


def test_a_unit_that_is_not_known_is_no_price():
    assert volumes([product(ebs("VolumeUsage.gp2", "0.1", "TB-Mo"))]) == {}


def test_us_east_1_has_usage_types_without_its_name():
    text = offer("0.1", "GB-Mo", usagetype="EBS:VolumeUsage.gp2")
    assert volumes([product(text)]) == {"gp2": VolumePrice(0.1)}
