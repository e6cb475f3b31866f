"""The wiring of snapshots: what each region is made of."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime
from functools import cached_property, partial

from botocore.config import Config

from chalicelib.definition.aws import Definable, DefinitionStore
from chalicelib.lease.aws import LONGEST_WRITE, Turn
from chalicelib.pace import TokenBucket
from chalicelib.position.aws import Position
from chalicelib.snapshots import copies, definitions, report
from chalicelib.snapshots.aws.journal import Journal
from chalicelib.snapshots.aws.ssm import Shell
from chalicelib.snapshots.aws.writer import Region
from chalicelib.snapshots.copying import CopyPlace
from chalicelib.snapshots.hooks import Freezer
from chalicelib.snapshots.job import Workplace
from chalicelib.snapshots.model import Snapshot
from chalicelib.snapshots.once import Patience
from chalicelib.snapshots.policies import Policies, copy_regions
from chalicelib.snapshots.retiring import RetirePlace
from chalicelib.snapshots.service import Snapshots
from chalicelib.snapshots.watching import WatchPlace
from chalicelib.wiring.base import PATIENT, READING, Base

DEFINABLE = Definable("definitions/policies.yaml", definitions.read, definitions.packaged)
# There is no client token, so the client must not repeat a request by itself.
ONCE = Config(retries={"total_max_attempts": 1}, connect_timeout=5, read_timeout=30)
# Requests a second that change snapshots, and that ask for one snapshot's permissions; each has a bucket of its own:
# https://docs.aws.amazon.com/ec2/latest/devguide/ec2-api-throttling.html
CHANGES, LOOKS = 5, 10
BURST = 50  # of the 100 that EC2 allows
RESERVE = 30.0  # seconds that must be left for the report when a look at permissions goes on


class SnapshotsWiring:
    """What snapshots are made of; ``tick`` is told of each request that changes something."""

    def __init__(self, base: Base, tick: Callable[[], None] = lambda: None) -> None:
        self._base, self.settings, self._tick = base, base.settings, tick

    @cached_property
    def snapshots(self) -> Snapshots:
        """Return the snapshots of this stack."""
        return Snapshots(
            self.settings.stack,
            self.settings.snapshot_tag,
            self.settings.regions,
            self.policies,
            self.region,
            self.workplace,
            self._copy_place,
            self._retire_place,
            self._watch_place,
            is_dry_run=self.settings.dry_run,
            retires=self.settings.retires_snapshots,
            runs_hooks=self.settings.runs_hooks,
        )

    def policies(self) -> Policies:
        """Return the policies in force; those that were refused are reported."""
        found = self.definition_store.in_force()
        if self.definition_store.refused:
            report.refused(self.definition_store.refused)
        return found

    @cached_property
    def definition_store(self) -> DefinitionStore[Policies]:
        """Return where the operator's policies are."""
        return DefinitionStore(self._base.client("s3", PATIENT), self.settings.document_bucket, DEFINABLE)

    def region(self, name: str) -> Region:
        """Return a region."""
        reading, once, patient = (self._base.client("ec2", config, name) for config in (READING, ONCE, PATIENT))
        return Region(reading, once, patient, name, self.settings.stack)

    def workplace(self, name: str) -> Workplace:
        """Return what makes snapshots in a region."""
        shell = Shell(self._base.client("ssm", PATIENT, name)) if self.settings.runs_hooks else None
        turn = self._turn(f"snapshots {name}")
        return Workplace(self.region(name), turn, self._journal(name), Freezer(shell), self.settings.snapshot_tag)

    def _copy_place(self, name: str) -> CopyPlace:
        return CopyPlace(self.region(name), self._turn(f"copies {name}"), self._journal(f"copies-{name}"))

    def _retire_place(self, name: str, in_force: Policies) -> RetirePlace:
        last_time = Position(self._base.client("dynamodb"), self.settings.table, f"retired {name}")
        return RetirePlace(
            self.region(name), self._turn(f"retirement {name}"), last_time, partial(self._awaited, in_force)
        )

    def _awaited(self, in_force: Policies, ours: tuple[Snapshot, ...], now: datetime) -> Mapping[str, str]:
        there = [each for region in copy_regions(in_force) for each in self.region(region).ours()[0]]
        return copies.awaited(ours, there, in_force, now)

    def _watch_place(self, name: str) -> WatchPlace:
        position = Position(self._base.client("dynamodb"), self.settings.table, f"snapshots {name}")
        pace = partial(TokenBucket(LOOKS, LOOKS).take, 1)
        return WatchPlace(self.region(name), position, pace, lambda: self._base.remaining() > RESERVE)

    def _journal(self, name: str) -> Journal:
        return Journal(self._base.client("dynamodb", PATIENT), self.settings.table, name)

    def _turn(self, name: str) -> Callable[[], AbstractContextManager[Patience]]:
        bucket = TokenBucket(CHANGES, BURST)

        def check(held: Turn, seconds: float) -> None:
            held.check(LONGEST_WRITE + seconds)

        def pace() -> None:
            bucket.take(1)
            self._tick()

        @contextmanager
        def turn() -> Iterator[Patience]:
            with self._base.turn(name) as held:
                yield Patience(partial(check, held), pace)

        return turn
