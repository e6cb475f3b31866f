"""Labels: what our snapshots say of themselves reads back as it was written, and strangers are told apart."""

import re
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.snapshots import labels
from chalicelib.snapshots.labels import APPLICATION, COPIES_SHOW, CRASH, Label
from chalicelib.snapshots.slots import SlotKind
from tests.snapshots.worlds import ALL_KINDS, NOW, STACK, moment, planned, volume, world

VOLUME, SNAPSHOT = "vol-0123456789abcdef0", "snap-0123456789abcdef0"
OWN = Label("daily", ("daily/2026-11-26", "weekly/2026-W48"), "a test wants it", volume=VOLUME)
OF_A_SET = replace(OWN, volume="", instance="i-0123456789abcdef0")
COPY = replace(OWN, copy_of=SNAPSHOT, taken=moment("2026-11-26 03:00"))
TAKEN_BY_EVERY_SERVICE = re.compile(r"[\w .:/=+\-@]{0,256}")


def read(label: Label, shows: str = VOLUME, *, description: str | None = None, **tags: str | None) -> Label | str:
    """Read a label back; tags are said without their prefix, and None takes one away."""
    said: dict[str, str | None] = {**label.tags(STACK)}
    said |= {f"groundskeeper:{name.replace('_', '-')}": value for name, value in tags.items()}
    kept = {key: value for key, value in said.items() if value is not None}
    return labels.read(kept, label.description(STACK) if description is None else description, shows, STACK)


def said_of(label: Label, **said: str) -> Label | str:
    """Read a label whose description says something else, by words that are exchanged in it."""
    description = label.description(STACK)
    for old, new in said.items():
        description = description.replace(WORDS[old], new)
    return read(label, description=description)


WORDS = {
    "slots": "daily/2026-11-26 weekly/2026-W48",
    "stack": "garden",
    "policy": "daily ",
    "copy_of": SNAPSHOT,
    "volume": VOLUME,
    "taken": "2026-11-26T03:00:00Z",
}


@pytest.mark.parametrize(
    ("label", "shows"),
    [
        pytest.param(OWN, VOLUME, id="of one volume"),
        pytest.param(OF_A_SET, VOLUME, id="of a set, which names no volume"),
        pytest.param(COPY, COPIES_SHOW, id="a copy"),
        pytest.param(COPY, VOLUME, id="a copy that shows its volume: AWS promises nothing"),
        pytest.param(replace(OWN, consistency=APPLICATION, product_codes=("abc", "def")), VOLUME, id="with all else"),
    ],
)
def test_what_is_written_reads_back(label: Label, shows: str):
    assert read(label, shows) == label


def test_tags_that_would_be_empty_are_left_out():
    assert OWN.tags(STACK) == {
        "groundskeeper:stack": STACK,
        "groundskeeper:policy": "daily",
        "groundskeeper:slots": "daily/2026-11-26 weekly/2026-W48",
        "groundskeeper:because": "a test wants it",
        "groundskeeper:consistency": CRASH,
        "groundskeeper:volume": VOLUME,
    }


def test_a_label_tells_the_periods_and_kinds_of_its_slots():
    assert OWN.period(SlotKind.WEEKLY) == "2026-W48"
    assert OWN.period(SlotKind.HOURLY) == ""
    assert OWN.kinds == (SlotKind.DAILY, SlotKind.WEEKLY)


def test_the_description_says_what_matters_and_of_a_copy_its_source_volume_and_moment():
    assert OWN.description(STACK) == "Groundskeeper garden: daily daily/2026-11-26 weekly/2026-W48"
    source = f"({SNAPSHOT} of {VOLUME} at 2026-11-26T03:00:00Z)"
    assert COPY.description(STACK) == f"{OWN.description(STACK)} {source}"
    assert OWN.description(STACK).startswith(labels.begin(STACK))


@pytest.mark.parametrize(
    ("found", "why"),
    [
        pytest.param(read(OWN, description="[Copied snap-1 from eu-west-1]"), "by hand", id="a copy by hand"),
        pytest.param(
            read(OWN, description=f"[Copied snap-1 from eu-west-1] {OWN.description(STACK)}"),
            "by hand",
            id="a copy by hand, in the console",
        ),
        pytest.param(read(OWN, description=""), "by hand", id="a copy by hand from the command line"),
        pytest.param(read(OWN, COPIES_SHOW), "a copy that we did not make", id="a copy with tags and description"),
        pytest.param(read(OF_A_SET, COPIES_SHOW), "a copy that we did not make", id="the same of a set"),
        pytest.param(
            read(OWN, description=OWN.description("other")), "not one that garden writes", id="another's description"
        ),
        pytest.param(read(OWN, description=OWN.description("garden2")), "by hand", id="a stack of a longer name"),
        pytest.param(read(OWN, description=OWN.description("Garden")), "by hand", id="a stack in capitals"),
        pytest.param(read(OWN, description=f" {OWN.description(STACK)}"), "by hand", id="a space before it"),
        pytest.param(read(OWN, description=f"{OWN.description(STACK)} "), "by hand", id="a space behind it"),
        pytest.param(read(OWN, description=f"{OWN.description(STACK)} (mine)"), "by hand", id="a word behind it"),
        pytest.param(read(OWN, description="Groundskeeper garden: daily"), "by hand", id="no slots"),
        pytest.param(said_of(OWN, slots=""), "by hand", id="a space for slots"),
        *[
            pytest.param(said_of(OWN, slots=slots), f"no such slots as its description names: {slots}", id=slots)
            for slots in (
                "daily",
                "daily/",
                "/2026-11-26",
                "daily/2026-11",
                "dayly/2026-11-26",
                "daily/2026-11-26 weekly",
                "daily/2026-11-26,weekly/2026-W48",
                "hourly/2026-11-26T10",
                "Daily/2026-11-26",
                "weekly/2026-48",
            )
        ],
        pytest.param(said_of(COPY, volume=""), "by hand", id="a copy without a volume"),
        pytest.param(said_of(COPY, volume="the database"), "by hand", id="a copy of something else"),
        pytest.param(said_of(COPY, copy_of="ami-1"), "by hand", id="a copy of an image"),
        pytest.param(said_of(COPY, taken=""), "by hand", id="a copy of an unknown time"),
        pytest.param(said_of(COPY, taken="2026-02-30T00:00:00Z"), "names no time: 2026-02-30", id="what never was"),
        pytest.param(
            said_of(COPY, taken="yesterday"), "its description names no time: yesterday", id="a time in words"
        ),
        pytest.param(labels.read({}, "", VOLUME, STACK), "by hand", id="no tags and no description"),
    ],
)
def test_a_stranger_with_tags_like_ours_is_told_apart_and_why_is_said(found: Label | str, why: str):
    assert isinstance(found, str)
    assert why in found


@pytest.mark.parametrize(
    "slot",
    [
        "daily/2026-99-99",
        "weekly/2026-W99",
        "weekly/2027-W53",
        "monthly/2026-13",
        "hourly/2026-11-26T99Z",
        "yearly/0000",
    ],
)
def test_a_period_that_never_comes_is_not_ours(slot: str):
    """It would be the newest for ever, and push out a good one."""
    assert "no such slots" in str(said_of(OWN, slots=slot))


@pytest.mark.parametrize("slot", ["weekly/2026-W53", "weekly/2026-W01", "daily/2028-02-29", "hourly/2026-11-26T00Z"])
def test_a_period_that_comes_seldom_is_ours(slot: str):
    found = said_of(OWN, slots=slot)
    assert isinstance(found, Label)
    assert found.slots == (slot,)


# Who changes tags changes what people see, and nothing else


ELSE = {"stack": "other", "policy": "weekly", "slots": "daily/2020-01-01", "volume": "vol-1"}
ELSE_OF_COPIES = ELSE | {"copy-of": "snap-1", "taken": "2020-01-01T00:00:00Z"}


@pytest.mark.parametrize(
    ("label", "tag", "value"),
    [
        *[pytest.param(OWN, tag, value, id=f"{tag}, changed") for tag, value in ELSE.items()],
        *[pytest.param(OWN, tag, "", id=f"{tag}, emptied") for tag in ELSE],
        *[pytest.param(OWN, tag, None, id=f"{tag}, removed") for tag in ("stack", "policy", "slots")],
        *[pytest.param(OWN, tag, ELSE_OF_COPIES[tag], id=f"{tag}, added") for tag in ("copy-of", "taken")],
        pytest.param(OF_A_SET, "volume", "vol-1", id="of a set: volume, added"),
        pytest.param(OF_A_SET, "slots", "Daily/2026-11-26 weekly/2026-W48", id="of a set: in capitals"),
        *[pytest.param(COPY, tag, value, id=f"of a copy: {tag}, changed") for tag, value in ELSE_OF_COPIES.items()],
        *[pytest.param(COPY, tag, None, id=f"of a copy: {tag}, removed") for tag in ELSE_OF_COPIES],
    ],
)
def test_a_tag_that_is_not_as_we_wrote_it_is_told_and_changes_nothing_else(label: Label, tag: str, value: str | None):
    found = read(label, COPIES_SHOW if label.copy_of else VOLUME, **{tag: value})
    assert isinstance(found, Label)
    assert found.altered == f"its tags are not as we wrote them (groundskeeper:{tag})"
    assert replace(found, altered="", volume="") == replace(label, volume="")
    assert found.volume in ("", VOLUME), "the volume that EC2 shows, or a copy's description names"


def test_all_tags_that_are_not_as_we_wrote_them_are_named():
    found = read(OWN, policy="weekly", slots=None)
    assert isinstance(found, Label)
    assert found.altered == "its tags are not as we wrote them (groundskeeper:policy, groundskeeper:slots)"


@pytest.mark.parametrize("label", [OWN, OF_A_SET, COPY], ids=["of one volume", "of a set", "a copy"])
def test_what_has_no_tags_any_more_fills_its_slots_still(label: Label):
    found = labels.read({}, label.description(STACK), VOLUME, STACK)
    assert isinstance(found, Label)
    assert (found.policy, found.slots, found.taken) == (label.policy, label.slots, label.taken)
    assert found.copy_of == label.copy_of
    assert "groundskeeper:stack, groundskeeper:policy, groundskeeper:slots" in found.altered


def test_the_volume_tag_of_one_that_is_alone_may_go_since_ec2_shows_its_volume():
    found = read(OWN, volume=None)
    assert isinstance(found, Label)
    assert found == replace(OWN, volume="")


@pytest.mark.parametrize("tag", ["because", "consistency", "product-codes", "instance"])
def test_what_the_description_does_not_say_may_be_changed_by_anybody(tag: str):
    found = read(OWN, **{tag: "something else"})
    assert isinstance(found, Label)
    assert found.altered == ""


def test_what_is_written_again_from_what_was_read_is_the_same_though_tags_were_changed():
    """Else a copy of an altered one, or the note that it was made, would name other slots."""
    found = read(COPY, COPIES_SHOW, policy="weekly", slots="daily/2020-01-01", taken=None)
    assert isinstance(found, Label)
    assert found.description(STACK) == COPY.description(STACK)


def test_a_tag_that_is_written_by_others_does_no_harm():
    said = OWN.tags(STACK) | {"groundskeeper:colour": "green", "Name": "web", "aws:cloudformation:stack-name": "x"}
    assert labels.read(said, OWN.description(STACK), VOLUME, STACK) == OWN


PERIODS = {
    SlotKind.HOURLY: "%Y-%m-%dT%HZ",
    SlotKind.DAILY: "%Y-%m-%d",
    SlotKind.WEEKLY: "%G-W%V",
    SlotKind.MONTHLY: "%Y-%m",
    SlotKind.YEARLY: "%Y",
}
MOMENTS = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC)).map(  # noqa: DTZ001
    lambda at: at.replace(microsecond=0)
)
IDS = st.from_regex(r"[0-9a-f]{8}([0-9a-f]{9})?", fullmatch=True)
PLAIN = st.text(st.characters(categories=["L", "N"], include_characters=" .:/=+-@_"), max_size=256)
CODES = st.lists(st.from_regex(r"[a-z0-9]{1,25}", fullmatch=True), max_size=8).map(tuple)


@st.composite
def any_label(draw: st.DrawFn, because: st.SearchStrategy[str] = PLAIN) -> Label:
    kinds = draw(st.lists(st.sampled_from(SlotKind), min_size=1, unique=True))
    slots = tuple(f"{kind}/{draw(MOMENTS).strftime(PERIODS[kind])}" for kind in kinds)
    is_copy = draw(st.booleans())
    return Label(
        policy=draw(st.from_regex(r"[a-z0-9-]{1,32}", fullmatch=True)),
        slots=slots,
        because=draw(because),
        consistency=draw(st.sampled_from([CRASH, APPLICATION])),
        product_codes=draw(CODES),
        instance=draw(st.one_of(st.just(""), IDS.map(lambda id_: f"i-{id_}"))),
        volume=f"vol-{draw(IDS)}" if is_copy else draw(st.sampled_from(["", VOLUME])),
        copy_of=f"snap-{draw(IDS)}" if is_copy else "",
        taken=draw(MOMENTS) if is_copy else None,
    )


thorough = settings(max_examples=60, deadline=None, derandomize=True, database=None)


@thorough
@given(any_label())
def test_the_tags_of_any_label_read_back_as_the_same_label(label: Label):
    assert read(label, COPIES_SHOW if label.copy_of else VOLUME) == label


@thorough
@given(any_label(), st.dictionaries(st.sampled_from([*COPY.tags(STACK), "x"]), st.one_of(st.none(), st.text())))
def test_whatever_becomes_of_its_tags_a_label_keeps_its_policy_slots_and_source(
    label: Label, tags: dict[str, str | None]
):
    kept = {key: value for key, value in {**label.tags(STACK), **tags}.items() if value is not None}
    found = labels.read(kept, label.description(STACK), COPIES_SHOW if label.copy_of else VOLUME, STACK)
    assert isinstance(found, Label)
    assert (found.policy, found.slots, found.copy_of) == (label.policy, label.slots, label.copy_of)
    assert (found.taken, found.description(STACK)) == (label.taken, label.description(STACK))
    assert not label.copy_of or found.volume == label.volume
    wrong = [key for key, value in label.tags(STACK).items() if key in BOUND and kept.get(key) != value]
    assert all(key in found.altered for key in wrong if label.copy_of or key != "groundskeeper:volume")


BOUND = {f"groundskeeper:{name}" for name in ("stack", "policy", "slots", "volume", "copy-of", "taken")}


@thorough
@given(any_label(st.text()))
def test_whatever_is_said_each_tag_is_one_that_every_service_takes(label: Label):
    for key, value in label.tags(STACK).items():
        assert TAKEN_BY_EVERY_SERVICE.fullmatch(key)
        assert TAKEN_BY_EVERY_SERVICE.fullmatch(value), (key, value)
        assert value.isprintable()
    assert len(label.description(STACK)) <= 255


@thorough
@given(st.dictionaries(st.sampled_from([*COPY.tags(STACK), "x"]), st.text()), st.text(), st.text())
def test_any_tags_are_read_or_refused_with_a_reason(tags: dict[str, str], description: str, shows: str):
    found = labels.read(COPY.tags(STACK) | tags, description, shows, STACK)
    assert isinstance(found, Label) or found


@thorough
@given(st.from_regex(rf"Groundskeeper {STACK}: [^\n]*", fullmatch=True))
def test_any_description_that_begins_like_ours_is_read_or_refused_with_a_reason(description: str):
    found = labels.read(COPY.tags(STACK), description, VOLUME, STACK)
    assert isinstance(found, Label) or found


LONGEST = Label(
    policy="p" * 32,  # definitions.py
    slots=("hourly/2026-11-26T12Z", "daily/2026-11-26", "weekly/2026-W48", "monthly/2026-11", "yearly/2026"),
    because="",
    volume=VOLUME,
    copy_of=SNAPSHOT,
    taken=NOW,
)


def test_the_longest_description_is_not_too_long_for_ec2():
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateSnapshot.html (Description)."""
    stack = "s" * 42  # settings.py
    assert len(LONGEST.description(stack)) <= labels.LONGEST_DESCRIPTION == 255
    assert labels.read(LONGEST.tags(stack), LONGEST.description(stack), COPIES_SHOW, stack) == LONGEST


@pytest.mark.parametrize("length", [255, 256, 257, 10_000])
def test_a_long_because_is_shortened(length: int):
    value = replace(OWN, because="b" * length).tags(STACK)["groundskeeper:because"]
    assert len(value) == min(length, 256)
    assert value.endswith("...") == (length > 256)


def test_many_product_codes_make_no_tag_that_ec2_refuses():
    codes = tuple(f"{number:025}" for number in range(12))
    said = replace(OWN, product_codes=codes).tags(STACK)
    assert all(len(value) <= 256 for value in said.values())
    found = read(replace(OWN, product_codes=codes))
    assert isinstance(found, Label)
    assert set(found.product_codes) <= set(codes), "a code that is cut in two is not one"
    assert len(found.product_codes) == 9


def test_the_because_of_a_plan_is_read_back_as_it_was_written():
    (create,) = planned(world(volume(1, "all")), ALL_KINDS).creates
    assert create.label(frozen=False).tags(STACK)["groundskeeper:because"] == create.because
