"""Running hours as a whole: every region, for real or as a dry run; what triggers and the command line ask for."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from chalicelib import reconcile
from chalicelib.clock import now
from chalicelib.errors import GroundskeeperError
from chalicelib.idle.hours import job
from chalicelib.idle.hours.job import HoursPlace, Outcome
from chalicelib.idle.rules import Rules


@dataclass
class Kept:
    """What became of each region, or the error that kept it from that."""

    outcomes: Mapping[str, Outcome]
    errors: dict[str, GroundskeeperError]

    @property
    def is_good(self) -> bool:
        """Whether everything was seen, and everything that was planned was done."""
        return not self.errors and all(each.is_complete for each in self.outcomes.values())


@dataclass(frozen=True)
class Hours:
    """The regions of a stack in which running hours are kept; ``is_kept`` says whether they are at all."""

    stack: str
    regions: tuple[str, ...]
    rules: Callable[[], Rules]
    """Returns the rules in force; raises BadDefinition, TryAgain."""
    place: Callable[[str], HoursPlace]
    is_kept: bool = False
    is_dry_run: bool = False
    clock: Callable[[], datetime] = now

    def preview(self) -> Kept:
        """Say what a run would do, and change nothing."""
        zone, at = self.rules().zone, self.clock()
        return self._each(lambda place: job.preview(place, zone, at))

    def run(self) -> Kept:
        """Start and stop what is not as its running hours want it; a region that fails spoils none of the others."""
        if self.is_dry_run or not self.is_kept:
            return self.preview()
        zone = self.rules().zone
        return self._each(lambda place: job.run(place, zone, self.clock))

    def _each(self, run: Callable[[HoursPlace], Outcome]) -> Kept:
        return Kept(*reconcile.each(self.regions, lambda name: run(self.place(name)), at_once=reconcile.AT_ONCE))
