"""Policies: read with defaults, or refused whole, with a line and a reason for each fault."""

from datetime import time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from chalicelib.errors import BadDefinition
from chalicelib.snapshots import definitions
from chalicelib.snapshots.policies import Copy, Hooks, Keep, Policy
from chalicelib.snapshots.slots import Schedule, SlotKind
from tests.snapshots.worlds import only

UTC = ZoneInfo("UTC")
DAILY = "daily: {at: '03:00', keep: {count: 7}}"
LONGEST = "x" * definitions.LONGEST_COMMAND


def with_fields(*lines: str) -> str:
    """Return a file whose one policy has a daily schedule on line 3, and these lines from line 4 on."""
    return "\n".join(["policies:", "  p:", f"    schedules: {{{DAILY}}}", *(f"    {line}" for line in lines)])


def with_schedule(schedule: str) -> str:
    """Return a file with one schedule, on line 4."""
    return f"policies:\n  p:\n    schedules:\n      {schedule}"


def refused(text: str | bytes) -> tuple[str, ...]:
    with pytest.raises(BadDefinition) as caught:
        definitions.read(text)
    return caught.value.faults


def test_what_is_packaged_is_useful_as_it_is():
    packaged = definitions.read(definitions.packaged())
    assert {name: [schedule.kind.value for schedule in made.schedules] for name, made in packaged.items()} == {
        "standard": ["hourly", "daily", "weekly", "monthly"],
        "daily": ["daily"],
    }
    assert packaged["standard"].keep[SlotKind.MONTHLY] == Keep(count=12, days=365)
    assert all(made.copy is None and made.hooks is None for made in packaged.values())
    assert all(made.gone_days == 0 for made in packaged.values())


def test_what_is_packaged_explains_every_field():
    explained = {line[1:].split()[0] for line in definitions.packaged().splitlines() if line.startswith("#   ")}
    fields = "time-zone schedules root-volumes tags encryption shared-with grace gone copy hooks"
    assert set(fields.split()) <= explained


def test_what_is_not_said_has_a_default():
    assert only(f"p: {{schedules: {{{DAILY}}}}}") == Policy(
        "p", (Schedule(SlotKind.DAILY, UTC, time(3)),), {SlotKind.DAILY: Keep(count=7)}
    )
    assert only("p: {schedules: {hourly: {every: 1, keep: {days: 1}}}}").schedules == (
        Schedule(SlotKind.HOURLY, UTC, time(), every=1),
    )


def test_what_is_said_is_taken():
    text = """p:
  time-zone: Europe/Berlin
  schedules:
    hourly: {every: 12, at: "00:15", keep: {count: 1}}
    daily: {at: "23:59", keep: {days: 36525}}
    weekly: {at: "00:00", on: sunday, keep: {count: 1000}}
    monthly: {at: "09:30", day: 31, keep: {count: 1, days: 1}}
    yearly: {at: "12:00", date: 02-29, keep: {count: 2}}
  root-volumes: exclude
  tags: [Owner, Project, Owner]
  encryption: required
  shared-with: ["012345678901", 210987654321]
  grace: 168
  gone: 36525
  copy: {region: us-gov-west-1, keep: {daily: {count: 3}, yearly: {days: 400}}, kms-key: alias/backups}
  hooks: {freeze: fsfreeze -f /data, thaw: fsfreeze -u /data, seconds: 60}"""
    berlin = ZoneInfo("Europe/Berlin")
    assert only(text) == Policy(
        "p",
        (
            Schedule(SlotKind.HOURLY, berlin, time(0, 15), every=12),
            Schedule(SlotKind.DAILY, berlin, time(23, 59)),
            Schedule(SlotKind.WEEKLY, berlin, time(), weekday=6),
            Schedule(SlotKind.MONTHLY, berlin, time(9, 30), day=31),
            Schedule(SlotKind.YEARLY, berlin, time(12), day=29, month=2),
        ),
        {
            SlotKind.HOURLY: Keep(1),
            SlotKind.DAILY: Keep(days=36_525),
            SlotKind.WEEKLY: Keep(1_000),
            SlotKind.MONTHLY: Keep(1, 1),
            SlotKind.YEARLY: Keep(2),
        },
        takes_roots=False,
        tags=("Owner", "Project"),
        needs_encryption=True,
        shared_with=frozenset({"012345678901", "210987654321"}),
        grace=timedelta(hours=168),
        gone_days=36_525,
        copy=Copy("us-gov-west-1", {SlotKind.DAILY: Keep(3), SlotKind.YEARLY: Keep(days=400)}, "alias/backups"),
        hooks=Hooks("fsfreeze -f /data", "fsfreeze -u /data", 60),
    )


@pytest.mark.parametrize(
    ("keep", "said"),
    [
        pytest.param(Keep(7), "the newest 7", id="by count"),
        pytest.param(Keep(days=9), "those of the last 9 days", id="by age"),
        pytest.param(Keep(7, 9), "the newest 7 and those of the last 9 days", id="by both"),
    ],
)
def test_what_is_kept_is_said_in_words(keep: Keep, said: str):
    assert str(keep) == said


@pytest.mark.parametrize(
    ("schedule", "fault"),
    [
        pytest.param("dayly: {}", "dayly: is no kind of slot: did you mean daily?", id="an unknown kind"),
        pytest.param("Daily: {}", "Daily: is no kind of slot: did you mean daily?", id="a kind in capitals"),
        pytest.param("daily: {keep: {count: 1}}", "daily.at: is missing: wants a time of day", id="no time"),
        *[
            pytest.param(
                f"daily: {{at: {at}, keep: {{count: 1}}}}",
                f"daily.at: wants a time of day such as 03:00, and is '{at.strip(chr(39))}'",
                id=f"the time {at}",
            )
            for at in ("24:00", "3:00", "03:60", "0300", "03:00:00", "'3 am'", "-1:00")
        ],
        pytest.param("daily: {at: , keep: {count: 1}}", "daily.at: wants a time of day", id="an empty time"),
        pytest.param("daily: {at: '03:00', every: 2, keep: {count: 1}}", "daily.every: is no field", id="daily, every"),
        pytest.param("hourly: {keep: {count: 1}}", "hourly.every: is missing: wants a number of hours", id="no every"),
        *[
            pytest.param(
                f"hourly: {{every: {every}, keep: {{count: 1}}}}",
                f"hourly.every: wants a number of hours that divides a day: 1, 2, 3, 4, 6, 8 or 12, and is '{every}'",
                id=f"every {every} hours",
            )
            for every in (0, 5, 24, "06", -1, 1.5)
        ],
        pytest.param(
            "weekly: {at: '03:00', on: Sonntag, keep: {count: 1}}",
            "weekly.on: wants a day of the week: monday, tuesday, wednesday, thursday, friday,",
            id="an unknown day of the week",
        ),
        *[
            pytest.param(
                f"monthly: {{at: '03:00', day: {day}, keep: {{count: 1}}}}",
                f"monthly.day: wants a whole number from 1 to 31, and is '{day}'",
                id=f"the day {day} of a month",
            )
            for day in (0, 32, -1, "last")
        ],
        *[
            pytest.param(
                f"yearly: {{at: '03:00', date: {date}, keep: {{count: 1}}}}",
                f"yearly.date: wants a day of the year as MM-DD, such as 12-31, and is '{date}'",
                id=f"the date {date}",
            )
            for date in ("02-30", "04-31", "13-01", "00-01", "01-00", "1-1", "2026-01-01")
        ],
        pytest.param("daily: {at: '03:00'}", "daily.keep: is missing: wants count, days, or both", id="no keep"),
        pytest.param("daily: {at: '03:00', keep: }", "daily.keep: wants count, days, or both", id="an empty keep"),
        pytest.param("daily: {at: '03:00', keep: 7}", "daily.keep: wants count, days, or both", id="a plain number"),
        pytest.param(
            "daily: {at: '03:00', keep: {}}",
            "daily.keep: wants count, days, or both, such as {count: 7, days: 7}: else nothing would be kept",
            id="keep nothing",
        ),
        *[
            pytest.param(
                f"daily: {{at: '03:00', keep: {{{name}: {number}}}}}",
                f"daily.keep.{name}: wants a whole number from 1 to {most}, and is '{number}'",
                id=f"keep {name} {number}",
            )
            for name, number, most in [
                ("count", 0, 1000),
                ("count", 1001, 1000),
                ("count", -1, 1000),
                ("days", 36526, 36525),
                ("days", "7d", 36525),
            ]
        ],
        pytest.param("daily: {at: '03:00', keep: {weeks: 1}}", "daily.keep.weeks: is no field", id="keep weeks"),
        pytest.param("daily:", "daily: wants a mapping with the field keep, and is empty", id="an empty kind"),
    ],
)
def test_a_malformed_schedule_is_named(schedule: str, fault: str):
    assert refused(with_schedule(schedule))[0].startswith(f"line 4: policies.p.schedules.{fault}")


@pytest.mark.parametrize(
    ("schedule", "least"),
    [
        ("daily: {at: '03:00', keep: {days: DAYS}}", 2),
        ("weekly: {at: '03:00', keep: {days: DAYS}}", 8),
        ("monthly: {at: '03:00', keep: {days: DAYS}}", 32),
        ("yearly: {at: '03:00', keep: {days: DAYS}}", 367),
    ],
)
def test_a_snapshot_is_kept_until_the_next_one_comes(schedule: str, least: int):
    kind = schedule.partition(":")[0]
    (found,) = refused(with_schedule(schedule.replace("DAYS", str(least - 1))))
    assert found.startswith(f"line 4: policies.p.schedules.{kind}.keep.days: wants {least} at least")
    assert definitions.read(with_schedule(schedule.replace("DAYS", str(least))))
    assert definitions.read(with_schedule(schedule.replace("DAYS", f"{least - 1}, count: 1")))


@pytest.mark.parametrize(
    ("lines", "fault"),
    [
        pytest.param(
            ["time-zone: Europe/Berln"],
            "line 4: policies.p.time-zone: wants a time zone's name such as Europe/Berlin or UTC, and is 'Eur",
            id="an unknown time zone",
        ),
        pytest.param(
            ["time-zone: ../../etc/passwd"],
            "line 4: policies.p.time-zone: wants a time zone's name",
            id="a time zone that is a path",
        ),
        pytest.param(["time-zone: +01:00"], "line 4: policies.p.time-zone: wants", id="an offset from UTC"),
        pytest.param(
            ["root-volumes: no"],
            "line 4: policies.p.root-volumes: wants include or exclude, and is 'no'",
            id="roots: no",
        ),
        pytest.param(
            ["encryption: yes"],
            "line 4: policies.p.encryption: wants required or any, and is 'yes'",
            id="encryption: yes",
        ),
        pytest.param(
            ["tags: Owner"], "line 4: policies.p.tags: wants a list of tags' keys such as", id="a tag without a list"
        ),
        *[
            pytest.param(
                ["tags:", "- Owner", f"- {tag}"],
                f"line 6: policies.p.tags[1]: wants a tag's key of 1 to 128 characters, which does not begin with aws: "
                f"or groundskeeper:, and is '{tag.strip(chr(39))[:60]}'",
                id=id_,
            )
            for tag, id_ in [
                ("aws:cloudformation:stack-name", "a tag of AWS"),
                ("AWS:x", "a tag of AWS in capitals"),
                ("groundskeeper:slots", "a tag of ours"),
                ("''", "an empty tag"),
                ("k" * 129, "a tag that is too long"),
            ]
        ],
        pytest.param(
            [f"tags: [{', '.join(f't{number}' for number in range(31))}]"],
            "line 4: policies.p.tags: has 31 entries, and 30 are the most: the rest of the file was not looked at",
            id="too many tags",
        ),
        *[
            pytest.param(
                [f"shared-with: [{account}]"],
                f"line 4: policies.p.shared-with[0]: wants an account's number, of 12 digits, and is '{account}'",
                id=f"the account {account}",
            )
            for account in ("12345678901", "1234567890123", "all", "1234-5678-9012")
        ],
        *[
            pytest.param(
                [f"grace: {grace}"],
                f"line 4: policies.p.grace: wants a whole number from 1 to 168, and is '{grace}'",
                id=f"a grace of {grace}",
            )
            for grace in (0, 169, "6h")
        ],
        *[
            pytest.param(
                [f"gone: {gone}"],
                f"line 4: policies.p.gone: wants a whole number from 1 to 36525, and is '{gone}'",
                id=f"gone for {gone}",
            )
            for gone in (0, -1, 36_526, "never", "30d")
        ],
        pytest.param(
            ["copy: eu-central-1"], "line 4: policies.p.copy: wants a mapping with the fields", id="a bare copy"
        ),
        pytest.param(
            ["copy: {keep: {daily: {count: 1}}}"],
            "line 4: policies.p.copy.region: is missing: wants a region such as eu-central-1",
            id="a copy to nowhere",
        ),
        pytest.param(
            ["copy: {region: Frankfurt, keep: {daily: {count: 1}}}"],
            "line 4: policies.p.copy.region: wants a region such as eu-central-1, and is 'Frankfurt'",
            id="a copy to a place that is no region",
        ),
        pytest.param(
            ["copy: {region: eu-central-1}"],
            "line 4: policies.p.copy.keep: is missing: wants a mapping",
            id="a copy of no kind",
        ),
        pytest.param(
            ["copy: {region: eu-central-1, keep: {}}"],
            "line 4: policies.p.copy.keep: has 0 entries, and wants 1 at least",
            id="a copy of none of all kinds",
        ),
        pytest.param(
            ["copy:", "  region: eu-central-1", "  keep:", "    daily: {count: 1}", "    weekly: {count: 1}"],
            "line 8: policies.p.copy.keep.weekly: ",
            id="a copy of a kind that is not scheduled",
        ),
        pytest.param(
            ["copy: {region: eu-central-1, keep: {daily: {count: 1}}, kms-key: my key}"],
            "line 4: policies.p.copy.kms-key: wants a KMS key's id, ARN or alias in that region",
            id="a key that is none",
        ),
        pytest.param(
            ["hooks: {freeze: sync}"], "line 4: policies.p.hooks.thaw: is missing: wants a shell command", id="no thaw"
        ),
        pytest.param(
            ["hooks: {thaw: sync}"],
            "line 4: policies.p.hooks.freeze: is missing: wants a shell command",
            id="no freeze",
        ),
        pytest.param(
            ["hooks: {freeze: ' ', thaw: sync}"], "line 4: policies.p.hooks.freeze: wants a shell command", id="a blank"
        ),
        pytest.param(
            [f"hooks: {{freeze: {LONGEST}x, thaw: sync}}"],
            "line 4: policies.p.hooks.freeze: wants a shell command of at most 4000 characters, and is 'xxx",
            id="a command that is too long",
        ),
        *[
            pytest.param(
                [f"hooks: {{freeze: sync, thaw: sync, seconds: {seconds}}}"],
                f"line 4: policies.p.hooks.seconds: wants a whole number from 15 to 60, and is '{seconds}'",
                id=f"frozen for {seconds} seconds",
            )
            for seconds in (0, 14, 61, "30s")
        ],
        pytest.param(["retention: 7"], "line 4: policies.p.retention: is no field: ", id="no field"),
        pytest.param(["grace: 1", "grace: 2"], "line 5: policies.p.grace: is said twice, first on line 4", id="twice"),
    ],
)
def test_a_malformed_field_is_named(lines: list[str], fault: str):
    (found,) = refused(with_fields(*lines))
    assert found.startswith(fault)


@pytest.mark.parametrize("name", ["none", "Daily", "a b", "a_b", '""', "é", "a" * 33])
def test_a_malformed_name_is_named(name: str):
    (found,) = refused(f"policies:\n  {name}: {{schedules: {{{DAILY}}}}}")
    assert found.startswith("line 2: policies.")
    assert found.endswith(": wants a name of 1 to 32 of a-z, 0-9 and -; none is taken: it stands for no policy")


@pytest.mark.parametrize("name", ["a", "0", "a-b", "-", "nones", "a" * 32])
def test_a_name_may_be_short_or_long(name: str):
    assert list(definitions.read(f"policies:\n  {name!r}: {{schedules: {{{DAILY}}}}}")) == [name]


@pytest.mark.parametrize("seconds", [15, 60])
def test_an_instance_may_be_frozen_for_as_long_as_its_script_needs(seconds: int):
    made = definitions.read(with_fields(f"hooks: {{freeze: sync, thaw: sync, seconds: {seconds}}}"))["p"].hooks
    assert made == Hooks("sync", "sync", seconds)


@pytest.mark.parametrize("tag", ["aws:cloudformation:stack-name", "AWS:x", "groundskeeper:slots", "Groundskeeper:hold"])
def test_no_policy_can_copy_tags_that_ec2_refuses_or_that_are_ours(tag: str):
    assert "which does not begin with aws: or groundskeeper:" in refused(with_fields(f"tags: [Owner, '{tag}']"))[0]


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        pytest.param("", "line 1:", id="nothing"),
        pytest.param("[]", "line 1: wants a mapping with the field policies, and is a list", id="a list"),
        pytest.param("policies:", "line 1: policies: wants a mapping of names to policies, and is empty", id="empty"),
        pytest.param("policies: {}", "line 1: policies: has 0 entries, and wants 1 at least", id="no policies"),
        pytest.param("policy: {}", "line 1: policy: is no field: did you mean policies?", id="a wrong word"),
        pytest.param("policies:\n  p: {}", "line 2: policies.p.schedules: is missing", id="no schedules"),
        pytest.param(
            "policies:\n  p:\n", "line 2: policies.p: wants a mapping with the field schedules", id="no fields"
        ),
        pytest.param("policies:\n  p: {schedules: {}}", "line 2: policies.p.schedules: has 0 entries", id="no kinds"),
        pytest.param(b"policies:\n  p: \xff", "line 2: the byte 0xff is not UTF-8", id="not UTF-8"),
        pytest.param("policies:\n\tp: 1", "line 2: is not YAML", id="not YAML"),
    ],
)
def test_a_malformed_file_is_refused(text: str | bytes, fault: str):
    assert any(found.startswith(fault) for found in refused(text))


def test_one_fault_refuses_the_whole_file_and_every_fault_is_named_in_order():
    text = with_fields("grace: 0", "tags: [aws:x]", "hooks: {freeze: sync}")
    assert [fault.split(": ")[:2] for fault in refused(text + "\n  none:\n    schedules: 1\n")] == [
        ["line 4", "policies.p.grace"],
        ["line 5", "policies.p.tags[0]"],
        ["line 6", "policies.p.hooks.thaw"],
        ["line 7", "policies.none"],
        ["line 8", "policies.none.schedules"],
    ]


def test_there_may_be_64_policies_and_no_more():
    many = "\n".join(["policies:", *(f"  p{number}: {{schedules: {{{DAILY}}}}}" for number in range(65))])
    assert len(definitions.read(many.rpartition("\n")[0])) == 64
    assert "has 65 entries, and 64 are the most" in refused(many)[0]


KEY = "1234abcd-12ab-34cd-56ef-1234567890ab"
ARN = "arn:aws:kms:eu-central-1:123456789012"


def key(text: str) -> str:
    return with_fields(f"copy: {{region: eu-central-1, keep: {{daily: {{count: 1}}}}, kms-key: '{text}'}}")


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(KEY, id="an id"),
        pytest.param(f"mrk-{KEY.replace('-', '')}", id="the id of a key of many regions"),
        pytest.param("alias/backups", id="an alias"),
        pytest.param(f"{ARN}:key/{KEY}", id="an ARN"),
        pytest.param(f"{ARN}:key/mrk-{KEY.replace('-', '')}", id="the ARN of a key of many regions"),
        pytest.param(f"{ARN}:alias/backups", id="the ARN of an alias"),
    ],
)
def test_a_key_may_be_said_in_every_way_that_ec2_takes(text: str):
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CopySnapshot.html (KmsKeyId)."""
    made = definitions.read(key(text))["p"].copy
    assert made is not None
    assert made.kms_key == text


def test_a_key_of_another_region_than_the_copy_is_refused_since_no_copy_could_be_made():
    (found,) = refused(key(f"arn:aws:kms:us-east-1:123456789012:key/{KEY}"))
    assert found.startswith("line 4: policies.p.copy.kms-key: ")


def test_kinds_that_are_copied_and_not_scheduled_are_named_in_the_order_of_the_file():
    kinds = ["yearly", "hourly", "monthly", "weekly"]
    lines = ["copy:", "  region: eu-central-1", "  keep:", *(f"    {kind}: {{count: 1}}" for kind in kinds)]
    assert [next(kind for kind in kinds if kind in fault) for fault in refused(with_fields(*lines))] == kinds


MANY_WORDS = """policies p none schedules daily hourly every at keep count days copy region hooks freeze thaw tags grace
03:00 7 Europe/Berlin eu-central-1 sunday 02-29 {} [] null ~ *a &a << -1 1e9 0x10 aws:x required"""
WORDS = st.sampled_from(MANY_WORDS.split())
TREES = st.recursive(
    WORDS,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(WORDS, inner, max_size=4)),
    max_leaves=25,
)
fuzz = settings(deadline=None, max_examples=100, derandomize=True, database=None)


def reads_or_refuses(text: str | bytes) -> None:
    faults: tuple[str, ...] | None = None
    try:
        assert definitions.read(text)
    except BadDefinition as error:
        faults = error.faults
    assert faults is None or (faults and all(fault.startswith("line ") for fault in faults))


@fuzz
@given(st.one_of(st.text(), st.binary(), TREES.map(str)))
@example("policies: {p: {schedules: {daily: {at: &a '03:00', keep: *a}}}}")
def test_any_text_is_read_or_refused_and_nothing_else(text: str | bytes):
    reads_or_refuses(text)


@fuzz
@given(
    st.dictionaries(
        st.sampled_from(["time-zone", "schedules", "copy", "hooks", "tags", "grace", "gone", "shared-with"]), TREES
    )
)
def test_any_policy_is_read_or_refused_and_nothing_else(fields: dict[str, object]):
    reads_or_refuses(str({"policies": {"p": fields}}))


@fuzz
@given(st.data())
def test_the_packaged_file_with_a_part_cut_out_is_read_or_refused_and_nothing_else(data: st.DataObject):
    text = definitions.packaged()
    start = data.draw(st.integers(text.index("policies:"), len(text)))
    end = data.draw(st.integers(start, len(text)))
    reads_or_refuses(text[:start] + data.draw(st.sampled_from(["", " ", ":", "\n", "- ", "{"])) + text[end:])
