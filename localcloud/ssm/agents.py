"""The agents of all instances: who takes which command, and what was run."""

from __future__ import annotations

from collections import defaultdict, deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from moto.ec2.models import ec2_backends

from localcloud.ssm.behaviour import Behaviour, Silent, Succeeds, Unmanaged, end
from localcloud.ssm.commands import Command, Invocation, Order

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

type Where = tuple[str, str]
"""Account and region."""


@dataclass(frozen=True)
class Run:
    """A script that an instance started."""

    instance_id: str
    document: str
    commands: tuple[str, ...]
    moment: datetime
    """By the cloud's clock."""
    command_id: str


class Agents:
    """Every running instance has an agent under which commands succeed, unless it is told to behave otherwise."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self.runs: list[Run] = []
        """What was started, in order."""
        self._now = now
        self._behaviours: dict[str, deque[Behaviour]] = {}
        self._commands: dict[Where, list[Command]] = defaultdict(list)

    def behave(self, instance_id: str, *behaviours: Behaviour) -> None:
        """Let an instance take its next commands so, one after the other; all further ones like the last."""
        self._behaviours[instance_id] = deque(behaviours or (Succeeds(),))

    def behaviour(self, instance_id: str) -> Behaviour:
        """Return how an instance takes its next command."""
        return self._behaviours.get(instance_id, [Succeeds()])[0]

    def commands(self, where: Where) -> list[Command]:
        """Return the commands that were sent there, the latest first."""
        return self._commands[where][::-1]

    def managed(self, where: Where) -> dict[str, Any]:
        """Return moto's instances that run and have an agent, by their ids."""
        account, region = where
        reservations = list(ec2_backends[account][region].reservations.values())
        running = [each for one in reservations for each in one.instances if each.state == "running"]
        return {each.id: each for each in running if not isinstance(self.behaviour(each.id), Unmanaged)}

    def send(self, where: Where, order: Order, instance_ids: list[str]) -> Command:
        """Send a command to managed instances."""
        taken = {each: self._take(each) for each in instance_ids}
        ends = {each: end(behaviour, order.delivery, order.execution) for each, behaviour in taken.items()}
        command = Command(order, self._now(), [Invocation(each, its) for each, its in ends.items()])
        self._commands[where].append(command)
        for each, behaviour in taken.items():
            if not isinstance(behaviour, Silent):
                self.runs.append(Run(each, order.document, order.commands, command.moment, command.id))
        return command

    def _take(self, instance_id: str) -> Behaviour:
        waiting = self._behaviours.get(instance_id, deque())
        return waiting.popleft() if len(waiting) > 1 else self.behaviour(instance_id)
