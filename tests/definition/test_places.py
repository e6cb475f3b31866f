"""Checked access: values of the forms that are wanted, and every fault with its line, path and reason."""

import re
import zoneinfo
from enum import StrEnum
from importlib import resources
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from chalicelib.definition import tree
from chalicelib.definition.forms import Form, decimal, did_you_mean, matching, one_of, shown, time_zone, whole
from chalicelib.definition.places import MOST_FAULTS, Faults, Place, document
from chalicelib.errors import BadDefinition


class Size(StrEnum):
    SMALL = "small"
    LARGE = "large"


WORD = matching(re.compile(r"[a-z]+"), "a word")


@pytest.mark.parametrize(
    ("form", "good", "bad"),
    [
        pytest.param(
            whole(1, 100),
            {"1": 1, "80": 80, "100": 100},
            ["0", "101", "-1", "+1", "010", "0x1f", "1_0", "1.0", "1e1", " 1", "²", "٣", "", "9" * 5000],
            id="whole numbers",
        ),
        pytest.param(
            decimal(0, 60),
            {"0": 0.0, "2.5": 2.5, "60": 60.0, "0.125": 0.125},
            ["60.001", "-1", "1:30", ".5", "5.", "1e1", "nan", "inf", "0.0001", "01", "1_0", "9" * 5000],
            id="numbers",
        ),
        pytest.param(one_of(Size), {"small": Size.SMALL}, ["SMALL", "Small", "", "smal"], id="choices"),
        pytest.param(WORD, {"abc": "abc"}, ["", "abc\n", "a b"], id="patterns"),
        pytest.param(
            time_zone(),
            {name: ZoneInfo(name) for name in ("UTC", "Europe/Berlin", "Etc/GMT+5")},
            ["", "Berlin", "europe/berlin", "../etc/passwd", "zones", "zone.tab", "Europe", "localtime", "posixrules"],
            id="time zones",
        ),
    ],
)
def test_a_form_takes_what_it_wants_and_nothing_else(form: Form[object], good: dict[str, object], bad: list[str]):
    assert {text: form.parse(text) for text in good} == good
    assert [text for text in bad if form.parse(text) is not None] == []


def test_a_zone_that_only_this_machine_has_is_unknown_as_it_is_where_lambda_runs(tmp_path: Path):
    (tmp_path / "Mars").mkdir()
    (tmp_path / "Mars" / "Olympus").write_bytes(resources.files("tzdata.zoneinfo").joinpath("UTC").read_bytes())
    zoneinfo.reset_tzpath([tmp_path])
    try:
        assert "Mars/Olympus" in zoneinfo.available_timezones()
        assert time_zone().parse("Mars/Olympus") is None
    finally:
        zoneinfo.reset_tzpath()


def test_a_form_says_what_it_wants():
    assert [one_of(Size).wants, whole(1, 9).wants] == ["small or large", "a whole number from 1 to 9"]


def test_an_unknown_word_is_compared_with_those_there_are():
    assert did_you_mean("Smll", ["small", "large"]) == "did you mean small?"
    assert did_you_mean("blue", ["small", "large"]) == "there are small and large"
    assert did_you_mean("blue", []) == "there are none"


def test_what_is_shown_is_short_and_on_one_line():
    assert shown("a\nb") == r"'a\nb'"
    assert len(shown("x" * 1_000)) == 63


def look(root: Place) -> object:
    fields = root.fields("a mapping with the field boxes", ("boxes", "size", "words"))
    boxes = fields.need_place("boxes", "a mapping of boxes")
    entries = boxes.entries("a mapping of boxes", 1, 3) if boxes else {}
    words = fields.place("words")
    return (
        {name: place.fields("a box", ("width",)).need("width", whole(1, 9)) for name, place in entries.items()},
        fields.take("size", one_of(Size), Size.SMALL),
        [place.scalar(WORD) for place in (words.items("a list of words", 3) if words else [])],
    )


def test_what_is_right_is_read():
    with document("boxes: {a: {width: 3}}\nwords: [x, y]", "boxes.yaml") as root:
        read = look(root)
    assert read == ({"a": 3}, Size.SMALL, ["x", "y"])


@pytest.mark.parametrize(
    ("text", "faults"),
    [
        pytest.param(
            "- a", ["line 1: wants a mapping with the field boxes, and is a list"], id="the root is of another kind"
        ),
        pytest.param("---", ["line 1: wants a mapping with the field boxes, and is empty"], id="the root is empty"),
        pytest.param("size: large", ["line 1: boxes: is missing: wants a mapping of boxes"], id="a field is missing"),
        pytest.param(
            "boxes:\n  a:\n    width: 10",
            ["line 3: boxes.a.width: wants a whole number from 1 to 9, and is '10'"],
            id="a scalar is not of its form",
        ),
        pytest.param(
            "boxes:\n\n  a: {}\n",
            ["line 3: boxes.a.width: is missing: wants a whole number from 1 to 9"],
            id="a field is missing further down",
        ),
        pytest.param(
            "boxes:\n  a: {width: [1]}\n  b: {width: {c: d}}\n  c: {width: }",
            [
                "line 2: boxes.a.width: wants a whole number from 1 to 9, and is a list",
                "line 3: boxes.b.width: wants a whole number from 1 to 9, and is a mapping",
                "line 4: boxes.c.width: wants a whole number from 1 to 9, and is empty",
            ],
            id="there is no scalar where one is wanted",
        ),
        pytest.param(
            "size: large\nsize: small\nboxes: {a: {width: 1, width: 2}}",
            [
                "line 2: size: is said twice, first on line 1: leave one out",
                "line 3: boxes.a.width: is said twice, first on line 3: leave one out",
            ],
            id="a key is said twice",
        ),
        pytest.param(
            "boxes: {a: {width: 1}}\nsizes: large\ncolour: red",
            [
                "line 2: sizes: is no field: did you mean size?",
                "line 3: colour: is no field: there are boxes, size and words",
            ],
            id="a field is unknown",
        ),
        pytest.param(
            "boxes:\n  a: &a {width: 1}\n  b:\n    <<: *a\n",
            [
                "line 3: boxes.b.width: is missing: wants a whole number from 1 to 9",
                "line 4: boxes.b.'<<': mappings are not merged here: write its fields out",
            ],
            id="a mapping would be merged",
        ),
        pytest.param(
            "? [a]\n: b\n? {a: b}\n: c\n? \n: d\nboxes: {a: {width: 1}}",
            [
                "line 1: '?': a key is a text, and this is a list",
                "line 3: '?': a key is a text, and this is a mapping",
                "line 5: '?': a key is a text, and this is empty",
            ],
            id="a key is no text",
        ),
        pytest.param("boxes: {}", ["line 1: boxes: has 0 entries, and wants 1 at least"], id="there are too few"),
        pytest.param(
            "size: huge\nboxes: {a: x, b: x, c: x, d: x}",
            ["line 2: boxes: has 4 entries, and 3 are the most: the rest of the file was not looked at"],
            id="there are too many",
        ),
        pytest.param(
            "boxes: {a: {width: 1}}\nwords:\n  - a\n  - B\n  - [c]",
            ["line 4: words[1]: wants a word, and is 'B'", "line 5: words[2]: wants a word, and is a list"],
            id="an item is not of its form",
        ),
        pytest.param(
            "boxes: {a: {width: 1}}\nwords: a",
            ["line 2: words: wants a list of words, and is 'a'"],
            id="there is no list",
        ),
        pytest.param(
            'boxes:\n  "A b\\nc": {}',
            [r"line 2: boxes.'A b\nc'.width: is missing: wants a whole number from 1 to 9"],
            id="a name is odd, and the path has it in quotes",
        ),
        pytest.param("boxes: [", ["line 1: is not YAML: while parsing a flow node"], id="it is not YAML"),
    ],
)
def test_each_fault_is_named_with_its_line_where(text: str, faults: list[str]):
    with pytest.raises(BadDefinition) as caught, document(text, "boxes.yaml") as root:
        look(root)
    said = [fault[: len(wanted)] for fault, wanted in zip(caught.value.faults, faults, strict=True)]
    assert said == faults
    assert str(caught.value) == "\n".join(["boxes.yaml is refused:", *caught.value.faults])


def test_a_fault_of_an_alias_is_where_its_anchor_is():
    with pytest.raises(BadDefinition) as caught, document("boxes:\n  a: &a {width: x}\n  b: *a", "boxes.yaml") as root:
        look(root)
    wants = "wants a whole number from 1 to 9, and is 'x'"
    assert caught.value.faults == (f"line 2: boxes.a.width: {wants}", f"line 2: boxes.b.width: {wants}")


def test_faults_are_named_up_to_a_number():
    text = "\n".join(f"f{number}: x" for number in range(20_000))
    with pytest.raises(BadDefinition) as caught, document(text, "boxes.yaml") as root:
        look(root)
    assert len(caught.value.faults) == MOST_FAULTS + 1
    assert caught.value.faults[-1] == "there may be more: these are the first 100 that were found"


def test_only_what_is_wrong_is_unsound():
    faults = Faults("boxes.yaml")
    fields = Place(tree.read("size: huge"), 1, "", faults).fields("a mapping", ("size", "words"))
    assert fields.take("size", one_of(Size), Size.SMALL) is Size.SMALL
    assert fields.take("words", WORD, "none") == "none"
    assert [name for name in ("size", "words") if fields.is_sound(name)] == ["words"]
    assert len(faults.found) == 1
