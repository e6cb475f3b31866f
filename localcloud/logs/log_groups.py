"""CloudWatch Logs: what functions print can be read there too."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from moto.logs.models import logs_backends

if TYPE_CHECKING:
    from localcloud.ground.gate import Gate

STREAM = "local"


class LogGroups:
    """Appends lines to the log groups of functions, in process: a request for each line would cost too much."""

    def __init__(self, gate: Gate, account: str, region: str) -> None:
        self._gate = gate
        self._account = account
        self._region = region

    def see(self, function: str, line: str) -> None:
        """Take one line of a function's log."""
        group = f"/aws/lambda/{function}"
        with self._gate:
            backend = logs_backends[self._account][self._region]
            if group not in backend.groups:
                backend.create_log_group(group, {})
            if STREAM not in backend.groups[group].streams:
                backend.create_log_stream(group, STREAM)
            event = {"timestamp": int(time.time() * 1000), "message": line}
            backend.put_log_events(group, STREAM, [event])
