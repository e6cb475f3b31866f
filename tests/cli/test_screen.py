"""The terminal: it shows texts as they are, and whatever it is like, something is printed."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from cli.idle import showing
from cli.screen import console


def typed(*words: str, **environment: str) -> subprocess.CompletedProcess[bytes]:
    """Run the command in a process of its own, without a terminal."""
    plain = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "PYTHONIOENCODING")}
    code = "from cli.main import main; main()"
    return subprocess.run(
        [sys.executable, "-c", code, *words], env=plain | environment, stdin=subprocess.DEVNULL, capture_output=True
    )


@pytest.mark.parametrize("text", ["[old]", "[/bold]", "[red]a[/red]", ":x:"])
def test_no_text_is_markup(text: str, capsys: pytest.CaptureFixture[str]):
    console().print(text, style="bold")
    assert capsys.readouterr().out == f"{text}\n"


def test_a_report_is_said_to_be_in_the_file_that_it_is_in(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    showing._write(tmp_path / "report[b].html", "<html>")
    assert capsys.readouterr().err == f"report written to {tmp_path}/report[b].html\n"


@pytest.mark.parametrize("words", [("costs", "parking"), ("costs", "prices"), ("costs", "--help")], ids=" ".join)
def test_a_terminal_that_is_0_wide_is_one_of_unknown_width(words: tuple[str, ...]):
    asked, unset = typed(*words, COLUMNS="0"), typed(*words)
    assert (asked.returncode, asked.stderr) == (0, b"")
    assert asked.stdout == unset.stdout


@pytest.mark.parametrize("encoding", ["ascii", "cp1252"])
def test_characters_that_the_encoding_lacks_are_question_marks(encoding: str):
    done, whole = typed("costs", "parking", PYTHONIOENCODING=encoding), typed("costs", "parking")
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.decode(encoding) == whole.stdout.decode().encode(encoding, "replace").decode(encoding)


def test_whoever_says_what_becomes_of_such_characters_has_it_so():
    done = typed("costs", "parking", PYTHONIOENCODING="ascii:backslashreplace")
    assert (done.returncode, rb"\u2502" in done.stdout) == (0, True)
