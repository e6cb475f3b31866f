"""How an instance's agent takes a command, and what its invocation comes to.

https://docs.aws.amazon.com/systems-manager/latest/userguide/monitor-commands.html
"""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Succeeds:
    """The commands end with 0, after some seconds."""

    output: str = ""
    seconds: float = 0.0


@dataclass(frozen=True)
class Fails:
    """The commands end with another exit code, after some seconds."""

    exit_code: int = 1
    output: str = ""
    error: str = ""
    seconds: float = 0.0


@dataclass(frozen=True)
class Hangs:
    """The commands are started and do not end: the agent stops them after the execution timeout."""

    seconds: float | None = None
    """In place of the execution timeout that was asked for."""


@dataclass(frozen=True)
class Silent:
    """Nothing is heard of the agent, and nothing runs, until both timeouts have passed: half a minute at least."""

    seconds: float | None = None
    """In place of the timeouts that were asked for."""


@dataclass(frozen=True)
class Unmanaged:
    """No agent is registered: no command is taken for the instance."""


type Behaviour = Succeeds | Fails | Hangs | Silent | Unmanaged


@dataclass(frozen=True)
class State:
    """What GetCommandInvocation tells of an invocation."""

    status: str
    details: str
    code: int = -1
    """The exit code; -1 where there is none."""
    output: str = ""
    error: str = ""
    at: float = 0.0
    """Seconds after it was sent."""

    @property
    def final(self) -> bool:
        """Tell whether it stays so."""
        return self.status not in (IN_PROGRESS.status, "Pending")


IN_PROGRESS = State("InProgress", "InProgress")
CANCELLED = State("Cancelled", "Cancelled")
_SLOW = State("TimedOut", "ExecutionTimedOut")
_LOST = State("TimedOut", "DeliveryTimedOut")


def end(behaviour: Behaviour, delivery: float, execution: float) -> State:
    """Return how and when an invocation ends by itself, with these timeouts in seconds."""
    match behaviour:
        case Succeeds(output, seconds) if seconds <= execution:
            return State("Success", "Success", 0, output, at=seconds)
        case Fails(code, output, error, seconds) if seconds <= execution:
            return State("Failed", "Failed", code, output, error, at=seconds)
        case Silent(seconds):
            return replace(_LOST, at=delivery + execution if seconds is None else seconds)
        case Hangs(seconds) if seconds is not None:
            return replace(_SLOW, at=seconds)
        case _:
            return replace(_SLOW, at=execution)
