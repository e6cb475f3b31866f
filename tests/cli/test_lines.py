"""What is done about instances and snapshots, as people and programs read it."""

import json
from collections.abc import Iterable

import pytest

from chalicelib.problem import Problem
from chalicelib.snapshots import job
from chalicelib.snapshots.changes import Create, Plan
from cli.idle import lines as idle_lines
from cli.lines import SIGNS, Action, Line, show
from cli.screen import COLOURS
from cli.snapshots import lines as snapshot_lines
from tests.snapshots.worlds import HERE, only, policy, volume, world

STOPPED = idle_lines.of("eu-central-1", "stop", "i-1", "it was idle")
LEFT = idle_lines.of("eu-central-1", "skip", "i-2", "it is protected")


def read(capsys: pytest.CaptureFixture[str], lines: Iterable[Line]) -> tuple[str, str]:
    show(lines, as_json=False)
    out, err = capsys.readouterr()
    return out, err


def test_what_is_done_is_on_standard_output_and_what_is_left_or_wrong_on_standard_error(
    capsys: pytest.CaptureFixture[str],
):
    assert read(capsys, [STOPPED, LEFT]) == (
        "- eu-central-1  stop i-1  because it was idle\n",
        "! eu-central-1  skip i-2  because it is protected\n",
    )


def test_of_snapshots_the_sign_alone_says_what_is_done(capsys: pytest.CaptureFixture[str]):
    disk = volume(1)
    create = Create((disk,), only(policy()), (), "its daily slot has come")
    outcome = job.Outcome(world(disk), Plan((create,), problems=(Problem("vol-2", "it asks in vain"),)))
    assert read(capsys, snapshot_lines.of_outcome(HERE, outcome, planned=True)) == (
        f"+ {HERE}  {disk.id}  because its daily slot has come\n",
        f"! {HERE}  vol-2  because it asks in vain\n",
    )


@pytest.mark.parametrize(
    ("line", "about"),
    [
        (STOPPED, {"subject": "i-1"}),
        (snapshot_lines.of_problem("eu-central-1", Problem("vol-1", "it was idle")), {"ids": ["vol-1"]}),
    ],
    ids=["an instance", "a volume"],
)
def test_programs_read_of_what_it_is_between_the_action_and_the_because(
    capsys: pytest.CaptureFixture[str], line: Line, about: dict[str, object]
):
    show([line], as_json=True)
    (said,) = json.loads(capsys.readouterr().out)
    assert said == {"region": "eu-central-1", "action": line.action, **about, "because": "it was idle"}
    assert list(said) == ["region", "action", *about, "because"]


@pytest.mark.parametrize(("planned", "said"), [(True, "would stop 1, start 0"), (False, "stop 1, start 0")])
def test_instances_are_counted_by_what_is_done(capsys: pytest.CaptureFixture[str], planned: bool, said: str):
    actions: tuple[Action, ...] = ("stop", "start")
    idle_lines.show_and_count([STOPPED, LEFT], actions, planned=planned, as_json=False)
    assert capsys.readouterr().out.splitlines()[-1] == said
    idle_lines.show_and_count([STOPPED], actions, planned=planned, as_json=True)
    assert len(json.loads(capsys.readouterr().out)) == 1


def test_each_action_has_a_sign_and_all_but_what_stays_have_a_colour():
    assert {action for action, sign in SIGNS.items() if sign not in COLOURS} == {"keep"}
