"""The composition root: what each trigger needs, made once, when first asked for.

A feature is imported when its trigger fires: a function that serves one does not wait for the others to load.
"""

import time
from functools import cache
from typing import TYPE_CHECKING, Any

import boto3

from chalicelib import settings
from chalicelib.wiring.base import LONGEST_INVOCATION, Base

if TYPE_CHECKING:
    from chalicelib.access.authorizer import Authorizer
    from chalicelib.derived import triggers as of_derived
    from chalicelib.hosts import triggers as of_hosts
    from chalicelib.idle import triggers as of_idle
    from chalicelib.names import triggers as of_names
    from chalicelib.snapshots import triggers as of_snapshots


class _Clock:
    """Until when the current invocation may run."""

    deadline = 0.0

    def invoked(self, context: Any) -> None:
        self.deadline = time.monotonic() + context.get_remaining_time_in_millis() / 1000

    def remaining(self) -> float:
        return min(self.deadline - time.monotonic(), LONGEST_INVOCATION)


_clock = _Clock()


def names(context: Any) -> "of_names.Triggers":
    """Return the triggers of names, told how long this invocation may run."""
    _clock.invoked(context)
    return _names()


def hosts(context: Any) -> "of_hosts.Triggers":
    """Return the triggers of hosts, told how long this invocation may run."""
    _clock.invoked(context)
    return _hosts()


def derived(context: Any) -> "of_derived.Triggers":
    """Return the triggers of derived objects, told how long this invocation may run."""
    _clock.invoked(context)
    return _derived()


def gallery(context: Any) -> "of_derived.Triggers":
    """Return the triggers of derived objects for clients, who do not wait long."""
    _clock.invoked(context)
    return _gallery()


def snapshots(context: Any) -> "of_snapshots.Triggers":
    """Return the triggers of snapshots, told how long this invocation may run."""
    _clock.invoked(context)
    return _snapshots()


def idle(context: Any) -> "of_idle.Triggers":
    """Return the triggers of idle instances, told how long this invocation may run."""
    _clock.invoked(context)
    return _idle()


@cache
def authorizer() -> "Authorizer":
    """Return what says whose token a request shows."""
    from chalicelib.access.authorizer import Authorizer

    return Authorizer(_base().tokens)


@cache
def _names() -> "of_names.Triggers":
    from chalicelib.names.triggers import Triggers
    from chalicelib.wiring.for_names import NamesWiring

    return Triggers(NamesWiring(_base()).names)


@cache
def _hosts() -> "of_hosts.Triggers":
    from chalicelib.hosts.triggers import Triggers
    from chalicelib.wiring.for_hosts import HostsWiring

    return Triggers(HostsWiring(_base()))


@cache
def _derived() -> "of_derived.Triggers":
    from chalicelib.derived.triggers import Triggers
    from chalicelib.wiring.for_derived import DerivedWiring

    return Triggers(DerivedWiring(_base()))


@cache
def _gallery() -> "of_derived.Triggers":
    from chalicelib.derived.triggers import Triggers
    from chalicelib.wiring.base import ANSWERING
    from chalicelib.wiring.for_derived import DerivedWiring

    return Triggers(DerivedWiring(_base(), ANSWERING))


@cache
def _snapshots() -> "of_snapshots.Triggers":
    from chalicelib.snapshots.triggers import Triggers
    from chalicelib.wiring.for_snapshots import SnapshotsWiring

    return Triggers(SnapshotsWiring(_base()).snapshots)


@cache
def _idle() -> "of_idle.Triggers":
    from chalicelib.idle.triggers import Triggers
    from chalicelib.wiring.for_idle import IdleWiring

    return Triggers(IdleWiring(_base()))


@cache
def _base() -> Base:
    return Base(settings.read(), boto3.Session(), _clock.remaining)
