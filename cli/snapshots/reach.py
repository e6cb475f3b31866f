"""How the commands reach a stack's snapshots."""

from collections.abc import Iterator
from contextlib import contextmanager

from chalicelib.errors import BadDefinition, BadSettings
from chalicelib.snapshots.service import Snapshots
from chalicelib.wiring.for_snapshots import SnapshotsWiring
from cli import connection, times
from cli.screen import progress


@contextmanager
def snapshots(
    stack: str | None, local: bool, region: str | None, profile: str | None, doing: str
) -> Iterator[Snapshots]:
    """Yield the snapshots of a deployed stack, and show meanwhile how many requests were sent; raise BadSettings."""
    base = connection.connect(stack=stack, local=local, region=region, profile=profile)
    with progress(doing) as tick:
        try:
            yield times.told_the_time(SnapshotsWiring(base, tick).snapshots, local=local)
        except BadDefinition as error:
            said = "put other policies in force with `groundskeeper snapshots define`"
            raise BadSettings(f"{said}: {error}") from error
