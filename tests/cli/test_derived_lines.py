"""What an operator reads of a campaign: one line for each thing, JSON for programs, a bar only on a terminal."""

import io
import json
import os
import pty
import re
import subprocess
import sys

import pytest
from rich.console import Console

from chalicelib.derived.audit import Fault, Finding
from chalicelib.derived.keys import Keys
from chalicelib.derived.model import DerivedKey, Done
from cli.derived.campaign import Looked, Step
from cli.derived.lines import Report
from cli.derived.progress import Watch
from tests.conftest import ROOT


def finding(fault: Fault, name: str = "thumbnail", source: str = "cat.jpg") -> Finding:
    return Finding(fault, DerivedKey(source, name, "jpg"), "so it is")


def looked(*findings: Finding, source: str = "cat.jpg") -> Looked:
    return Looked(source, findings, tuple(each for each in findings if each.fault is not Fault.LEFT_ALONE))


def report(*, acts: bool = False, as_json: bool = False) -> Report:
    return Report(Keys("derived/"), acts=acts, as_json=as_json)


def test_an_audit_has_one_line_for_each_finding_and_a_summary(capsys: pytest.CaptureFixture[str]):
    said = report()
    said.show(Step(looked(finding(Fault.LOST), finding(Fault.LEFT_ALONE, "large"))))
    said.show(Step(looked()))
    assert capsys.readouterr().out.splitlines() == [
        "lost        derived/cat.jpg/thumbnail.jpg  because so it is",
        "left alone  derived/cat.jpg/large.jpg  because so it is",
    ]
    assert (said.summary(), said.is_good) == ("looked at 2 sources: 1 lost, 1 left alone", False)


def test_what_is_left_alone_is_nothing_wrong():
    said = report()
    said.show(Step(looked(finding(Fault.LEFT_ALONE))))
    assert said.is_good


def test_a_repair_says_what_was_made_deleted_and_not_done(capsys: pytest.CaptureFixture[str]):
    said = report(acts=True)
    done = Done(frozenset({"a"}), frozenset({"b"}), {"c": "it is broken"})
    found = [
        finding(Fault.STALE, "a"),
        finding(Fault.ORPHANED, "b"),
        finding(Fault.MISSING, "c"),
        finding(Fault.LOST, "d"),
    ]
    said.show(Step(looked(*found), done))
    printed = capsys.readouterr()
    assert printed.out.splitlines() == [
        "~ derived/cat.jpg/a.jpg  because so it is",
        "- derived/cat.jpg/b.jpg  because so it is",
    ]
    assert "! derived/cat.jpg/c.jpg: it is broken" in printed.err
    assert "! derived/cat.jpg/d.jpg: the function left it as it is" in printed.err
    assert (said.summary(), said.is_good) == (
        "looked at 1 source: 1 made, 1 deleted, 1 cannot be made, 1 not done",
        False,
    )


def test_a_repair_that_did_everything_is_good_and_one_that_could_not_look_is_not():
    said = report(acts=True)
    said.show(Step(looked(finding(Fault.LOST)), Done(frozenset({"thumbnail"}))))
    assert said.is_good
    said.show(Step(Looked("dog.jpg", failure="S3 said SlowDown")))
    assert (said.summary(), said.is_good) == ("looked at 2 sources: 1 made, 1 failed", False)


def test_what_is_held_is_counted_once_it_is_decided():
    said = report(acts=True)
    said.show(Step(looked(finding(Fault.ORPHANED)), is_held=True))
    assert said.sources == 0
    said.show_kept(looked(finding(Fault.ORPHANED)))
    assert said.summary() == "looked at 1 source: 1 kept"


def test_a_key_with_a_line_break_stays_one_line(capsys: pytest.CaptureFixture[str]):
    report().show(Step(looked(finding(Fault.LOST, source="a\nb\x1b[31m"), source="a\nb\x1b[31m")))
    assert capsys.readouterr().out == "lost        'derived/a\\nb\\x1b[31m/thumbnail.jpg'  because so it is\n"


def test_json_is_one_object_a_line(capsys: pytest.CaptureFixture[str]):
    report(as_json=True).show(Step(looked(finding(Fault.LOST))))
    acting = report(acts=True, as_json=True)
    acting.show(Step(looked(finding(Fault.LOST)), Done(not_made={"thumbnail": "no"})))
    acting.show(Step(looked()))
    acting.show(Step(Looked("dog.jpg", failure="S3 said SlowDown")))
    assert [json.loads(line) for line in capsys.readouterr().out.splitlines()] == [
        {"fault": "lost", "key": "derived/cat.jpg/thumbnail.jpg", "source": "cat.jpg", "because": "so it is"},
        {
            "source": "cat.jpg",
            "made": [],
            "deleted": [],
            "not_done": {"derived/cat.jpg/thumbnail.jpg": "no"},
            "left_alone": {},
        },
        {"source": "dog.jpg", "failed": "S3 said SlowDown"},
    ]


@pytest.mark.parametrize("is_terminal", [True, False], ids=["a terminal", "a pipe"])
def test_the_progress_bar_is_for_terminals_only(is_terminal: bool):
    file = io.StringIO()
    clock = iter([0.0, 4.0])
    with Watch(
        "repairing photos/", Console(file=file, force_terminal=is_terminal, width=100), lambda: next(clock)
    ) as watch:
        watch.show(1_000, 7)
    said = file.getvalue()
    assert ("1,000 sources, 250.0/s, 7 found" in said) is is_terminal
    assert bool(said) is is_terminal


def test_on_a_terminal_lines_stand_above_the_bar_and_do_not_run_into_it():
    ours, its = pty.openpty()
    code = """
from tests.cli.test_derived_lines import finding, looked, report, Fault, Step, Watch
from cli.screen import err
with Watch("looking", err) as watch:
    for _ in range(3):
        report().show(Step(looked(finding(Fault.LOST))))
        watch.show(1, 1)
"""
    env = {"PYTHONPATH": str(ROOT), "TERM": "xterm", "COLUMNS": "100", "NO_COLOR": "1"}
    subprocess.run([sys.executable, "-c", code], stdout=its, stderr=its, env=env, timeout=60, check=True)
    shown = os.read(ours, 2**16).decode()
    os.close(ours)
    os.close(its)
    lines = [line.rpartition("\x1b[2K")[2] for line in shown.splitlines() if "because" in line]
    plain = [re.sub(r"\x1b\[[0-9;]*m", "", line) for line in lines]
    assert plain == ["lost        derived/cat.jpg/thumbnail.jpg  because so it is"] * 3


def test_what_is_done_in_two_goes_is_what_the_later_says():
    first = Done(frozenset({"a"}), frozenset(), {"b": "no", "c": "no"})
    assert first | Done(frozenset({"b"}), frozenset({"d"}), {"c": "never"}) == Done(
        frozenset({"a", "b"}), frozenset({"d"}), {"c": "never"}
    )
