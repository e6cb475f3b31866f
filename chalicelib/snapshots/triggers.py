"""What runs when time passes, or snapshots end: it is done, and told."""

from collections.abc import Iterable, Mapping
from typing import Any

from chalicelib.snapshots import events, report
from chalicelib.snapshots.service import Snapshots


class Triggers:
    """The triggers of snapshots; each raises what went wrong, once all is reported."""

    def __init__(self, snapshots: Snapshots) -> None:
        self._snapshots = snapshots

    def sweep(self) -> None:
        """Make the snapshots and copies that are due."""
        report.swept(self._snapshots.sweep(), self._snapshots.stack, is_dry_run=self._snapshots.is_dry_run)

    def ended(self, records: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
        """Follow what one batch of queued events is about; return Lambda's partial batch response."""
        noticed = events.read(records)
        done = self._snapshots.follow(noticed.ended, noticed.failed)
        return report.followed(noticed, done, self._snapshots.stack, is_dry_run=self._snapshots.is_dry_run)

    def retire(self) -> None:
        """Delete what no policy keeps, and see who can read the rest."""
        cleared = self._snapshots.retire()
        self._snapshots.watch(cleared)
        is_dry_run = self._snapshots.is_dry_run or not self._snapshots.retires
        report.cleared(cleared, self._snapshots.stack, is_dry_run=is_dry_run)
