"""Snapshots as a whole: every region, for real or as a dry run; what triggers and the command line ask for."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from chalicelib import reconcile
from chalicelib.clock import now
from chalicelib.errors import GroundskeeperError
from chalicelib.problem import Problem
from chalicelib.snapshots import copying, coverage, job, retiring, watching
from chalicelib.snapshots.copying import Copied, CopyPlace
from chalicelib.snapshots.coverage import Covered, Row, Trouble
from chalicelib.snapshots.job import Outcome, Workplace
from chalicelib.snapshots.model import Snapshot, World
from chalicelib.snapshots.policies import Policies, copy_regions
from chalicelib.snapshots.retiring import Retired, RetirePlace
from chalicelib.snapshots.watching import Watched, WatchPlace


@dataclass
class Swept:
    """What became of each region: its snapshots and its copies, or the error that kept it from that."""

    outcomes: Mapping[str, Outcome] = field(default_factory=dict)
    copied: list[Copied] = field(default_factory=list)
    errors: dict[str, GroundskeeperError] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    covered: Mapping[str, Covered] = field(default_factory=dict)

    @property
    def rows(self) -> dict[str, tuple[Row, ...]]:
        """Return which volumes are covered, by region."""
        return {region: covered.rows for region, covered in self.covered.items()}

    @property
    def troubles(self) -> list[Trouble]:
        """Return the snapshots that somebody should look at."""
        return [trouble for covered in self.covered.values() for trouble in covered.troubles]

    @property
    def is_good(self) -> bool:
        """Whether everything was seen, and everything that was planned was done."""
        done = [outcome.is_complete for outcome in self.outcomes.values()]
        return not self.errors and all(done) and all(each.is_complete for each in self.copied)


@dataclass
class Cleared:
    """What became of each region: what was retired, who can read the rest; or the error that kept it from that."""

    retired: Mapping[str, Retired]
    errors: dict[str, GroundskeeperError]
    policies: Policies
    """By which that was decided."""
    watched: Mapping[str, Watched] = field(default_factory=dict)

    @property
    def is_good(self) -> bool:
        """Whether everything was seen, and everything that was planned was done."""
        return not self.errors and all(each.is_complete for each in self.retired.values())


class Region(Protocol):
    """What is looked at in a region."""

    def look(self) -> World:
        """Return volumes, instances and our snapshots; raise TryAgain, BadSettings."""

    def ours(self) -> tuple[tuple[Snapshot, ...], Mapping[str, str]]:
        """Return our snapshots, and which of them are held, and why; raise TryAgain, BadSettings."""


@dataclass(frozen=True)
class Snapshots:
    """The regions of a stack, and what makes up each."""

    stack: str
    tag: str
    regions: tuple[str, ...]
    policies: Callable[[], Policies]
    """Returns the policies in force; raises BadDefinition, TryAgain."""
    region: Callable[[str], Region]
    workplace: Callable[[str], Workplace]
    copy_place: Callable[[str], CopyPlace]
    retire_place: Callable[[str, Policies], RetirePlace]
    watch_place: Callable[[str], WatchPlace]
    is_dry_run: bool = False
    retires: bool = True
    """Whether anything is deleted."""
    runs_hooks: bool = False
    clock: Callable[[], datetime] = now

    def sweep(self) -> Swept:
        """Make every snapshot and every copy that is due; one region that fails spoils none of the others."""
        return self._sweep(is_dry_run=self.is_dry_run)

    def preview(self) -> Swept:
        """Say what a sweep would do, and change nothing."""
        return self._sweep(is_dry_run=True)

    def _sweep(self, *, is_dry_run: bool) -> Swept:
        policies = self.policies()

        def one(name: str) -> Outcome:
            place = self.workplace(name)
            return job.preview(place, policies, self.clock()) if is_dry_run else job.run(place, policies, self.clock)

        outcomes, errors = reconcile.each(self.regions, one, at_once=reconcile.AT_ONCE)
        worlds = {name: outcome.world for name, outcome in outcomes.items()}
        ours = {name: world.snapshots for name, world in worlds.items()}
        swept = Swept(outcomes, errors=dict(errors), covered=self._covered(worlds, policies))
        self._copy(swept, policies, ours, is_dry_run=is_dry_run)
        return swept

    def cover(self) -> Swept:
        """Say which volumes are covered, and change nothing."""
        policies = self.policies()
        worlds, errors = reconcile.each(self.regions, self._look, at_once=reconcile.AT_ONCE)
        return Swept(errors=dict(errors), covered=self._covered(worlds, policies))

    def follow(self, ended: Iterable[str], failed: Iterable[str]) -> Swept:
        """Copy what was completed in some regions, and see what has failed in others."""
        policies = self.policies()
        names = {*failed, *(ended if copy_regions(policies) else ())} & {*self.all_regions(policies)}
        ours, errors = reconcile.each(sorted(names), self.ours)
        now = self.clock()
        troubles = {name: tuple(coverage.troubles(some, policies, now)) for name, some in ours.items()}
        covered = {name: Covered(troubles=some) for name, some in troubles.items()}
        swept = Swept(errors=dict(errors), covered=covered)
        here = {name: found for name, found in ours.items() if name in self.regions}
        self._copy(swept, policies, here, is_dry_run=self.is_dry_run)
        return swept

    def ours(self, name: str) -> tuple[Snapshot, ...]:
        """Return our snapshots in a region; raise TryAgain, BadSettings."""
        return self.region(name).ours()[0]

    def retire(self, *, force: bool = False, is_dry_run: bool | None = None) -> Cleared:
        """Delete what no policy keeps, in every region that snapshots or copies are in."""
        policies = self.policies()
        is_dry = (self.is_dry_run or not self.retires) if is_dry_run is None else is_dry_run

        def one(name: str) -> Retired:
            place = self.retire_place(name, policies)
            if is_dry:
                return retiring.preview(place, policies, self.clock(), force=force)
            return retiring.run(place, policies, self.clock, force=force)

        retired, errors = reconcile.each(self.all_regions(policies), one, at_once=reconcile.AT_ONCE)
        return Cleared(retired, dict(errors), policies)

    def watch(self, cleared: Cleared) -> None:
        """Add to what became of each region who can read what is there."""
        cleared.watched, errors = reconcile.each(
            cleared.retired,
            lambda name: watching.watch(self.watch_place(name), cleared.retired[name].left, cleared.policies),
        )
        cleared.errors |= errors

    def _look(self, name: str) -> World:
        return self.region(name).look()

    def _covered(self, worlds: Mapping[str, World], policies: Policies) -> dict[str, Covered]:
        now = self.clock()
        return {name: coverage.covered(world, policies, self.tag, now) for name, world in worlds.items()}

    def all_regions(self, policies: Policies) -> tuple[str, ...]:
        """Return every region that snapshots or copies are in, by the policies in force."""
        return tuple(dict.fromkeys([*self.regions, *copy_regions(policies)]))

    def _copy(
        self,
        swept: Swept,
        policies: Policies,
        ours: Mapping[str, tuple[Snapshot, ...]],
        *,
        is_dry_run: bool,
    ) -> None:
        for destination in copy_regions(policies):
            if destination in self.regions:
                said = "a policy copies to it, and its own volumes are snapshotted there too: those are not copied"
                swept.problems.append(Problem(destination, said))
            others = {origin: found for origin, found in ours.items() if origin != destination}
            self._copy_to(destination, swept, policies, others, is_dry_run=is_dry_run)

    def _copy_to(
        self,
        destination: str,
        swept: Swept,
        policies: Policies,
        ours: Mapping[str, tuple[Snapshot, ...]],
        *,
        is_dry_run: bool,
    ) -> None:
        place = self.copy_place(destination)

        def one(origin: str) -> Copied:
            if is_dry_run:
                return copying.preview(place, origin, ours[origin], policies, self.clock())
            return copying.run(place, origin, ours[origin], policies, self.clock)

        done, errors = reconcile.each(ours, one)
        swept.copied += done.values()
        swept.errors |= {f"{origin} to {destination}": error for origin, error in errors.items()}
        if done and destination not in self.regions:  # else its troubles have been told of already
            there = {each.id: each for copied in done.values() for each in copied.there}
            troubles = tuple(coverage.troubles(there.values(), policies, self.clock()))
            swept.covered = {**swept.covered, destination: Covered(troubles=troubles)}
