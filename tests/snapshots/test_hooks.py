"""Hooks freeze an instance for no longer than they say, and snapshots never claim more than was so."""

import os
import shlex
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import Event

import pytest

from chalicelib.errors import BadSettings, GroundskeeperError, Refused, TryAgain, Unclear
from chalicelib.snapshots.changes import Create
from chalicelib.snapshots.hooks import SECONDS_FOR_EC2, Freezer, freeze_script, thaw_script
from chalicelib.snapshots.policies import Hooks
from tests.snapshots.fakes import Crash, Machine
from tests.snapshots.worlds import DAILY, HOOKED, instance, planned, volume, world


def create(policy: str = HOOKED, state: str = "running") -> Create:
    """Return what asks for the snapshots of an instance with two volumes."""
    disks = volume(1), volume(2)
    (made,) = planned(world(*disks, instance(1, *disks, tag="daily", state=state)), policy).creates
    return made


@dataclass
class Frozen:
    """What a machine has been told, what was true in between, and what is wrong."""

    machine: Machine = field(default_factory=Machine)

    def __post_init__(self) -> None:
        self.freezer = Freezer(self.machine, self.machine.line.time.seconds, self.machine.line.time.seconds)

    def make(self, create: Create, act: Callable[[], object] = lambda: None) -> tuple[bool, bool]:
        """Freeze, act, and return whether it was frozen before and after."""
        with self.freezer.frozen(create) as is_frozen:
            before = is_frozen()
            with self.machine.line.call("act"):
                act()
            return before, is_frozen()

    @property
    def verbs(self) -> list[str]:
        return self.machine.line.calls

    @property
    def reasons(self) -> list[str]:
        return [problem.reason for problem in self.freezer.problems]


@pytest.fixture
def frozen() -> Frozen:
    return Frozen()


def test_it_freezes_and_acts_and_thaws(frozen: Frozen):
    assert frozen.make(create()) == (True, True)
    assert frozen.verbs == ["freeze", "act", "thaw"]
    assert frozen.reasons == []


@pytest.mark.parametrize(
    "made", [create(DAILY), create(state="stopped"), replace(create(), instance=None)], ids=lambda made: made.subject
)
def test_where_nothing_runs_or_no_hook_is_wanted_nothing_is_told(frozen: Frozen, made: Create):
    assert frozen.make(made) == (False, False)
    assert frozen.verbs == ["act"]


def test_a_stack_that_does_not_run_hooks_freezes_nothing_and_says_so():
    freezer = Freezer(None)
    with freezer.frozen(create()) as is_frozen:
        assert not is_frozen()
    (problem,) = freezer.problems
    assert problem.subject == create().subject
    assert "only crash-consistent: the stack has SnapshotHooks=0" in problem.reason


@pytest.mark.parametrize(
    "error", [Refused("no"), TryAgain("later"), Unclear("?"), BadSettings("denied"), Crash()], ids=repr
)
def test_it_thaws_whatever_becomes_of_the_snapshots(frozen: Frozen, error: Exception):
    frozen.machine.line.errors["act"] = [error]
    with pytest.raises(type(error)):
        frozen.make(create())
    assert frozen.verbs == ["freeze", "act", "thaw"]


@pytest.mark.parametrize("error", [Refused("exit code 1"), TryAgain("SSM said Throttling")], ids=repr)
def test_a_freeze_that_fails_costs_no_snapshot_but_its_consistency(frozen: Frozen, error: GroundskeeperError):
    frozen.machine.line.errors["freeze"] = [error]
    assert frozen.make(create()) == (False, False)
    assert frozen.verbs == ["freeze", "act", "thaw"], "perhaps it froze after all"
    (reason,) = frozen.reasons
    assert reason == f"could not be frozen, so its snapshots are only crash-consistent: {error}"
    assert frozen.freezer.problems[0].subject == create().subject


def test_a_freeze_that_leaves_no_time_for_the_snapshots_is_not_waited_for(frozen: Frozen):
    frozen.machine.takes["freeze"] = 29.0
    assert frozen.make(create()) == (False, False)
    assert "did not end in time" in frozen.reasons[0]


def test_a_freeze_that_just_ends_in_time_leaves_time_for_the_snapshots(frozen: Frozen):
    frozen.machine.takes["freeze"] = 30.0 - SECONDS_FOR_EC2
    assert frozen.make(create()) == (True, True)


def test_when_ec2_takes_longer_than_the_freeze_lasts_it_is_not_frozen_any_more(frozen: Frozen):
    assert frozen.make(create(), lambda: frozen.machine.line.time.sleep(30.0)) == (True, False)


@pytest.mark.parametrize("error", [Refused("exit code 1"), TryAgain("SSM said Throttling")], ids=repr)
def test_a_thaw_that_fails_is_a_problem_and_spoils_no_snapshot(frozen: Frozen, error: GroundskeeperError):
    frozen.machine.line.errors["thaw"] = [error]
    assert frozen.make(create()) == (True, True)
    assert frozen.reasons == [
        f"could not be told to thaw, and does so by itself when its time is over: {error}",
    ]


IN_TIME, TOO_LATE = 2**40, 1  # seconds since the epoch


@dataclass
class Box:
    """A machine with a real shell: what its commands write in a folder is what becomes of its data."""

    folder: Path

    def run(self, name: str, script: str, seconds: float) -> None:
        """Run a script as the agent of Systems Manager does: by sh, whose output is awaited."""
        file = self.folder / f"{len(list(self.folder.iterdir()))}.sh"
        file.write_text("\n".join(script.splitlines()))
        done = subprocess.run(
            ["sh", str(file)],
            cwd=self.folder,
            env={"PATH": os.environ["PATH"], "XDG_RUNTIME_DIR": str(self.folder)},
            capture_output=True,
            text=True,
            timeout=30,
        )
        if done.returncode:
            raise Refused(f"exit code {done.returncode}: {done.stderr}")

    def hooks(self, name: str = "data", seconds: int = 30, freeze: str = "") -> Hooks:
        """Return hooks that write down what they do."""
        return Hooks(freeze or f"echo freeze >>{name}", f"echo thaw >>{name}", seconds)

    def said(self, name: str = "data") -> list[str]:
        file = self.folder / name
        return file.read_text().split() if file.exists() else []

    def is_frozen(self, name: str = "data") -> bool:
        return self.said(name)[-1:] == ["freeze"]


@pytest.fixture
def box(tmp_path: Path) -> Box:
    return Box(tmp_path)


def eventually(condition: Callable[[], bool], within: float = 20.0) -> None:
    tick = Event()
    for _ in range(int(within / 0.02)):
        if condition():
            return
        tick.wait(0.02)
    pytest.fail(f"waited {within} seconds in vain")


def timers(box: Box) -> Iterator[str]:
    """Yield the sleeps of a machine, by which its timers wait."""
    for process in Path("/proc").glob("[0-9]*"):
        try:
            words = (process / "cmdline").read_bytes().decode(errors="replace")
            folder = (process / "cwd").readlink()
        except OSError:
            continue
        if words.startswith("sleep") and folder == box.folder:
            yield words


def test_a_frozen_machine_thaws_by_itself_in_time(box: Box):
    box.run("i-1", freeze_script(box.hooks(seconds=1), IN_TIME), 30)
    assert box.said() == ["freeze"], "the script does not wait for the thaw"
    eventually(lambda: box.said() == ["freeze", "thaw"])


def test_the_thaw_that_is_told_stops_the_one_in_time(box: Box):
    hooks = box.hooks()
    box.run("i-1", freeze_script(hooks, IN_TIME), 30)
    eventually(lambda: any(timers(box)))
    box.run("i-1", thaw_script(hooks), 30)
    eventually(lambda: not any(timers(box)))
    assert box.said() == ["freeze", "thaw"]


def test_a_freeze_that_is_delivered_too_late_does_nothing(box: Box):
    with pytest.raises(Refused, match="it is too late to freeze"):
        box.run("i-1", freeze_script(box.hooks(), TOO_LATE), 30)
    assert box.said() == []
    assert not any(timers(box))


def test_a_freeze_that_fails_thaws_at_once_and_exits_with_its_code(box: Box):
    hooks = box.hooks(freeze="echo freeze >>data; exit 7")
    with pytest.raises(Refused, match="exit code 7"):
        box.run("i-1", freeze_script(hooks, IN_TIME), 30)
    assert box.said() == ["freeze", "thaw"]


def test_commands_reach_the_shell_as_they_were_written(box: Box):
    odd = """it's "$(echo odd)" \\n 100 % é"""
    said = f"printf '%s\\n' {shlex.quote(odd)} >>data\nif true; then\n  echo more >>data\nfi"
    hooks = Hooks(said, f"printf '%s\\n' {shlex.quote(odd)} >>thawed", 1)
    box.run("i-1", freeze_script(hooks, IN_TIME), 30)
    assert (box.folder / "data").read_text() == f"{odd}\nmore\n"
    eventually(lambda: (box.folder / "thawed").exists() and (box.folder / "thawed").read_text() == f"{odd}\n")


def test_a_thaw_without_a_freeze_is_just_a_thaw(box: Box):
    box.run("i-1", thaw_script(box.hooks()), 30)
    assert box.said() == ["thaw"]


def test_a_thaw_that_fails_says_so(box: Box):
    with pytest.raises(Refused, match="exit code 3"):
        box.run("i-1", thaw_script(Hooks("true", "exit 3", 30)), 30)


def test_another_process_with_the_number_of_a_timer_that_is_gone_lives_on(box: Box):
    hooks = box.hooks()
    with subprocess.Popen(["sleep", "30"], cwd=box.folder, start_new_session=True) as other:
        box.run("i-1", freeze_script(hooks, IN_TIME), 30)
        eventually(lambda: len(list(timers(box))) > 1)
        (file,) = [each for each in box.folder.iterdir() if "groundskeeper" in each.name]
        number = int(file.read_text())
        file.write_text(f"{other.pid}\n")
        box.run("i-1", thaw_script(hooks), 30)
        assert other.poll() is None
        other.kill()
    os.killpg(number, 15)


def test_an_earlier_freeze_does_not_thaw_a_later_one_unsaid(box: Box):
    """What is throttled is frozen again within seconds, and so is an instance whose volumes have two policies."""
    hooks = box.hooks(seconds=1)
    made = replace(create(), policy=replace(create().policy, hooks=hooks))
    freezer = Freezer(box, epoch=lambda: IN_TIME)
    with pytest.raises(TryAgain), freezer.frozen(made):
        raise TryAgain("throttled")
    later = replace(made, policy=replace(made.policy, hooks=replace(hooks, seconds=2)))
    tick = Event()
    with freezer.frozen(later) as is_frozen:
        assert is_frozen()
        while is_frozen():
            assert box.is_frozen() or not is_frozen(), box.said()
            tick.wait(0.02)
    eventually(lambda: box.said()[-1] == "thaw")


def test_a_freeze_leaves_the_timer_of_another_policy_alone_whose_thaw_has_failed(box: Box):
    """One instance, volumes of two policies: the first could not be told to thaw, and must do so by itself."""
    box.run("i-1", freeze_script(box.hooks("first", seconds=1), IN_TIME), 30)
    eventually(lambda: any(timers(box)))
    box.run("i-1", freeze_script(box.hooks("second"), IN_TIME), 30)
    box.run("i-1", thaw_script(box.hooks("second")), 30)
    eventually(lambda: box.said("first") == ["freeze", "thaw"], within=5.0)
    assert box.said("second") == ["freeze", "thaw"]


def test_two_freezes_in_a_row_are_thawed_in_the_time_of_the_last(box: Box):
    box.run("i-1", freeze_script(box.hooks(seconds=20), IN_TIME), 30)
    eventually(lambda: any(timers(box)))
    box.run("i-1", freeze_script(box.hooks(seconds=1), IN_TIME), 30)
    eventually(lambda: box.said() == ["freeze", "freeze", "thaw"])
    eventually(lambda: not any(timers(box)))
