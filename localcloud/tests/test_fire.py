"""Schedules of a running local cloud that another process fires."""

from pathlib import Path
from typing import Any

import pytest

from localcloud.__main__ import main
from localcloud.run_file import published
from localcloud.server.aws import AwsServer


@pytest.fixture
def workdir(aws: AwsServer, tmp_path: Path) -> Any:
    facts = {"aws_endpoint": aws.endpoint, "secret_key": aws.secret_key, "pid": 1}
    with published(tmp_path / "run.json", facts):
        yield str(tmp_path)


def test_the_command_fires_a_schedule(aws: AwsServer, workdir: str, capsys: pytest.CaptureFixture[str]) -> None:
    fired: list[str] = []
    aws.on_fire = fired.append
    assert main(["fire", "sweep", "--workdir", workdir]) == 0
    assert (fired, capsys.readouterr().out) == (["sweep"], "fired sweep\n")


def test_the_command_says_so_where_there_is_no_such_schedule(
    aws: AwsServer, workdir: str, capsys: pytest.CaptureFixture[str]
) -> None:
    def fire(name: str) -> None:
        raise LookupError(f"no schedule has the name or the target {name}")

    aws.on_fire = fire
    assert main(["fire", "swep", "--workdir", workdir]) == 1
    assert capsys.readouterr().err == "no schedule has the name or the target swep\n"


def test_the_command_says_so_where_no_cloud_runs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["fire", "sweep", "--workdir", str(tmp_path)]) == 2
    assert capsys.readouterr().err == f"no local cloud runs here: {tmp_path}/run.json names none\n"
