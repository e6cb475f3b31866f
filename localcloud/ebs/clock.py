"""The clock by which volumes and snapshots are stamped, in place of moto's own."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from moto.ec2.models import amis, elastic_block_store, instances

from localcloud.ground.patching import replaced

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

type Now = Callable[[], datetime]


@contextmanager
def stamped_by(now: Now) -> Iterator[None]:
    """Stamp what is made by a clock: snapshots, volumes, attachments, launches and images."""
    with ExitStack() as stack:
        for module in (amis, elastic_block_store, instances):
            stack.enter_context(replaced(module, "utcnow", now))
        yield


def utc(now: Now) -> Now:
    """Return a clock as moto wants it: UTC without saying so, and no finer than the milliseconds of EC2."""

    def stamp() -> datetime:
        moment = now()
        if moment.tzinfo:
            moment = moment.astimezone(UTC).replace(tzinfo=None)
        return moment.replace(microsecond=moment.microsecond // 1000 * 1000)

    return stamp


def stamped(moment: datetime) -> str:
    """Return a moment as EC2's filters have it."""
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03}Z"


def in_event(moment: datetime) -> str:
    """Return a moment as EBS's events have it."""
    return f"{moment:%Y-%m-%dT%H:%M:%S}Z"
