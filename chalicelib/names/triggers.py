"""What runs when something happens to instances, or time passes: names are put right, and it is told what was done."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from chalicelib.names import inbox, report
from chalicelib.names.service import Names


class Triggers:
    """The triggers of names; both methods raise what went wrong, once all is reported."""

    def __init__(self, names: Names) -> None:
        self._names = names

    def instances_changed(self, records: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
        """Follow what one batch of queued events is about; return Lambda's partial batch response."""
        names = self._names
        return report.batch(inbox.handle(records, names.follow, names.rechecks, datetime.now(UTC)), names)

    def sweep(self) -> None:
        """Put every name right."""
        report.sweep(self._names.sweep(), self._names)
