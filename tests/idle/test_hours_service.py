"""Running hours of several regions: what fails in one spoils none of the others; what was done is told and counted."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from chalicelib.errors import BadDefinition, BadSettings, GroundskeeperError, TryAgain
from chalicelib.idle.hours.job import HoursPlace
from chalicelib.idle.hours.service import Hours
from chalicelib.idle.rules import Rules
from chalicelib.idle.service import Idle
from chalicelib.idle.triggers import Triggers
from tests.idle.estates import STACK
from tests.idle.hours_fakes import DAYTIME, EVENING, HERE, OFFICE, Office, id_of, instance
from tests.telling import Told, telling

OTHER = "us-east-1"
OFF = "off 2026-11-25T18:00:07Z"
DENIED = BadSettings("EC2 in us-east-1: UnauthorizedOperation")


@dataclass
class Stack:
    """Two regions, and what a stack makes of them."""

    now: datetime = EVENING
    zone: str = "UTC"
    is_kept: bool = True
    is_dry_run: bool = False
    denied: dict[str, GroundskeeperError] = field(default_factory=dict)
    """Regions that cannot even be made."""
    offices: dict[str, Office] = field(init=False)

    def __post_init__(self) -> None:
        self.offices = {name: Office(now=self.now) for name in (HERE, OTHER)}
        for name, office in self.offices.items():
            office.region.name = name

    def __getitem__(self, name: str) -> Office:
        return self.offices[name]

    def rules(self) -> Rules:
        return Rules(zone=ZoneInfo(self.zone))

    def place(self, name: str) -> HoursPlace:
        if name in self.denied:
            raise self.denied[name]
        return self.offices[name].place

    @property
    def hours(self) -> Hours:
        return Hours(
            STACK,
            (HERE, OTHER),
            self.rules,
            self.place,
            is_kept=self.is_kept,
            is_dry_run=self.is_dry_run,
            clock=lambda: self[HERE].now,
        )

    @property
    def idle(self) -> Idle:
        raise AssertionError("nobody asked for them")

    def keep(self) -> None:
        """Let the trigger fire."""
        Triggers(self).keep_hours()

    def rest(self) -> None:
        for office in self.offices.values():
            office.rest()

    @property
    def calls(self) -> list[str]:
        """Return what was asked of all regions."""
        return [call for office in self.offices.values() for call in office.line.calls]


def stack(**more: object) -> Stack:
    """Return a stack with one instance that is to be stopped in each region, and one to be started here."""
    made = Stack(**more)  # type: ignore[arg-type]
    for name in (HERE, OTHER):
        made[name].region.there[id_of(1)] = instance(1)
    made[HERE].region.there[id_of(2)] = instance(2, "stopped", "always", "off 2026-11-26T19:58:00Z")
    return made


@pytest.fixture
def told(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Callable[[], Told]:
    return telling(STACK, capsys, monkeypatch)


def where(said: Told, message: str) -> list[tuple[str, str]]:
    """Return regions and instances of the lines with a message."""
    return [(line["region"], line["instance"]) for line in said.messages(message)]


def test_every_region_is_kept_and_each_change_told_with_its_reason(told: Callable[[], Told]):
    made = stack()
    made.keep()
    made.rest()
    said = told()
    assert where(said, "stopped") == [(HERE, id_of(1)), (OTHER, id_of(1))]
    assert where(said, "started") == [(HERE, id_of(2))]
    assert said.messages("stopped")[0]["because"] == f"it is outside its running hours, {OFFICE}"
    assert said.messages("started")[0]["because"] == "it is within its running hours, always"
    assert said.metrics == {"RunningHoursStopped": 2, "RunningHoursStarted": 1, "GoodRunningHours": 1}
    assert [made[name].state() for name in (HERE, OTHER)] == ["stopped", "stopped"]
    made.keep()
    assert told().metrics == {"RunningHoursStopped": 0, "RunningHoursStarted": 0, "GoodRunningHours": 1}


def test_hours_without_a_zone_are_in_the_one_of_the_rules():
    at = datetime(2026, 11, 26, 18, 30, tzinfo=UTC)
    for zone, state in (("UTC", "running"), ("Europe/Berlin", "stopped")):
        made = Stack(at, zone)
        made[HERE].region.there[id_of(1)] = instance(1, hours="mon-fri 08:00-19:00")
        assert made.hours.run().is_good
        made.rest()
        assert made[HERE].state() == state


@pytest.mark.parametrize("error", [DENIED, TryAgain("EC2 is busy")], ids=repr)
@pytest.mark.parametrize("call", ["place", "turn", "tagged"])
def test_a_region_that_fails_spoils_none_of_the_others_and_is_raised_once_all_is_told(
    call: str, error: GroundskeeperError, told: Callable[[], Told]
):
    made = stack()
    if call == "place":
        made.denied[OTHER] = error
    else:
        made[OTHER].line.errors[call] = [error]
    with pytest.raises(type(error)) as raised:
        made.keep()
    assert raised.value is error
    said = told()
    assert where(said, "stopped") == [(HERE, id_of(1))]
    assert said.metrics == {"RunningHoursStopped": 1, "RunningHoursStarted": 1, "GoodRunningHours": 0}
    (line,) = said.messages("region not dealt with")
    assert (line["region"], line["reason"]) == (OTHER, str(error))


def test_rules_that_are_refused_are_raised_and_nothing_is_done():
    made = stack()
    error = BadDefinition("idle.yaml", ("line 1: what is this?",))

    def rules() -> Rules:
        raise error

    made.rules = rules  # type: ignore[method-assign]
    with pytest.raises(BadDefinition) as raised:
        made.keep()
    assert raised.value is error
    assert made.calls == []


def test_what_is_refused_is_told_and_makes_no_run_bad(told: Callable[[], Told]):
    made = stack()
    made[OTHER].region.protected.add(f"stop {id_of(1)}")
    made.keep()
    said = told()
    (line,) = said.messages("not done")
    assert (line["region"], line["instance"]) == (OTHER, id_of(1))
    assert line["reason"] == f"stop of {id_of(1)} is refused"
    assert said.metrics == {"RunningHoursStopped": 1, "RunningHoursStarted": 1, "GoodRunningHours": 1}


def test_what_is_postponed_is_told_and_makes_a_run_bad(told: Callable[[], Told]):
    made = stack()
    made[OTHER].line.errors["stop 1"] = [TryAgain("EC2 said RequestLimitExceeded")]
    made.keep()
    said = told()
    (line,) = said.messages("not done")
    assert (line["region"], line["reason"]) == (OTHER, "EC2 said RequestLimitExceeded")
    assert said.metrics["GoodRunningHours"] == 0


def test_a_start_that_comes_to_nothing_is_told_and_makes_a_run_bad_once_it_is_late(told: Callable[[], Told]):
    made = stack()
    made[HERE].region.failing.add(id_of(2))
    good = []
    for _ in range(5):
        made.keep()
        made.rest()
        said = told()
        assert where(said, "started") == [(HERE, id_of(2))]
        good.append(said.metrics["GoodRunningHours"])
        assert where(said, "not started") == ([] if good[-1] else [(HERE, id_of(2))])
    assert good == [1, 1, 1, 0, 0]
    assert "its StateReason says why" in said.messages("not started")[0]["reason"]
    assert said.messages("not started")[0]["level"] == "ERROR"


def test_a_late_start_that_ec2_refuses_is_told_with_its_reason_alone(told: Callable[[], Told]):
    made = Stack(DAYTIME)
    made[HERE].region.there[id_of(1)] = instance(1, "stopped", mark=OFF)
    made[HERE].region.protected.add(f"start {id_of(1)}")
    made.keep()
    said = told()
    assert said.messages("not done")[0]["reason"] == f"start of {id_of(1)} is refused"
    assert (said.messages("not started"), said.metrics["GoodRunningHours"]) == ([], 1)


def test_malformed_hours_are_told_and_make_no_run_bad(told: Callable[[], Told]):
    made = Stack()
    made[OTHER].region.there[id_of(1)] = instance(1, hours="office")
    made.keep()
    said = told()
    (line,) = said.messages("left alone")
    assert (line["region"], line["subject"], "'office'" in line["reason"]) == (OTHER, id_of(1), True)
    assert said.metrics["GoodRunningHours"] == 1


def test_a_dry_run_tells_what_it_would_do_and_does_nothing(told: Callable[[], Told]):
    made = stack(is_dry_run=True)
    late = instance(3, "stopped", "always", OFF)
    made[OTHER].region.there[late.id] = late
    made.keep()
    said = told()
    assert where(said, "would stop") == [(HERE, id_of(1)), (OTHER, id_of(1))]
    assert where(said, "would start") == [(HERE, id_of(2)), (OTHER, id_of(3))]
    assert said.metrics == {"RunningHoursStopped": 0, "RunningHoursStarted": 0, "GoodRunningHours": 1}
    assert [said.messages(text) for text in ("stopped", "started", "not started")] == [[], [], []]
    assert made.calls == ["tagged", "tagged"]


def test_where_running_hours_are_not_kept_nothing_at_all_is_done_or_told(told: Callable[[], Told]):
    made = stack(is_kept=False)
    made.keep()
    said = told()
    assert (made.calls, said.lines, said.metrics) == ([], [], {})


def test_where_running_hours_are_not_kept_a_run_by_hand_says_what_it_would_do():
    made = stack(is_kept=False)
    for kept in (made.hours.run(), made.hours.preview()):
        assert [len(kept.outcomes[name].plan.stops) for name in (HERE, OTHER)] == [1, 1]
    assert set(made.calls) == {"tagged"}
