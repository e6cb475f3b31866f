"""What tags say: wishes of people, and our flags and notes; whatever is malformed protects."""

from datetime import date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.idle import marks
from chalicelib.idle.marks import Flag, Notice, Wish
from chalicelib.idle.model import FLAG, NOTICED, WISH, Instance
from tests.idle.fleets import ID, NOW, OLD, TODAY, ago, instance

FLAGGED_AT = NOW - timedelta(days=10)
FLAG_NOW = Flag(FLAGGED_AT, "compute-optimizer", ago(24), "peak CPU 1.0 percent at the most")
VALUE = FLAG_NOW.value(ID)
OTHER = "i-0fedcba9876543210"


def wish(said: str) -> Wish:
    return marks.wish(instance(tags={WISH: said}), TODAY)


def flagged(value: str = VALUE, launched: datetime = OLD) -> Instance:
    return instance(tags={FLAG: value}, launched=launched)


def noticed(note: str) -> Notice | None:
    return marks.notice(instance(tags={FLAG: VALUE, NOTICED: note}), FLAG_NOW, NOW)


def note(at: datetime) -> str:
    return Notice(at).value


def test_who_says_nothing_wishes_nothing():
    assert marks.wish(instance(), TODAY) == Wish()


@pytest.mark.parametrize("said", ["park", "Park", "PARK"])
def test_park_agrees_to_parking(said: str):
    assert wish(said) == Wish(parks=True)


@pytest.mark.parametrize("said", ["keep", "Keep", "KEEP"])
def test_keep_keeps_for_good(said: str):
    assert wish(said) == Wish(kept="its tag groundskeeper:idle says keep")


@pytest.mark.parametrize(
    ("day", "kept"),
    [
        pytest.param(ago(-1), True, id="until tomorrow"),
        pytest.param(TODAY, True, id="until today, which counts"),
        pytest.param(ago(1), False, id="until yesterday"),
        pytest.param(date.max, True, id="until the last day there is"),
        pytest.param(date.min, False, id="until the first day there was"),
    ],
)
def test_keep_until_a_day_keeps_through_that_day(day: date, kept: bool):
    found = wish(f"Keep until {day}")
    assert (bool(found.kept), found.parks, found.fault) == (kept, False, "")
    if kept:
        assert found.kept == f"its tag groundskeeper:idle says keep until {day}"


@pytest.mark.parametrize(
    "said",
    [
        *("", " ", "no", "kepe", "parked", "park!", "true", "stop", "keep forever", "park now", "never"),
        *(
            " park",
            "park ",
            " park ",
            "park\t",
            "\npark",
            "park\N{NO-BREAK SPACE}",
            " keep",
            "keep ",
            "keep  until 2027-01-31",
        ),
        *("park keep", "keep park", "keep, park", "park until 2027-01-31"),
        *("keep until", "keep until tomorrow", "until 2027-01-31", "keep until 2027-01-31 please", "keep 2027-01-31"),
        *("keep until 2027-02-30", "keep until 2027-13-01", "keep until 2027-00-10", "keep until 0000-01-01"),
        *("keep until 2027-1-31", "keep until 27-01-31", "keep until 20270131", "keep until 31.01.2027"),
        *("keep until 2027-W04-7", "keep until 2027-01-31T00:00Z", "keep until 12027-01-31", "keep until -027-01-31"),
        "keep until \N{ARABIC-INDIC DIGIT TWO}027-01-31",
        *("x" * 256, "keep until " * 20, "\N{RIGHT-TO-LEFT OVERRIDE}krap", "park\0"),
    ],
)
def test_what_is_malformed_keeps_and_says_so(said: str):
    found = wish(said)
    assert not found.parks
    assert found.fault.endswith(", and wants keep, keep until a day such as 2027-01-31, or park")
    assert found.kept == f"{found.fault}: until then it is left alone"
    assert found.fault.isprintable()
    assert len(found.kept) < 300


SAYINGS = st.sampled_from(["", "park", "keep", "keep until ", "Park "])


@given(st.tuples(SAYINGS, st.text(max_size=40)).map("".join))
def test_whatever_is_said_only_park_parks(said: str):
    found = wish(said)
    assert found.parks == (said.lower() == "park")
    assert not (found.parks and found.kept)
    assert found.parks or found.kept or said.lower().startswith("keep until ")


def test_a_flag_says_when_which_preset_since_when_and_why():
    said = f"2026-11-16T06:12Z {ID} compute-optimizer since 2026-11-02: peak CPU 1.0 percent at the most"
    assert FLAG_NOW.value(ID) == said
    assert marks.flag(flagged(), NOW) == FLAG_NOW


@given(
    st.integers(0, 10_000_000).map(lambda minutes: NOW - timedelta(minutes=minutes)),
    st.from_regex(r"[a-z0-9-]{1,32}", fullmatch=True),
    st.dates(),
    st.text(max_size=400),
)
def test_whatever_is_written_can_be_read_and_is_what_a_tag_may_hold(at: datetime, preset: str, since: date, why: str):
    value = Flag(at, preset, since, why).value(ID)
    assert len(value) <= 256
    assert value.isprintable()
    found = marks.flag(flagged(value, launched=at), NOW)
    assert found
    assert (found.at, found.preset, found.since) == (at, preset, since)
    assert value == Flag(at, preset, since, found.because).value(ID), "it is written again just as it is"


def test_a_flag_that_is_cut_at_256_characters_can_be_read():
    long = Flag(FLAGGED_AT, "x" * 32, ago(24), "why " * 100)
    value = long.value(ID)
    assert len(value) == 256
    found = marks.flag(flagged(value), NOW)
    assert found
    assert (found.at, found.since) == (FLAGGED_AT, ago(24))
    assert long.because.startswith(found.because)


def test_a_flag_holds_what_tags_may_hold_everywhere():
    said = Flag(NOW, "p", TODAY, "100 % of <CPU>; (\n\"quoted\" & 'so') on Größe 5.0 + 1 = 6/2, a@b:c_d").value(ID)
    assert said.partition(": ")[2] == "100 percent of CPU quoted  so on Größe 5.0 + 1 = 6/2 a@b:c_d"


def test_a_flag_that_was_copied_with_the_tags_of_another_instance_is_none():
    assert marks.flag(flagged(FLAG_NOW.value(OTHER)), NOW) is None


@pytest.mark.parametrize(
    ("launched", "counts"),
    [
        pytest.param(FLAGGED_AT - timedelta(days=1), True, id="started before"),
        pytest.param(FLAGGED_AT, True, id="started in that very moment"),
        pytest.param(FLAGGED_AT + timedelta(seconds=1), False, id="started just after it"),
        pytest.param(NOW, False, id="started now"),
    ],
)
def test_a_flag_from_before_the_last_start_is_none(launched: datetime, counts: bool):
    assert (marks.flag(flagged(launched=launched), NOW) is not None) == counts


@pytest.mark.parametrize(
    "value",
    [
        "",
        "idle",
        VALUE.replace("2026-11-16T06:12Z", "2026-11-16"),
        VALUE.replace("2026-11-16T06:12Z", "2026-11-16T6:12Z"),
        VALUE.replace("2026-11-16T06:12Z", "2026-11-16T06:12+01:00"),
        VALUE.replace("2026-11-16T06:12Z", "2026-11-31T06:12Z"),
        VALUE.replace("2026-11-16T06:12Z", "2026-11-16T06:60Z"),
        VALUE.replace("2026-11-02", "2026-11-2"),
        VALUE.replace("2026-11-02", "20261102"),
        VALUE.replace("2026-11-02", "2026-W45-1"),
        VALUE.replace("2026-11-02", "2026-02-30"),
        VALUE.replace(ID, "i-"),
        VALUE.replace(ID, ID.upper()),
        VALUE.replace("since", "after"),
        f" {VALUE}",
        f"{VALUE}\nand more",
        "x" * 256,
        " " * 256,
    ],
)
def test_a_flag_that_cannot_be_read_is_none(value: str):
    assert marks.flag(flagged(value), NOW) is None


def test_a_flag_of_the_future_is_none():
    """Nobody could be told of it for long, since each note would be older."""
    assert marks.flag(flagged(), FLAGGED_AT) == FLAG_NOW
    assert marks.flag(flagged(), FLAGGED_AT - timedelta(minutes=1)) is None


@given(st.text(max_size=256) | st.text("0123456789-TZ: i", max_size=60).map(lambda text: f"{text} {VALUE}"))
def test_no_value_of_our_tags_does_harm(value: str):
    assert marks.flag(flagged(value), NOW) is None
    assert noticed(value) is None


def test_a_note_is_the_same_for_all_and_of_utc():
    east = timezone(timedelta(hours=5, minutes=30))
    assert note(NOW) == note(NOW.astimezone(east)) == "2026-11-26T06:12Z"
    assert note(NOW + timedelta(seconds=59)) == "2026-11-26T06:12Z"


@pytest.mark.parametrize(
    ("notice", "value"),
    [
        (Notice(NOW), "2026-11-26T06:12Z"),
        (Notice(NOW, ago(-7), TODAY), "2026-11-26T06:12Z of a stop on 2026-12-03, idle on 2026-11-26"),
        (Notice(NOW, ago(-7), TODAY, True), "2026-11-26T06:12Z of a stop on 2026-12-03, idle on 2026-11-26, stopping"),
    ],
)
def test_a_note_says_of_which_stop_it_was_and_when_it_was_seen_idle(notice: Notice, value: str):
    assert notice.value == value
    assert noticed(value) == notice


@pytest.mark.parametrize(
    "value",
    [
        "2026-11-26T06:12Z of a stop",
        "2026-11-26T06:12Z of a stop on 2026-12-03",
        "2026-11-26T06:12Z of a stop on 2026-12-3, idle on 2026-11-26",
        "2026-11-26T06:12Z of a stop on 2026-12-03, idle on today",
        "2026-11-26T06:12Z of a stop on 2026-12-03, idle on 2026-11-26, stopped",
        "2026-11-26T06:12Z, stopping",
    ],
)
def test_a_note_of_a_stop_that_cannot_be_read_is_none(value: str):
    assert noticed(value) is None


@pytest.mark.parametrize(
    ("said", "counts"),
    [
        pytest.param(note(FLAGGED_AT + timedelta(days=1)), True, id="younger than the flag"),
        pytest.param(note(FLAGGED_AT), True, id="of the flag's own minute"),
        pytest.param(note(FLAGGED_AT - timedelta(minutes=1)), False, id="older than the flag"),
        pytest.param(note(NOW), True, id="of now"),
        pytest.param(note(NOW + timedelta(minutes=1)), False, id="of the future"),
        pytest.param("9999-12-31T23:59Z", False, id="of the end of time"),
        pytest.param("0001-01-01T00:00Z", False, id="of the beginning of time"),
        pytest.param("", False, id="empty"),
        pytest.param("yes", False, id="a word"),
        pytest.param("2026-11-20", False, id="a day, which is not today"),
        pytest.param("2026-11-20T6:12Z", False, id="one digit"),
        pytest.param("2026-11-20T06:12", False, id="no zone"),
        pytest.param("2026-11-20T06:12Z ", False, id="a blank behind it"),
        pytest.param("2026-11-31T06:12Z", False, id="no such day"),
        pytest.param(" of a stop", False, id="of a stop, and of no time"),
        pytest.param("2026-11-20T06:12Z of a stop of a stop", False, id="of a stop, twice"),
        pytest.param("2026-11-20T06:12Z of a Stop", False, id="of a stop, otherwise written"),
        pytest.param("2026-11-20T06:12Z of a stop ", False, id="of a stop, and a blank"),
        pytest.param("2026-11-2\N{ARABIC-INDIC DIGIT ZERO}T06:12Z", False, id="other digits"),
    ],
)
def test_a_note_counts_for_the_flag_that_it_follows(said: str, counts: bool):
    assert (noticed(said) is not None) == counts


def test_without_a_note_nobody_was_told():
    assert marks.notice(flagged(), FLAG_NOW, NOW) is None
