"""What operators define: read with defaults, or refused with a line and a reason for each fault."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.derived import definitions
from chalicelib.derived.definitions import MOST_RULES, MOST_TRANSFORMATIONS
from chalicelib.derived.model import Animation, Fit, Format, Kind, Transformation
from chalicelib.errors import BadDefinition

PACKAGED = definitions.packaged()


def one(fields: str) -> Transformation:
    return definitions.read(f"transformations:\n  t: {{{fields}}}").transformations["t"]


def refused(text: str) -> tuple[str, ...]:
    with pytest.raises(BadDefinition) as caught:
        definitions.read(text)
    return caught.value.faults


def test_what_is_packaged_is_useful_as_it_is():
    packaged = definitions.read(PACKAGED)
    assert {name: made.kind.value for name, made in packaged.transformations.items()} == {
        "thumbnail": "image",
        "square": "image",
        "large": "image",
        "poster": "video-still",
        "cover": "pdf-page",
    }
    assert {made.kind for made in packaged.wanted("holiday.mp4")} == set(Kind)


def test_what_is_not_said_has_a_default():
    assert one("kind: image, box: 300x200") == Transformation("t", Kind.IMAGE, 300, 200)


def test_what_is_said_is_taken():
    said = 'kind: image, box: 8192x1, fit: pad, format: webp, quality: 1, background: "#A0b1C2", animation: keep'
    assert one(f"{said}, copyright: keep") == Transformation(
        "t", Kind.IMAGE, 8192, 1, Fit.PAD, Format.WEBP, 1, "#a0b1c2", Animation.KEEP, keep_copyright=True
    )
    assert one("kind: video-still, box: 1x1, second: 86400").second == 86_400
    assert one("kind: pdf-page, box: 1x1, page: 10000").page == 10_000


@pytest.mark.parametrize(("format_", "quality"), [("jpeg", 80), ("webp", 80), ("avif", 60), ("png", 80)])
def test_each_format_has_its_own_quality(format_: str, quality: int):
    assert one(f"kind: image, box: 1x1, format: {format_}").quality == quality


def test_two_spellings_of_one_definition_have_one_digest():
    short = one("kind: video-still, box: 300x300, second: 2")
    long = one('box: "300x300", kind: video-still, format: jpeg, quality: 80, background: "#FFFFFF", second: 2.0')
    assert short.digest == long.digest


BOXES = ["300", "0x5", "5x0", "8193x1", "1x8193", "99999x1", "-1x1", "1x1x1", "300X300", "300 x 300", "x", "²x1"]


@pytest.mark.parametrize("box", BOXES)
def test_a_malformed_box_is_named(box: str):
    (found,) = refused(f"transformations:\n  t:\n    kind: image\n    box: {box}")
    wants = f"WIDTHxHEIGHT such as 300x300, 8192x8192 at the most, and is '{box}'"
    assert found == f"line 4: transformations.t.box: wants {wants}"


IMAGE, VIDEO, PDF = (f"kind: {kind}, box: 1x1" for kind in ("image", "video-still", "pdf-page"))


@pytest.mark.parametrize(
    ("fields", "fault"),
    [
        ("box: 1x1", "kind: is missing: wants image, video-still or pdf-page"),
        ("kind: image", "box: is missing: wants WIDTHxHEIGHT such as 300x300"),
        ("kind: video, box: 1x1", "kind: wants image, video-still or pdf-page, and is 'video'"),
        (f"{IMAGE}, fit: fill", "fit: wants inside, cover or pad, and is 'fill'"),
        (f"{IMAGE}, format: jpg", "format: wants jpeg, png, webp or avif, and is 'jpg'"),
        (f"{IMAGE}, format: jpg, animation: keep", "format: wants jpeg, png, webp or avif, and is 'jpg'"),
        (f"{IMAGE}, quality: 0", "quality: wants a whole number from 1 to 100, and is '0'"),
        (f"{IMAGE}, quality: 101", "quality: wants a whole number from 1 to 100, and is '101'"),
        (f"{IMAGE}, format: png, quality: 80", "quality: means nothing for png, which loses nothing: leave it out"),
        (
            f"{IMAGE}, background: white",
            "background: wants a colour such as \"#ffffff\", with its quotes, and is 'white'",
        ),
        (f"{IMAGE}, background: ", 'background: wants a colour such as "#ffffff", with its quotes, and is empty'),
        (
            f"{IMAGE}, background: '#fff'",
            "background: wants a colour such as \"#ffffff\", with its quotes, and is '#fff'",
        ),
        (f"{IMAGE}, animation: all", "animation: wants first or keep, and is 'all'"),
        (f"{IMAGE}, animation: keep", "animation: keep wants the format webp, and this is jpeg"),
        (f"{PDF}, animation: keep", "animation: is for the kind image, and this is pdf-page: leave it out"),
        (f"{IMAGE}, copyright: yes", "copyright: wants keep or strip, and is 'yes'"),
        (f"{VIDEO}, copyright: strip", "copyright: is for the kind image, and this is video-still: leave it out"),
        (f"{IMAGE}, page: 1", "page: is for the kind pdf-page, and this is image: leave it out"),
        (f"{PDF}, page: 0", "page: wants a whole number from 1 to 10000, and is '0'"),
        (f"{PDF}, page: 10001", "page: wants a whole number from 1 to 10000, and is '10001'"),
        (f"{PDF}, page: 010", "page: wants a whole number from 1 to 10000, and is '010'"),
        (f"{IMAGE}, second: 0", "second: is for the kind video-still, and this is image: leave it out"),
        (f"{VIDEO}, second: 1:30", "second: wants a number from 0 to 86400 such as 2.5, and is '1:30'"),
        (f"{VIDEO}, second: 86400.1", "second: wants a number from 0 to 86400 such as 2.5, and is '86400.1'"),
        (f"{IMAGE}, widht: 3", "widht: is no field: there are kind, box, fit,"),
        (f"{IMAGE}, qualty: 3", "qualty: is no field: did you mean quality?"),
    ],
)
def test_a_malformed_field_is_named(fields: str, fault: str):
    (found,) = refused(f"transformations:\n\n  t: {{{fields}}}")
    assert found.startswith(f"line 3: transformations.t.{fault}")


@pytest.mark.parametrize("name", ["Thumbnail", "a b", "a_b", "a.b", '""', "é", "a" * 64, "a/b"])
def test_a_malformed_name_is_named(name: str):
    (found,) = refused(f"transformations:\n  {name}: {{kind: image, box: 1x1}}")
    assert found.startswith("line 2: transformations.")
    assert found.endswith(": wants a name of 1 to 63 of a-z, 0-9 and -")


def test_all_faults_are_named_in_the_order_of_their_lines():
    rules = "sources:\n- {prefix: a, transformations: [u]}\n"
    text = f"{rules}transformations:\n  t: {{kind: image}}\n  u: {{kind: x, box: 1x1}}\nz: 1"
    assert [fault.split(": ")[:2] for fault in refused(text)] == [
        ["line 4", "transformations.t.box"],
        ["line 5", "transformations.u.kind"],
        ["line 6", "z"],
    ]


def test_a_file_defines_something():
    wants = "wants a mapping of names to transformations"
    assert refused("sources: []") == (f"line 1: transformations: is missing: {wants}",)
    assert refused("transformations:") == (f"line 1: transformations: {wants}, and is empty",)
    assert refused("transformations: {}") == ("line 1: transformations: has 0 entries, and wants 1 at least",)


def many(transformations: int, rules: int) -> str:
    lines = ["transformations:", *(f"  t{n}: {{kind: image, box: 1x1}}" for n in range(transformations)), "sources:"]
    return "\n".join([*lines, *(f"- {{prefix: {n}/, transformations: [t0, t63]}}" for n in range(rules))])


def test_there_are_as_many_as_it_says_and_no_more():
    most = definitions.read(many(MOST_TRANSFORMATIONS, MOST_RULES))
    assert (len(most.transformations), len(most.rules)) == (64, 1_000)
    assert [made.name for made in most.wanted("999/a")] == ["t0", "t63"]
    assert "transformations: has 65 entries, and 64 are the most" in refused(many(MOST_TRANSFORMATIONS + 1, 1))[0]
    assert "sources: has 1001 entries, and 1000 are the most" in refused(many(MOST_TRANSFORMATIONS, MOST_RULES + 1))[0]


ODD = [
    *"|\"':[]{}#@%~é\t\0\ufeff\u2028\r\ud800\n",
    *("*a", "&a", "&a ", "!!", "! ", ">-", '"\\U', "1:30", "  ", "? ", "- ", ": ", "<<: *a"),
    *("---\n", "...\n", "%YAML 2.0\n", "[" * 99, "- *a\n" * 99),
    *("animation: keep", "    page: 0\n", "  square:\n", "format: png", "quality: 9", "prefix: a"),
]
LENGTHS = st.sampled_from([0, 0, 1, 3, 40, 4_000])
EDITS = st.tuples(st.integers(0, len(PACKAGED)), LENGTHS, st.lists(st.sampled_from(ODD), max_size=3))


def edited(edits: list[tuple[int, int, list[str]]]) -> str:
    text = PACKAGED
    for at, length, inserted in edits:
        text = text[:at] + "".join(inserted) + text[at + length :]
    return text


@given(st.lists(EDITS, min_size=1, max_size=4).map(edited), st.booleans())
def test_whatever_is_written_is_read_or_refused_with_lines(text: str, as_octets: bool):
    try:
        read = definitions.read(text.encode(errors="surrogatepass") if as_octets else text)
    except BadDefinition as refusal:
        numbers = [int(fault.removeprefix("line ").partition(":")[0]) for fault in refusal.faults]
        assert numbers
        assert numbers == sorted(numbers)
        assert 1 <= numbers[0] <= numbers[-1] <= len(text.splitlines()) + 1
    else:
        assert {name for rule in read.rules for name in rule.transformations} <= set(read.transformations)
