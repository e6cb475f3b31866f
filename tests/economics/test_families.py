"""Families of instance types: sizes that have prices of their own, and sizes in proportion to the large one."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.economics import definitions
from chalicelib.economics.platforms import LINUX
from chalicelib.errors import BadDefinition


def types(families: str) -> dict[str, float]:
    """Return the types that a file has, which says this of families of Linux in us-east-1."""
    text = f"date: 2026-10-01\nregions:\n  us-east-1:\n    instances:\n      Linux/UNIX:\n        {families}\n"
    return dict(definitions.read(text).regions["us-east-1"].instances[LINUX])


@pytest.mark.parametrize(
    ("family", "found"),
    [
        pytest.param("{large: 0.2}", {"m5.large": 0.2}, id="a price each"),
        pytest.param("{large: 0.2, sizes: []}", {"m5.large": 0.2}, id="no others"),
        pytest.param(
            "{large: 0.2, sizes: [nano, micro, small, medium, large, xlarge]}",
            {
                "m5.nano": 0.0125,
                "m5.micro": 0.025,
                "m5.small": 0.05,
                "m5.medium": 0.1,
                "m5.large": 0.2,
                "m5.xlarge": 0.4,
            },
            id="parts of it, itself, and twice as much",
        ),
        pytest.param(
            "{large: 0.0864, sizes: [3xlarge, 48xlarge]}",
            {"m5.3xlarge": 0.5184, "m5.48xlarge": 8.2944, "m5.large": 0.0864},
            id="many times as much, to the digit",
        ),
        pytest.param(
            "{large: 0.2, sizes: [medium, xlarge], medium: 0.11, metal: 9}",
            {"m5.medium": 0.11, "m5.xlarge": 0.4, "m5.large": 0.2, "m5.metal": 9.0},
            id="what is said counts more than what is reckoned",
        ),
    ],
)
def test_a_size_costs_what_is_said_or_in_proportion_to_the_large_one(family: str, found: dict[str, float]):
    assert types(f"m5: {family}") == found


@given(base=st.integers(0, 10**8), times=st.integers(2, 99))
def test_so_many_times_xlarge_cost_twice_as_many_times_large(base: int, times: int):
    large = f"{base // 100_000}.{base % 100_000:05}"
    found = types(f"m5: {{large: {large}, sizes: [{times}xlarge]}}")
    assert found[f"m5.{times}xlarge"] == 2 * times * base / 100_000


def test_a_list_of_sizes_serves_several_families():
    found = types("{m5: {large: 0.1, sizes: &all [xlarge, 2xlarge]}, r5: {large: 0.2, sizes: *all}}")
    assert (found["m5.2xlarge"], found["r5.2xlarge"]) == (0.4, 0.8)


@pytest.mark.parametrize(
    ("family", "fault"),
    [
        pytest.param("{sizes: [xlarge]}", "m5.sizes: wants the price of large beside it", id="no large one"),
        pytest.param("{large: 1, sizes: xlarge}", "m5.sizes: wants a list of sizes", id="no list"),
        pytest.param("{large: 1, sizes: [metal]}", r"m5.sizes\[0\]: wants a size from nano to 99xlarge", id="metal"),
        pytest.param("{large: 1, sizes: [0xlarge]}", r"m5.sizes\[0\]: wants a size", id="none of it"),
        pytest.param("{large: 1, sizes: [1xlarge]}", r"m5.sizes\[0\]: wants a size", id="xlarge by another name"),
        pytest.param("{large: 1, sizes: [100xlarge]}", r"m5.sizes\[0\]: wants a size", id="too large"),
        pytest.param("{large: much, sizes: [xlarge]}", "m5.large: wants a price in USD", id="no price"),
    ],
)
def test_a_list_of_sizes_that_means_nothing_is_a_fault_on_its_line(family: str, fault: str):
    with pytest.raises(BadDefinition) as caught:
        types(f"m5: {family}")
    (found,) = caught.value.faults
    assert re.match(f"line 6: regions.us-east-1.instances.*{fault}", found)
