"""What runs when time passes: it is done, and told."""

from typing import Protocol

from chalicelib.idle import report
from chalicelib.idle.hours import report as hours_report
from chalicelib.idle.hours.service import Hours
from chalicelib.idle.service import Idle


class Parts(Protocol):
    """What triggers are made of, each when it is first asked for."""

    @property
    def idle(self) -> Idle:
        """Return the idle instances of this stack."""

    @property
    def hours(self) -> Hours:
        """Return the running hours of this stack."""


class Triggers:
    """The triggers of idle instances; each raises what went wrong, once all is reported."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def judge(self) -> None:
        """Judge all instances, and do what follows of that."""
        idle = self._parts.idle
        report.judged(idle.run(), idle.stack)

    def keep_hours(self) -> None:
        """Stop and start what is not as its running hours want it."""
        hours = self._parts.hours
        if hours.is_kept:
            hours_report.kept(hours.run(), hours.stack, is_dry_run=hours.is_dry_run)
