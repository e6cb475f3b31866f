"""Hooks: an instance's data are made consistent before its snapshots, and go on after, whatever happens to us.

The command that freezes first starts a clock on the instance itself, which thaws it when the time is over: so it thaws
even where this run dies, or Systems Manager is out of reach.
"""

import shlex
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from typing import Protocol

from chalicelib.errors import Refused, TryAgain
from chalicelib.problem import Problem
from chalicelib.snapshots.changes import Create
from chalicelib.snapshots.policies import Hooks

SECONDS_FOR_EC2 = 3.0  # that must be left when the instance is frozen: else it may thaw before its snapshots begin


class Shell(Protocol):
    """A shell on instances."""

    def run(self, instance: str, script: str, seconds: float) -> None:
        """Run a script as root, and wait for its end; raise Refused where it fails or takes longer, and TryAgain."""


class Freezer:
    """Freezes and thaws instances whose policy has hooks; ``problems`` says where that failed.

    Without a shell it does not, and says so.
    """

    def __init__(
        self,
        shell: Shell | None,
        clock: Callable[[], float] = time.monotonic,
        epoch: Callable[[], float] = time.time,
    ) -> None:
        self._shell, self._clock, self._epoch = shell, clock, epoch
        self.problems: list[Problem] = []

    @contextmanager
    def frozen(self, create: Create) -> Iterator[Callable[[], bool]]:
        """Freeze an instance for the length of a block, and yield what says whether it is frozen still."""
        hooks, instance = create.policy.hooks, create.instance
        if hooks is None or instance is None or instance.state != "running":
            yield lambda: False
            return
        if self._shell is None:
            said = "was not frozen, so its snapshots are only crash-consistent: the stack has SnapshotHooks=0"
            self.problems.append(Problem(instance.id, said))
            yield lambda: False
            return
        thaws_at = self._clock() + hooks.seconds
        patience = hooks.seconds - SECONDS_FOR_EC2
        script = freeze_script(hooks, int(self._epoch() + patience))
        is_frozen = self._try(self._shell, instance.id, "freeze", script, patience)
        try:
            yield lambda: is_frozen and self._clock() < thaws_at
        finally:
            self._try(self._shell, instance.id, "thaw", thaw_script(hooks), hooks.seconds)

    def _try(self, shell: Shell, instance: str, verb: str, script: str, seconds: float) -> bool:
        try:
            shell.run(instance, script, seconds)
        except (Refused, TryAgain) as reason:
            said = {
                "freeze": f"could not be frozen, so its snapshots are only crash-consistent: {reason}",
                "thaw": f"could not be told to thaw, and does so by itself when its time is over: {reason}",
            }
            self.problems.append(Problem(instance, said[verb]))
            return False
        return True


def freeze_script(hooks: Hooks, deadline: int) -> str:
    """Return a script that freezes, or thaws again where that fails, and that thaws anyway when the time is over.

    From the deadline on, in seconds since the epoch, it does nothing: it may be delivered when the thaw has long been.
    """
    thaw, timer = _shell(hooks.thaw), _timer(hooks)
    in_time = shlex.quote(f'sleep {hooks.seconds}; rm -f "{timer}"; {thaw}')
    return (
        f'if [ "$(date +%s)" -gt {deadline} ]; then echo "it is too late to freeze" >&2; exit 1; fi\n'
        f"{_stop(hooks)}\n"
        f"setsid sh -c {in_time} </dev/null >/dev/null 2>&1 &\n"
        f'echo $! >"{timer}"\n'
        f"{_shell(hooks.freeze)} || {{ code=$?; {_stop(hooks)}; {thaw}; exit $code; }}\n"
    )


def thaw_script(hooks: Hooks) -> str:
    """Return a script that thaws, and stops the clock that would thaw: it must not meet a later freeze."""
    return f"{_stop(hooks)}\n{_shell(hooks.thaw)}\n"


def _timer(hooks: Hooks) -> str:
    """Return the file that holds the number of the session that thaws in time; other hooks have another."""
    return f"${{XDG_RUNTIME_DIR:-/run}}/groundskeeper-{sha256(hooks.thaw.encode()).hexdigest()[:12]}"


def _stop(hooks: Hooks) -> str:
    """Return what stops that session. Only what bears the file's name is killed: the number may be another's by now."""
    timer = _timer(hooks)
    is_ours = f'grep -qs {timer.rpartition("/")[2]} "/proc/$timer/cmdline"'
    return f'if timer=$(cat "{timer}" 2>/dev/null); then rm -f "{timer}"; {is_ours} && kill -- "-$timer"; fi'


def _shell(command: str) -> str:
    return f"sh -c {shlex.quote(command)}"
