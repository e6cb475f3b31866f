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
from tests.snapshots.worlds import STACK, moment, planned, volume, world

VOLUME, SNAPSHOT = "vol-0123456789abcdef0", "snap-0123456789abcdef0"
OWN = Label("daily", ("daily/2026-11-26", "weekly/2026-W48"), "a test wants it", volume=VOLUME)
OF_A_SET = replace(OWN, volume="", instance="i-0123456789abcdef0")
COPY = replace(OWN, copy_of=SNAPSHOT, taken=moment("2026-11-26 03:00"))
TAKEN_BY_EVERY_SERVICE = re.compile(r"[\w .:/=+\-@]{0,256}")


def read(label: Label, shows: str = VOLUME, *, description: str | None = None, **tags: str) -> Label | str:
    """Read a label back; tags are said without their prefix, and one that is empty is left out."""
    said = label.tags(STACK) | {f"groundskeeper:{name.replace('_', '-')}": value for name, value in tags.items()}
    kept = {key: value for key, value in said.items() if value}
    return labels.read(kept, label.description(STACK) if description is None else description, shows, STACK)


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


@pytest.mark.parametrize(
    ("found", "why"),
    [
        pytest.param(read(OWN, description="[Copied snap-1 from eu-west-1]"), "by hand", id="a copy by hand"),
        pytest.param(read(OWN, description=""), "by hand", id="a copy by hand from the command line"),
        pytest.param(read(OWN, COPIES_SHOW), "a copy that we did not make", id="a copy with tags and description"),
        pytest.param(read(OF_A_SET, COPIES_SHOW), "a copy that we did not make", id="the same of a set"),
        pytest.param(read(OWN, "vol-1"), f"it is of vol-1, and its tags say {VOLUME}", id="another volume"),
        pytest.param(read(OWN, stack="other"), "its tag groundskeeper:stack is not garden", id="another stack's tag"),
        pytest.param(
            read(OWN, description=OWN.description("other")), "not one that garden writes", id="another's description"
        ),
        pytest.param(read(OWN, description=OWN.description("garden2")), "by hand", id="a stack of a longer name"),
        pytest.param(read(OWN, policy=""), "do not say what it is for", id="no policy"),
        pytest.param(read(OWN, slots=""), "do not say what it is for", id="no slots"),
        *[
            pytest.param(read(OWN, slots=slots), "do not say what it is for", id=f"the slots {slots}")
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
        pytest.param(read(COPY, volume=""), "its tag groundskeeper:volume is ''", id="a copy without a volume"),
        pytest.param(read(COPY, volume="the database"), "'the database'", id="a copy of something else"),
        pytest.param(read(COPY, copy_of="ami-1"), "its tag groundskeeper:copy-of is 'ami-1'", id="a copy of an image"),
        pytest.param(read(COPY, taken=""), "its tag groundskeeper:taken is ''", id="a copy of an unknown time"),
        pytest.param(read(COPY, taken="2026-02-30T00:00:00Z"), "groundskeeper:taken", id="a time that never was"),
        pytest.param(read(COPY, taken="yesterday"), "'yesterday'", id="a time in words"),
        pytest.param(read(OWN, taken="2026-11-26T03:00:00Z"), "groundskeeper:taken", id="a time without a copy"),
        pytest.param(labels.read({}, "", VOLUME, STACK), "is not garden", id="no tags at all"),
    ],
)
def test_a_stranger_with_tags_like_ours_is_told_apart_and_why_is_said(found: Label | str, why: str):
    assert isinstance(found, str)
    assert why in found


@pytest.mark.parametrize("slot", ["daily/2026-99-99", "weekly/2026-W99", "monthly/2026-13", "hourly/2026-11-26T99Z"])
def test_a_period_that_never_comes_is_not_ours(slot: str):
    """It would be the newest for ever, and push out a good one."""
    assert isinstance(read(OWN, slots=slot), str)


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
        policy=draw(st.from_regex(r"[a-z0-9-]{1,63}", fullmatch=True)),
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
    (create,) = planned(world(volume(1, "all")), ALL).creates
    assert create.label(frozen=False).tags(STACK)["groundskeeper:because"] == create.because


ALL = "all: {schedules: {daily: {at: '03:00', keep: {count: 7}}, weekly: {at: '03:00', keep: {count: 4}}}}"
