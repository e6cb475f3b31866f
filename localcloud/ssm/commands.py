"""Commands that were sent, and their invocations: one on each instance."""

from __future__ import annotations

import time
import uuid
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from localcloud.ssm.behaviour import CANCELLED, IN_PROGRESS, State

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

DELIVERY = 3600
EXECUTION = 3600


@dataclass(frozen=True)
class Order:
    """What SendCommand asks for."""

    document: str
    parameters: Mapping[str, list[str]]
    instance_ids: list[str]
    """As they were named."""
    targets: list[dict[str, list[str]]]
    comment: str = ""
    delivery: int = DELIVERY
    """TimeoutSeconds."""

    @property
    def commands(self) -> tuple[str, ...]:
        """The lines of the script."""
        return tuple(self.parameters["commands"])

    @property
    def execution(self) -> int:
        """The execution timeout in seconds."""
        return int(self.parameters.get("executionTimeout", [str(EXECUTION)])[0])


@dataclass
class Invocation:
    """A command on one instance."""

    instance_id: str
    end: State
    begun: float = field(default_factory=time.monotonic)
    announced: bool = False
    """Whether GetCommandInvocation knows it: AWS takes a moment."""

    @property
    def state(self) -> State:
        """What it has come to."""
        return self.end if time.monotonic() - self.begun >= self.end.at else IN_PROGRESS

    @property
    def seconds(self) -> float:
        """How long it took, or has taken so far."""
        return min(time.monotonic() - self.begun, self.end.at)

    def cancel(self) -> None:
        """End it now, if it has not ended."""
        if not self.state.final:
            self.end = replace(CANCELLED, at=self.seconds)


@dataclass(frozen=True)
class Command:
    """A command that was sent at a moment of the cloud's clock."""

    order: Order
    moment: datetime
    invocations: list[Invocation]
    id: str = field(default_factory=lambda: str(uuid.uuid4()))

    @property
    def status(self) -> tuple[str, str]:
        """Status and details of the whole: of those that did not succeed, of the first."""
        states = [each.state for each in self.invocations]
        if not states:
            return "Success", "NoInstancesInTag"
        unfinished = [each for each in states if not each.final]
        worst = [each for each in states if each.status != "Success"]
        shown = (unfinished or worst or states)[0]
        return shown.status, shown.details
