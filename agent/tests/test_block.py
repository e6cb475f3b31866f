"""Properties of the block, for any bytes around it."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groundskeeper_hosts import block
from groundskeeper_hosts.errors import Refused


def has_no_marker(content: bytes) -> bool:
    """Hypothesis tries the constants of the code, markers too; what they do is tested by themselves."""
    return not re.search(rb"(^|\n)[ \t]*#[ \t]*(BEGIN|END)[ \t]+groundskeeper(?!-other)", content)


PIECES = [
    b"127.0.0.1 localhost",
    b"\n",
    b"\r\n",
    b"\0",
    b"\xe9\xff",
    b" ",
    b"\t",
    b"#",
    b"# BEGIN groundskeeper-other\n",
]
PIECES += [b"# END\n", b"10.0.0.1 a # BEGIN groundskeeper\n", b"x" * 70_000, b"\r", b"\x0b", b"\x85"]
CONTENT = st.one_of(st.binary(max_size=200), st.lists(st.sampled_from(PIECES), max_size=12).map(b"".join)).filter(
    lambda content: has_no_marker(content)
)
LINES = st.lists(st.integers(1, 250), max_size=5).map(
    lambda numbers: b"".join(b"10.0.0.%d\thost-%d.fleet.example\n" % (n, n) for n in numbers)
)


@given(CONTENT, LINES, LINES)
def test_no_byte_outside_the_block_is_changed(content: bytes, first: bytes, second: bytes) -> None:
    installed = block.put(content, first)
    assert block.split(installed).outside == content
    assert block.split(block.put(installed, second)).outside == content


@given(CONTENT, LINES)
def test_installing_twice_is_installing_once(content: bytes, lines: bytes) -> None:
    once = block.put(content, lines)
    assert block.put(once, lines) == once


@given(CONTENT, LINES, LINES)
def test_taking_the_block_out_gives_the_file_back_byte_for_byte(content: bytes, first: bytes, second: bytes) -> None:
    assert block.remove(block.put(content, first)) == content
    assert block.remove(block.put(block.put(content, first), second)) == content


@given(CONTENT, CONTENT, LINES, LINES)
def test_what_somebody_adds_after_the_block_survives(before: bytes, after: bytes, first: bytes, second: bytes) -> None:
    edited = block.put(before, first) + after
    outside = block.split(edited).outside
    assert outside in (before + after, before + b"\n" + after)  # the newline that joins them has become theirs
    assert block.split(block.put(edited, second)).outside == outside
    if after and before and not before.endswith(b"\n"):
        assert block.remove(edited) == before + b"\n" + after, "two lines must never become one"


@given(LINES)
def test_the_block_holds_the_lines_and_counts_them(lines: bytes) -> None:
    parts = block.split(block.put(b"127.0.0.1 localhost\n", lines))
    assert lines in parts.block
    assert parts.entries == lines.count(b"\n")


BEGIN, END = b"# BEGIN groundskeeper\n", b"# END groundskeeper\n"


@pytest.mark.parametrize(
    "markers",
    [
        pytest.param(BEGIN, id="begin without end"),
        pytest.param(END, id="end without begin"),
        pytest.param(END + BEGIN, id="reversed"),
        pytest.param(BEGIN + BEGIN + END + END, id="nested"),
        pytest.param(BEGIN + END + BEGIN + END, id="two blocks"),
        pytest.param(BEGIN + END + END, id="one end too many"),
        pytest.param(b"  #BEGIN".replace(b"#B", b"# B") + b" groundskeeper: edited\r\n", id="indented, edited, CRLF"),
        pytest.param(BEGIN.rstrip(), id="at the very end"),
    ],
)
def test_broken_markers_are_refused_with_their_lines(markers: bytes) -> None:
    with pytest.raises(Refused, match=r"line [2-5]"):
        block.split(b"127.0.0.1 localhost\n" + markers)


def test_a_file_that_an_editor_saved_with_crlf_or_without_its_last_newline_is_still_understood() -> None:
    installed = block.put(b"a\n", b"10.0.0.1\tx.fleet.example\n")
    for edited in (installed.replace(b"\n", b"\r\n"), installed[:-1]):
        again = block.put(edited, b"")
        assert again.count(b"BEGIN groundskeeper") == again.count(b"END groundskeeper") == 1


def test_the_newline_goes_with_the_block_only_while_the_block_is_last() -> None:
    installed = block.put(b"127.0.0.1 localhost", b"")
    assert block.remove(installed) == b"127.0.0.1 localhost"
    assert block.remove(installed + b"10.0.0.1 x\n") == b"127.0.0.1 localhost\n10.0.0.1 x\n"
