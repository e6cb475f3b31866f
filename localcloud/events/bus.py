"""EventBridge: events on a bus reach the targets of the rules that match, each on its own.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-what-is-how-it-works-concepts.html
"""

from __future__ import annotations

import json
import logging
import uuid
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

from moto.events.models import EventsBackend, events_backends

from localcloud.events.inputs import target_input
from localcloud.ground.arns import Arn, read_arn
from localcloud.ground.patching import replaced
from localcloud.iam import policy

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from localcloud.events.delivery import EventTargets
    from localcloud.ground.gate import Gate

log = logging.getLogger(__name__)


class Emit(Protocol):
    """Put an event on the default bus of an (account, region)."""

    def __call__(
        self,
        where: tuple[str, str],
        source: str,
        detail_type: str,
        resources: list[str],
        detail: dict[str, Any],
    ) -> None:
        """Put it."""


class EventBridge:
    """Deliver events; moto keeps buses, rules and targets, and matches patterns."""

    def __init__(self, gate: Gate, targets: EventTargets, now: Callable[[], datetime]) -> None:
        self._gate = gate
        self._targets = targets
        self._now = now

    @contextmanager
    def in_place_of_motos(self) -> Iterator[None]:
        """Deliver what clients put on a bus.

        moto ignores a rule's state, takes a rule without a pattern to match all, delivers to few targets, fails
        PutEvents as a whole when one target fails, and drops resources on the way to another bus.
        """
        put_events = EventsBackend.put_events

        def put(backend: Any, entries: list[dict[str, Any]]) -> list[dict[str, Any]]:
            # Called for its checks and ids; its own delivery finds no rules on the bus.
            here = [{**entry, "EventBusName": _local_bus(backend, entry)} for entry in entries]
            with _without_rules(backend):
                answers: list[dict[str, Any]] = put_events(backend, here)
            for entry, answer in zip(entries, answers, strict=True):
                if "EventId" in answer:
                    event = _event(backend, entry, answer["EventId"], self._now())
                    self._send(event, _bus_arn(backend, entry.get("EventBusName")), forwarded=False)
            return answers

        with replaced(EventsBackend, "put_events", put):
            yield

    def emit(
        self,
        where: tuple[str, str],
        source: str,
        detail_type: str,
        resources: list[str],
        detail: dict[str, Any],
    ) -> None:
        """Put an event of AWS's own on a default bus, once the current request has its answer."""
        account, region = where
        event = {
            "version": "0",
            "id": str(uuid.uuid4()),
            "detail-type": detail_type,
            "source": source,
            "account": account,
            "time": _iso(self._now()),
            "region": region,
            "resources": resources,
            "detail": detail,
        }
        bus = read_arn(f"arn:aws:events:{region}:{account}:event-bus/default")
        self._gate.afterwards(lambda: self._send(event, bus, forwarded=False))

    def _send(self, event: dict[str, Any], bus_arn: Arn, forwarded: bool, role: str | None = None) -> None:
        with self._gate:
            bus = events_backends[bus_arn.account][bus_arn.region].event_buses.get(
                bus_arn.resource.removeprefix("event-bus/")
            )
            if bus is None or not _may_put(event["account"], role, bus):
                log.warning("%s takes no event from account %s", bus_arn.text, event["account"])
                return
            for rule in list(bus.rules.values()):
                if rule.state.startswith("ENABLED") and _matches(rule, event):
                    self._fire(rule, event, forwarded)

    def _fire(self, rule: Any, event: dict[str, Any], forwarded: bool) -> None:
        for target in list(rule.targets):
            arn = read_arn(target["Arn"])
            if arn.service == "events" and arn.resource.startswith("event-bus/"):
                # An event goes from bus to bus once.
                if not forwarded:
                    forward = partial(self._send, event, arn, forwarded=True, role=target.get("RoleArn"))
                    self._gate.afterwards(forward)
            else:
                self._targets.deliver(target, target_input(target, event, rule.arn), rule.arn)


def _matches(rule: Any, event: dict[str, Any]) -> bool:
    """Match an event; a rule without a pattern is a schedule, which no event fires."""
    return bool(rule.event_pattern.get_pattern()) and rule.event_pattern.matches_event(event)


def _may_put(account: str, role: str | None, bus: Any) -> bool:
    """Tell whether an account, or a role of its, may put events on a bus: its own, or one whose policy says so."""
    if account == bus.account_id:
        return True
    principal = {"AWS": {account, f"arn:aws:iam::{account}:root", *([role] if role else [])}}
    return bus.policy is not None and policy.allows([bus.policy], "events:PutEvents", bus.arn, {}, principal)


def _event(backend: Any, entry: dict[str, Any], event_id: str, now: datetime) -> dict[str, Any]:
    sent = entry.get("Time")
    return {
        "version": "0",
        "id": event_id,
        "detail-type": entry["DetailType"],
        "source": entry["Source"],
        "account": backend.account_id,
        "time": _iso(now if sent is None else datetime.fromtimestamp(float(sent), UTC)),
        "region": backend.region_name,
        "resources": entry.get("Resources", []),
        "detail": json.loads(entry["Detail"]),
    }


def _bus_arn(backend: Any, name: str | None) -> Arn:
    if name and name.startswith("arn:"):
        return read_arn(name)
    return read_arn(f"arn:aws:events:{backend.region_name}:{backend.account_id}:event-bus/{name or 'default'}")


def _local_bus(backend: Any, entry: dict[str, Any]) -> str | None:
    """Return the entry's bus if it belongs to this account and region: moto knows no other."""
    bus = _bus_arn(backend, entry.get("EventBusName"))
    local = (bus.account, bus.region) == (backend.account_id, backend.region_name)
    return bus.resource.removeprefix("event-bus/") if local else None


@contextmanager
def _without_rules(backend: Any) -> Iterator[None]:
    """Hide every rule for a moment."""
    rules = {name: bus.rules for name, bus in backend.event_buses.items()}
    for bus in backend.event_buses.values():
        bus.rules = {}
    try:
        yield
    finally:
        for name, bus in backend.event_buses.items():
            bus.rules = rules[name]


def _iso(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
