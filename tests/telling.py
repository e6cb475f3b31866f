"""What triggers tell their operators: the log lines and metrics that they print, read back."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest


class Through:
    """What is printed now, wherever that goes."""

    def write(self, text: str) -> None:
        print(text, end="")

    def flush(self) -> None:
        return


@dataclass
class Told:
    """What runs of a stack have printed: log lines and metrics."""

    stack: str
    lines: list[dict[str, Any]] = field(default_factory=list)

    def messages(self, message: str) -> list[dict[str, Any]]:
        return [line for line in self.lines if line.get("message") == message]

    @property
    def metrics(self) -> dict[str, float]:
        found: dict[str, float] = {}
        for line in self.lines:
            for said in line.get("_aws", {}).get("CloudWatchMetrics", ()):
                assert (said["Namespace"], said["Dimensions"]) == ("Groundskeeper", [["stack"]])
                assert line["stack"] == self.stack
                for metric in said["Metrics"]:
                    value = line[metric["Name"]]
                    found[metric["Name"]] = sum(value) if isinstance(value, list) else value
        return found


def telling(stack: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Callable[[], Told]:
    """Return what gives all that was printed since it was asked last."""
    from chalicelib.telemetry import logger

    (handler,) = logger.handlers
    monkeypatch.setattr(handler, "stream", Through())

    def read() -> Told:
        return Told(stack, [json.loads(line) for line in capsys.readouterr().out.splitlines() if line.startswith("{")])

    return read
