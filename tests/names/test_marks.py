"""Marks survive being written and read; what is no mark is never taken for one."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.names.marks import Mark
from chalicelib.names.model import Place, Ref
from tests.names.fakes import DOMAIN, HERE, OWNER, FakeZone, instance

labels = st.from_regex(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", fullmatch=True)
marks = st.builds(
    Mark,
    st.builds(
        Ref,
        st.builds(Place, st.from_regex(r"\d{12}", fullmatch=True), st.sampled_from(["eu-west-1", "us-gov-east-1"])),
        st.just(instance(1).id),
    ),
    st.lists(labels, max_size=20, unique=True).map(tuple),
    st.sampled_from([("CNAME",), ("A",), ("AAAA",), ("A", "AAAA")]),
    st.booleans(),
)


@given(marks)
def test_a_mark_is_read_back_as_it_was_written(mark: Mark):
    record = mark.record(OWNER, DOMAIN)
    assert Mark.parse(instance(1).id, record.values[0]) == mark


@given(marks)
def test_no_character_string_of_a_mark_has_more_than_255_octets(mark: Mark):
    (value,) = mark.record(OWNER, DOMAIN).values
    strings = re.findall(r'"([^"]*)"', value)
    assert " ".join(f'"{string}"' for string in strings) == value
    assert all(len(string) <= 255 for string in strings)


def test_a_mark_is_short_since_route_53_counts_characters():
    (value,) = Mark(Ref(HERE, instance(1).id), ("web",)).record(OWNER, DOMAIN).values
    assert value == '"123456789012 eu-west-1 web"'


@pytest.mark.parametrize(
    "text",
    [
        pytest.param('""', id="empty"),
        pytest.param('"v=spf1 -all"', id="something else"),
        pytest.param('"1234 eu-west-1 web"', id="a short account number"),
        pytest.param('"123456789012 eu-west-1 web db "', id="a trailing space"),
        pytest.param('"123456789012 eu-west-1 we.b"', id="a dot in a label"),
        pytest.param('"123456789012 eu-west-1 MX web"', id="a type that we never write"),
        pytest.param("123456789012 eu-west-1 web", id="without quotes"),
    ],
)
def test_what_is_not_a_marks_text_is_no_mark(text: str):
    with pytest.raises(ValueError, match="not the text of a mark"):
        Mark.parse(instance(1).id, text)


def test_two_values_at_a_marks_name_are_no_mark():
    zone = FakeZone()
    record = Mark(Ref(HERE, instance(1).id)).record(OWNER, DOMAIN)
    zone.put(type(record)(record.name, "TXT", 300, (*record.values, '"more"')))
    assert zone.read().marks == {}
    assert [problem.kind for problem in zone.read().unreadable_marks] == ["mark"]
