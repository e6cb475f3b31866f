"""EventBridge rules with a schedule: fires each when its time has come.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-rule-schedule.html
"""

from __future__ import annotations

import logging
import re
import threading
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from moto.events.models import events_backends

from localcloud.events.cron import Cron
from localcloud.events.inputs import target_input

if TYPE_CHECKING:
    from collections.abc import Callable

    from localcloud.events.delivery import EventTargets
    from localcloud.ground.gate import Gate

log = logging.getLogger(__name__)

LOOK_EVERY = 1.0
_UNITS = {"minute": timedelta(minutes=1), "hour": timedelta(hours=1), "day": timedelta(days=1)}


@dataclass(frozen=True)
class Rate:
    """A regular interval, counted from the rule's creation."""

    interval: timedelta

    def after(self, moment: datetime) -> datetime | None:
        """Return the time one interval later."""
        return moment + self.interval


def parse(expression: str) -> Rate | Cron:
    """Parse `rate(…)` or `cron(…)`; raise ValueError saying what is wrong."""
    if match := re.fullmatch(r"rate\(([1-9]\d*) (minute|hour|day)(s?)\)", expression):
        number, unit, plural = int(match[1]), match[2], match[3]
        if (number > 1) != bool(plural):
            raise ValueError(f"{expression}: a unit is plural if the value is more than 1, and only then")
        return Rate(number * _UNITS[unit])
    if match := re.fullmatch(r"cron\((.+)\)", expression):
        return Cron.parse(match[1])
    raise ValueError(f"{expression} is neither rate(value unit) nor cron(six fields)")


class Schedules:
    """Looks once a second whether a rule is due; `now` can be replaced in tests.

    Rules are due in real time; events tell the time that is `offset` ahead of it.
    """

    def __init__(
        self,
        gate: Gate,
        account: str,
        targets: EventTargets,
        now: Callable[[], datetime] | None = None,
        offset: Callable[[], timedelta] = timedelta,
    ) -> None:
        self._gate = gate
        self._account = account
        self._targets = targets
        self._now = now or (lambda: datetime.now(UTC))
        self._offset = offset
        self._due: dict[tuple[str, str], datetime | None] = {}
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="schedules", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop firing."""
        self._stopped.set()
        self._thread.join()

    def fire(self, name: str) -> None:
        """Fire a schedule now, named by the rule or by the function it invokes; raise LookupError."""
        rules = [rule for rule in self._rules() if name == rule.name or name in _functions(rule)]
        if not rules:
            known = sorted({function for rule in self._rules() for function in _functions(rule)})
            raise LookupError(f"no schedule has the name or the target {name}: there are {', '.join(known) or 'none'}")
        for rule in rules:
            self._fire(rule, self._now())

    def tick(self) -> None:
        """Fire what is due, once however long it has been due."""
        now = self._now()
        rules = {(rule.arn, rule.scheduled_expression): rule for rule in self._rules()}
        self._due = {key: due for key, due in self._due.items() if key in rules}
        for key, rule in rules.items():
            due = self._due.get(key)
            if due is not None and due <= now:
                self._fire(rule, due)
            if key not in self._due or (due is not None and due <= now):
                self._due[key] = self._next(rule, now)

    def _run(self) -> None:
        while not self._stopped.wait(LOOK_EVERY):
            try:
                self.tick()
            except Exception:
                log.exception("a schedule could not be followed")

    def _rules(self) -> list[Any]:
        """Return the enabled rules with a schedule; AWS allows them on the default bus only."""
        with self._gate:
            buses = [backend.event_buses["default"] for backend in list(events_backends[self._account].values())]
            rules = [rule for bus in buses for rule in bus.rules.values()]
            return [rule for rule in rules if rule.scheduled_expression and rule.state.startswith("ENABLED")]

    def _next(self, rule: Any, now: datetime) -> datetime | None:
        try:
            return parse(rule.scheduled_expression).after(now)
        except ValueError as error:
            log.warning("rule %s never fires: %s", rule.name, error)
            return None

    def _fire(self, rule: Any, due: datetime) -> None:
        event = scheduled_event(rule.arn, due + self._offset())
        with self._gate:
            for target in list(rule.targets):
                self._targets.deliver(target, target_input(target, event, rule.arn), rule.arn)


def scheduled_event(rule_arn: str, due: datetime) -> dict[str, Any]:
    """Return the event that the targets of a scheduled rule receive."""
    *_, region, account, _ = rule_arn.split(":", 5)
    return {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": "Scheduled Event",
        "source": "aws.events",
        "account": account,
        "time": due.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "region": region,
        "resources": [rule_arn],
        "detail": {},
    }


def _functions(rule: Any) -> set[str]:
    arns = [target["Arn"].split(":") for target in rule.targets]
    return {arn[6] for arn in arns if arn[2] == "lambda"}
