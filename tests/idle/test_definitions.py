"""The rules of idle instances: read with defaults, or refused whole, with a line and a reason for each fault."""

from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.errors import BadDefinition
from chalicelib.idle import definitions
from chalicelib.idle.rules import MB, PRESETS, Limit, Preset, Rules, Statistic

TAG_WANTS = "wants a tag's key of 1 to 128 characters, which does not begin with groundskeeper:"
LIMIT_WANTS = "wants just one of below and at-most, such as {below: 5}"


def refused(text: str | bytes) -> tuple[str, ...]:
    with pytest.raises(BadDefinition) as caught:
        definitions.read(text)
    return caught.value.faults


def own(*fields: str) -> str:
    """Return a file whose preset in force is its own, with these fields from line 4 on."""
    return "\n".join(["preset: mine", "presets:", "  mine:", *(f"    {field}" for field in fields)])


def test_what_is_packaged_is_what_is_in_force_where_nobody_says_anything():
    assert definitions.read(definitions.packaged()) == Rules()


def test_what_is_packaged_explains_every_field():
    explained = {line[1:].split()[0] for line in definitions.packaged().splitlines() if line.startswith("#   ")}
    fields = "preset presets cpu network days idle-days coverage youngest grace time-zone owner-tag exempt-tags"
    assert {*fields.split(), "suggestions", *PRESETS} <= explained


def test_what_is_not_said_has_a_default():
    assert definitions.read("{}") == Rules()
    assert definitions.read("grace: 30") == Rules(grace=30)


def test_what_is_said_is_taken():
    text = """preset: lazy
presets:
  lazy:
    cpu: {statistic: average, at-most: 2.5}
    network: {below: 0.5}
    days: 30
    idle-days: 20
  other: {cpu: {below: 1}}
coverage: 90
youngest: 3
grace: 30
time-zone: Europe/Berlin
owner-tag: Team
exempt-tags: [Production, Keep, Production]
suggestions: no"""
    assert definitions.read(text) == Rules(
        Preset("lazy", Statistic.AVERAGE, Limit(2.5, is_included=True), Limit(500_000), 30, 20),
        coverage=90,
        youngest=3,
        grace=30,
        zone=ZoneInfo("Europe/Berlin"),
        exempt_tags=frozenset({"Production", "Keep"}),
        owner_tag="Team",
        suggests=False,
    )


@pytest.mark.parametrize("name", PRESETS)
def test_each_preset_of_ours_can_be_chosen(name: str):
    assert definitions.read(f"preset: {name}") == Rules(PRESETS[name])


def test_an_own_preset_is_as_strict_as_it_can_be_where_it_says_nothing():
    rules = definitions.read(own("cpu: {below: 3}"))
    assert rules.preset == Preset("mine", Statistic.MAXIMUM, Limit(3), network=None, days=14, idle_days=None)


def test_an_instance_must_be_as_old_as_the_window_unless_it_is_said_otherwise():
    assert definitions.read(own("cpu: {below: 3}", "days: 30")).youngest == 30
    assert definitions.read(own("cpu: {below: 3}", "days: 2")).youngest == 2
    assert definitions.read(f"youngest: 0\n{own('cpu: {below: 3}')}").youngest == 0


def test_megabytes_are_decimal():
    assert definitions.read(own("cpu: {below: 3}", "network: {below: 5}")).preset.network == Limit(5 * MB)
    assert MB == 1_000_000


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        pytest.param("- grace", "line 1: wants a mapping such as preset: compute-optimizer, and is a list", id="list"),
        pytest.param("gracee: 7", "line 1: gracee: is no field: did you mean grace?", id="unknown field"),
        pytest.param("grace: 7\ngrace: 8", "line 2: grace: is said twice, first on line 1", id="said twice"),
        pytest.param("preset: computeoptimizer", "there is no preset of this name: did you mean", id="unknown preset"),
        pytest.param("preset:", "line 1: preset: wants a preset's name, and is empty", id="empty preset"),
        *[
            pytest.param(f"grace: {said}", "line 1: grace: wants a whole number from 1 to 365", id=f"grace {said}")
            for said in (0, -1, 366, 1.5, "7d", "07", "'7 days'", "", "[7]", "1e1")
        ],
        *[
            pytest.param(f"coverage: {said}", "coverage: wants a whole number from 1 to 100", id=f"coverage {said}")
            for said in (0, 101, "70%")
        ],
        *[
            pytest.param(f"youngest: {said}", "youngest: wants a whole number from 0 to 365", id=f"youngest {said}")
            for said in (-1, 366)
        ],
        *[
            pytest.param(f"time-zone: {said}", "time-zone: wants a time zone's name such as", id=f"zone {said}")
            for said in ("Berlin", "europe/berlin", "../../etc/passwd", "+01:00")
        ],
        *[
            pytest.param(f"suggestions: {said}", "suggestions: wants yes or no", id=f"suggestions {said}")
            for said in ("true", "Yes", "0")
        ],
        *[
            pytest.param(f"owner-tag: {said}", f"owner-tag: {TAG_WANTS}", id=f"owner-tag {said[:20]}")
            for said in ("''", "x" * 129, "groundskeeper:idle")
        ],
        pytest.param("exempt-tags: Production", "exempt-tags: wants a list of tags' keys", id="exempt-tags no list"),
        pytest.param("exempt-tags:\n  - A\n  - ''", f"line 3: exempt-tags[1]: {TAG_WANTS}", id="an empty tag"),
        pytest.param("exempt-tags: [groundskeeper:idle]", f"exempt-tags[0]: {TAG_WANTS}", id="a tag of ours"),
        pytest.param(f"exempt-tags: [{', '.join('x' * 51)}]", "has 51 entries, and 50 are the most", id="51 tags"),
        pytest.param("presets: {}", "presets: has 0 entries, and wants 1 at least", id="no presets"),
        pytest.param("presets: [a]", "presets: wants a mapping of names to presets, and is a list", id="a list"),
        pytest.param("presets: {Mine: {cpu: {below: 5}}}", "wants a name of 1 to 32 of a-z, 0-9 and -", id="capitals"),
        pytest.param(
            "presets: {a b: {cpu: {below: 5}}}", "wants a name of 1 to 32 of a-z, 0-9 and -", id="a blank in a name"
        ),
        pytest.param(
            "presets: {cost-explorer: {cpu: {below: 5}}}",
            "presets.cost-explorer: is one of ours, and stays what it is",
            id="a name of ours",
        ),
        pytest.param(own("days: 7"), f"line 3: presets.mine.cpu: is missing: {LIMIT_WANTS}", id="no cpu"),
        pytest.param("presets: {mine: 5}", "presets.mine: wants a mapping with the field cpu", id="no mapping"),
        pytest.param(own("cpu: 5"), f"line 4: presets.mine.cpu: {LIMIT_WANTS}, and is '5'", id="cpu no mapping"),
        pytest.param(own("cpu: {}"), f"line 4: presets.mine.cpu: {LIMIT_WANTS}", id="no limit"),
        pytest.param(own("cpu: {below: 5, at-most: 5}"), f"presets.mine.cpu: {LIMIT_WANTS}", id="two limits"),
        pytest.param(own("cpu: {above: 5}"), "presets.mine.cpu.above: is no field", id="another limit"),
        *[
            pytest.param(own(f"cpu: {{below: {said}}}"), "cpu.below: wants a number from 0 to 100", id=f"below {said}")
            for said in (-1, 100.1, "5%", ".5", "1e1", "nan", "inf")
        ],
        pytest.param(
            own("cpu: {statistic: p99, below: 5}"), "cpu.statistic: wants maximum or average", id="another statistic"
        ),
        pytest.param(
            own("cpu: {below: 5}", "network: {statistic: average, below: 5}"),
            "line 5: presets.mine.network.statistic: is no field",
            id="network has no statistic",
        ),
        pytest.param(
            own("cpu: {below: 5}", "network: {below: 5 MB}"), "network.below: wants a number from 0", id="with a unit"
        ),
        pytest.param(own("cpu: {below: 5}", "network: {}"), f"line 5: presets.mine.network: {LIMIT_WANTS}", id="none"),
        *[
            pytest.param(
                own("cpu: {below: 5}", f"days: {said}"), "wants a whole number from 1 to 62", id=f"{said} days"
            )
            for said in (0, 63, "fourteen")
        ],
        pytest.param(
            own("cpu: {below: 5}", "days: 7", "idle-days: 8"),
            "line 6: presets.mine.idle-days: wants a whole number from 1 to 7, and is '8'",
            id="more idle days than days",
        ),
        pytest.param(
            own("cpu: {below: 5}", "idle-days: 0"), "idle-days: wants a whole number from 1 to 14", id="no idle days"
        ),
        *[
            pytest.param(
                own(f"{of}: {{below: {said}}}", *more),
                f"presets.mine.{of}.below: nothing is below 0: say at-most: 0",
                id=f"{of} below {said}",
            )
            for of, said, more in (("cpu", "0", ()), ("cpu", "0.0", ()), ("network", "0", ("cpu: {below: 5}",)))
        ],
        pytest.param(
            "preset: trusted-advisor\ngrace: 15",
            "line 2: grace: 15 days of grace are more than the 14 that trusted-advisor looks at",
            id="busy days of the grace would be out of sight",
        ),
        pytest.param(
            own("cpu: {below: 5}", "days: 6", "idle-days: 2"),
            "line 1: preset: 7 days of grace are more than the 6 that mine looks at",
            id="so they would be with the usual grace",
        ),
        pytest.param("grace: [", "line ", id="no YAML"),
        pytest.param(b"\xff\xfe\x00", "line 1", id="no text"),
    ],
)
def test_what_is_malformed_is_refused_with_a_line_and_a_reason(text: str | bytes, fault: str):
    faults = refused(text)
    assert any(fault in each for each in faults), faults


def test_the_grace_may_be_as_long_as_the_window_and_longer_where_no_busy_day_is_let_pass():
    assert definitions.read("preset: trusted-advisor\ngrace: 14").grace == 14
    assert definitions.read("grace: 365").grace == 365


def test_rules_that_would_lose_sight_of_busy_days_cannot_be_made():
    trusted = PRESETS["trusted-advisor"]
    assert Rules(trusted, grace=14).preset is trusted
    with pytest.raises(ValueError, match="15 days of grace, of which trusted-advisor sees the last 14"):
        Rules(trusted, grace=15)


def test_a_preset_that_is_not_in_force_is_checked_too():
    assert refused("presets: {mine: {cpu: {below: 500}}}")


def test_all_faults_are_named_at_once_in_the_order_of_their_lines():
    faults = refused("grace: 0\npreset: no-such\ncoverage: 0\nowner: me\nexempt-tags: no")
    assert [each.partition(":")[0] for each in faults] == [f"line {number}" for number in range(1, 6)]


SCALARS = st.sampled_from(
    ["7", "30", "0", "-1", "yes", "trusted-advisor", "''", "compute-optimizer", "mine", "[a]", "{below: 5}", "{}", "~"]
)
FIELDS = st.sampled_from(
    ("preset", "presets", "coverage", "youngest", "grace", "time-zone", "owner-tag", "exempt-tags", "cpu", "days")
)
FILES = st.lists(st.tuples(FIELDS, SCALARS), max_size=6).map(
    lambda fields: "\n".join(f"{name}: {said}" for name, said in fields)
)
PLACES = st.integers(0, len(definitions.packaged()))
CUT = st.builds(
    lambda start, put, end: definitions.packaged()[:start] + put + definitions.packaged()[end:],
    PLACES,
    st.sampled_from(["", ":", "\n", "- ", "{", "7"]),
    PLACES,
)


@settings(deadline=None)
@given(FILES | st.text(max_size=60) | st.binary(max_size=60) | CUT)
def test_whatever_is_read_is_sound_or_refused(text: str | bytes):
    faults: tuple[str, ...] | None = None
    rules = Rules()
    try:
        rules = definitions.read(text)
    except BadDefinition as error:
        faults = error.faults
    assert faults is None or (faults and all(each.startswith("line ") for each in faults))
    assert 1 <= rules.grace <= 365
    assert 1 <= rules.coverage <= 100
    assert 0 <= rules.youngest <= 365
    assert rules.preset.idle_days is None or rules.grace <= rules.preset.days
    assert 1 <= (rules.preset.idle_days or 1) <= rules.preset.days <= definitions.LONGEST_WINDOW
