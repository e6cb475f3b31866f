"""How the commands reach a stack's idle instances."""

from collections.abc import Iterator
from contextlib import contextmanager

from chalicelib.errors import BadDefinition, BadSettings
from chalicelib.idle.hours.service import Hours
from chalicelib.idle.service import Idle
from chalicelib.wiring.for_idle import IdleWiring
from cli import connection, times
from cli.screen import progress


@contextmanager
def idle(stack: str | None, local: bool, region: str | None, profile: str | None, doing: str) -> Iterator[Idle]:
    """Yield the idle instances of a deployed stack, and show meanwhile that it is at work; raise BadSettings."""
    with _wired(stack, local, region, profile, doing) as wiring:
        yield times.told_the_time(wiring.idle, local=local)


@contextmanager
def hours(stack: str | None, local: bool, region: str | None, profile: str | None, doing: str) -> Iterator[Hours]:
    """Yield the running hours of a deployed stack, and show meanwhile that it is at work; raise BadSettings."""
    with _wired(stack, local, region, profile, doing) as wiring:
        yield times.told_the_time(wiring.hours, local=local)


@contextmanager
def _wired(stack: str | None, local: bool, region: str | None, profile: str | None, doing: str) -> Iterator[IdleWiring]:
    base = connection.connect(stack=stack, local=local, region=region, profile=profile)
    with progress(doing):
        try:
            yield IdleWiring(base)
        except BadDefinition as error:
            said = "put others in force with `groundskeeper idle define` or `groundskeeper costs define`"
            raise BadSettings(f"{said}: {error}") from error
