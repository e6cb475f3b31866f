"""Names as a whole: every zone, for real or as a dry run; what triggers and the command line ask for."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field

from chalicelib import reconcile
from chalicelib.errors import GroundskeeperError
from chalicelib.names import job
from chalicelib.names.inbox import Rechecks
from chalicelib.names.job import HostedZone, Ledger, Outcome
from chalicelib.names.model import Ref, Rules
from chalicelib.names.observe import Instances


@dataclass(frozen=True)
class Results:
    """What became of each zone, by its view: an outcome, or the error that kept it from one."""

    outcomes: Mapping[str, Outcome]
    errors: Mapping[str, GroundskeeperError]

    @property
    def is_good(self) -> bool:
        """Whether every zone was put right from everything there is to see."""
        return not self.errors and all(outcome.is_complete for outcome in self.outcomes.values())

    @property
    def all_errors(self) -> Mapping[str, GroundskeeperError]:
        """Return what kept zones from being put right, by zone, those included of which something was done."""
        stopped = {view: outcome.error for view, outcome in self.outcomes.items() if outcome.error}
        return {**self.errors, **stopped}


@dataclass(frozen=True)
class Names:
    """The zones of a stack, and where it is written down what each says, by view; and the instances they are about."""

    stack: str
    instances: Instances
    zones: Mapping[str, HostedZone]
    rules: Rules
    rechecks: Rechecks
    is_dry_run: bool = False
    ledgers: Mapping[str, Ledger] = field(default_factory=dict)

    def follow(self, refs: Collection[Ref]) -> Results:
        """Put the names of some instances right in every zone; one that cannot be written spoils none of the others."""
        if self.is_dry_run:
            return self.preview(refs)
        return self._each(
            lambda view: job.follow(self.instances, self.zones[view], self.rules, refs, self.ledgers.get(view))
        )

    def sweep(self, *, force: bool = False) -> Results:
        """Put every name right in every zone."""
        if self.is_dry_run:
            return self.preview()
        return self._each(
            lambda view: job.sweep(self.instances, self.zones[view], self.rules, self.ledgers.get(view), force=force)
        )

    def preview(self, refs: Collection[Ref] | None = None) -> Results:
        """Say what a sweep, or following some instances, would do, and change nothing."""
        return self._each(lambda view: job.preview(self.instances, self.zones[view], self.rules, refs))

    def _each(self, run: Callable[[str], Outcome]) -> Results:
        return Results(*reconcile.each(self.zones, run))
