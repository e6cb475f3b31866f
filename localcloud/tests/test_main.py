"""The command `python -m localcloud run`, as a user runs it."""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import boto3
import pytest

from localcloud.__main__ import main
from localcloud.tests.clouds import alive, eventually

ROOT = Path(__file__).parents[2]


@contextmanager
def started(folder: Path, *arguments: object, **variables: str) -> Iterator[Any]:
    """Start the command in a folder, in a process group of its own, on free ports; it ends with the block."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "AWS_PORT": "0", "API_PORT": "0", **variables}
    process = subprocess.Popen(
        [sys.executable, "-m", "localcloud", "run", *map(str, arguments)],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    with process:
        try:
            yield process
        finally:
            process.kill()


def until_ready(process: Any) -> str:
    lines = []
    for line in process.stdout:
        lines.append(line)
        if line == "ready\n":
            return "".join(lines)
    raise AssertionError(f"never ready: {process.stderr.read()}")


def descendants(pid: int) -> list[int]:
    """Return the processes that a process started, and those that these started."""
    parents = {}
    for each in Path("/proc").glob("[0-9]*/stat"):
        with suppress(FileNotFoundError, ProcessLookupError):
            parents[int(each.parent.name)] = int(each.read_text().rsplit(")", 1)[1].split()[1])
    found = [pid]
    for parent in found:
        found += [child for child, its in parents.items() if its == parent]
    return found[1:]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_runs_a_package_until_it_is_told_to_stop_and_leaves_nothing(
    package: Path, tmp_path: Path, number: int
) -> None:
    arguments = ["--package", package, "--stack", "tiny", "--zone", "ex.test", "--private-zone", "in.test"]
    parameter = "Greeting={zone_id} {private_zone_id} {domain}"
    with started(tmp_path, *arguments, "--parameter", parameter) as process:
        told = until_ready(process)
        facts = json.loads((tmp_path / ".localcloud" / "run.json").read_text())
        assert facts["aws_endpoint"] in told
        assert facts["api_url"] in told
        assert (facts["domain"], facts["stack"], facts["pid"]) == ("ex.test", "tiny", process.pid)
        make: Any = boto3.client
        keys = {"aws_access_key_id": facts["access_key"], "aws_secret_access_key": facts["secret_key"]}
        client = make("lambda", endpoint_url=facts["aws_endpoint"], region_name=facts["region"], **keys)
        greeting = json.load(client.invoke(FunctionName="tiny-plain")["Payload"])["greeting"]
        assert greeting == f"{facts['hosted_zone_id']} {facts['private_hosted_zone_id']} ex.test"
        others = descendants(process.pid)
        assert len(others) >= 2  # the warden and a function
        process.send_signal(number)
        assert process.wait(timeout=5) == 0
        assert process.stderr.read() == ""
    eventually(lambda: not any(alive(pid) for pid in others))
    assert not (tmp_path / ".localcloud" / "run.json").exists()
    assert "START" in (tmp_path / ".localcloud" / "logs" / "tiny-plain.log").read_text()


def test_another_process_makes_it_lose_an_object(
    package: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with started(tmp_path, "--package", package, "--stack", "tiny", "--zone", "ex.test") as process:
        assert "python -m localcloud lose s3://bucket/key" in until_ready(process)
        facts = json.loads((tmp_path / ".localcloud" / "run.json").read_text())
        make: Any = boto3.client
        keys = {"aws_access_key_id": facts["access_key"], "aws_secret_access_key": facts["secret_key"]}
        s3 = make("s3", endpoint_url=facts["aws_endpoint"], region_name=facts["region"], **keys)
        (bucket,) = [each["Name"] for each in s3.list_buckets()["Buckets"] if "pictures" in each["Name"].lower()]
        s3.put_object(Bucket=bucket, Key="out/k", StorageClass="REDUCED_REDUNDANCY")
        assert main(["lose", f"s3://{bucket}/out/k", "--workdir", str(tmp_path / ".localcloud")]) == 0
        assert capsys.readouterr().out == f"lost s3://{bucket}/out/k: 1 destination told\n"
        log = tmp_path / ".localcloud" / "logs"
        eventually(lambda: any("ReducedRedundancyLostObject" in each.read_text() for each in log.glob("*nChange*")))
        process.send_signal(signal.SIGKILL)
        process.wait(30)
    assert main(["lose", f"s3://{bucket}/out/k", "--workdir", str(tmp_path / ".localcloud")]) == 2
    assert "no local cloud runs here" in capsys.readouterr().err


def test_a_schedule_that_is_named_fires_at_the_start(package: Path, tmp_path: Path) -> None:
    arguments = ["--package", package, "--stack", "tiny", "--zone", "ex.test"]
    with started(tmp_path, *arguments, "--fire", "tiny-on-time") as process:
        until_ready(process)
        log = tmp_path / ".localcloud" / "logs" / "tiny-on-time.log"
        eventually(lambda: log.exists() and "Scheduled Event" in log.read_text())


def test_killed_outright_it_leaves_no_process_either(package: Path, tmp_path: Path) -> None:
    with started(tmp_path, "--package", package, "--stack", "tiny", "--zone", "ex.test") as process:
        until_ready(process)
        others = descendants(process.pid)
        assert others
    eventually(lambda: not any(alive(pid) for pid in others))


def test_a_taken_port_is_one_clear_line_and_exit_code_2(package: Path, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        arguments = ["--package", package, "--stack", "tiny", "--zone", "ex.test"]
        with started(tmp_path, *arguments, AWS_PORT=port) as process:
            _, error = process.communicate(timeout=20)
    assert (process.returncode, error) == (2, f"port {port} is taken: set AWS_PORT to another one\n")


@pytest.mark.parametrize(
    ("extra", "words"),
    [
        pytest.param(["--parameter", "Greeting"], "Key=Value is wanted", id="no value"),
        pytest.param(["--parameter", "Greeting={zone}"], "the placeholders are {zone_id}", id="placeholder"),
        pytest.param(["--package", "nowhere"], "sam.json is missing", id="no package"),
    ],
)
def test_a_wrong_argument_is_one_clear_line_and_exit_code_2(
    package: Path, capsys: pytest.CaptureFixture[str], extra: list[str], words: str
) -> None:
    arguments = ["run", "--package", str(package), "--stack", "tiny", "--zone", "ex.test", *extra]
    assert main(arguments) == 2
    error = capsys.readouterr().err
    assert words in error
    assert error.count("\n") == 1


def test_a_stack_that_cannot_be_made_is_told_with_its_reason(tmp_path: Path) -> None:
    template = {"Resources": {"P": {"Type": "AWS::SQS::QueuePolicy", "Properties": {"Queues": ["no"]}}}}
    (tmp_path / "sam.json").write_text(json.dumps(template))
    with started(tmp_path, "--package", tmp_path, "--stack", "s", "--zone", "ex.test") as process:
        _, error = process.communicate(timeout=20)
    assert process.returncode == 1
    assert error.startswith("not deployed: s is ROLLBACK_COMPLETE: P (AWS::SQS::QueuePolicy): ")


def test_a_second_one_in_the_same_folder_is_refused_while_the_first_runs(package: Path, tmp_path: Path) -> None:
    arguments = ["--package", package, "--stack", "tiny", "--zone", "ex.test"]
    with started(tmp_path, *arguments) as first:
        until_ready(first)
        with started(tmp_path, *arguments) as second:
            assert second.wait(30) == 2
            assert f"a local cloud runs here already: pid {first.pid}" in second.stderr.read()
        assert json.loads((tmp_path / ".localcloud" / "run.json").read_text())["pid"] == first.pid
        first.send_signal(signal.SIGKILL)
        first.wait(30)
    with started(tmp_path, *arguments) as third:  # what the dead one left does not keep another from starting
        until_ready(third)
