"""One execution environment: what a handler sees, and what becomes of it when things go wrong."""

import json
import os
import subprocess
import sys
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from localcloud.cloud import RUNTIME
from localcloud.runtime.environment import Sandbox
from localcloud.runtime.process import Program
from localcloud.runtime.warden import Warden
from localcloud.tests.clouds import alive, eventually

type Make = Callable[..., Any]

ARN = "arn:aws:lambda:us-east-1:123456789012:function:f"


@pytest.fixture
def run(tmp_path: Path) -> Any:
    """Make sandboxes of given source code; all are closed at the end."""
    made: list[Any] = []

    def make(source: str, timeout: float = 10.0, **variables: Any) -> Any:
        code = tmp_path / f"code-{len(made)}"
        code.mkdir()
        (code / "app.py").write_text(source)
        program = Program(
            function_name="f",
            handler="app.handler",
            timeout=timeout,
            memory=128,
            region="eu-west-1",
            code=code,
            layers=tmp_path / "layers",
            runtime=RUNTIME,
            variables=variables,
        )
        lines: list[str] = []
        sandbox: Any = Sandbox(program, tmp_path / f"tmp-{len(made)}", lines.append, warden)
        sandbox.lines = lines  # what it logs
        made.append(sandbox)
        return sandbox

    with Warden() as warden:
        yield make
        for sandbox in made:
            sandbox.close()


def invoke(sandbox: Any, event: Any = None) -> Any:
    answer = sandbox.invoke(str(uuid.uuid4()), ARN, json.dumps(event).encode())
    return answer, json.loads(answer.payload)


def test_the_handler_gets_the_event_and_its_result_comes_back(run: Make) -> None:
    answer, result = invoke(run("def handler(event, context): return {'got': event}"), {"a": [1, None, "é"]})
    assert not answer.failed
    assert result == {"got": {"a": [1, None, "é"]}}


def test_the_context_tells_the_request_the_function_and_the_time_left(run: Make) -> None:
    sandbox = run(
        "import os\n"
        "def handler(event, context):\n"
        "    return [context.aws_request_id, context.invoked_function_arn, context.function_name,\n"
        "            context.memory_limit_in_mb, context.get_remaining_time_in_millis(),\n"
        "            os.environ['_X_AMZN_TRACE_ID']]\n",
        timeout=7,
    )
    answer, (request_id, arn, name, memory, left, trace) = invoke(sandbox)
    assert (request_id, arn, name, memory) == (answer.request_id, ARN, "f", "128")
    assert 6000 < left <= 7000
    assert trace.startswith("Root=1-")


def test_a_warm_environment_keeps_its_state(run: Make) -> None:
    sandbox = run("count = 0\ndef handler(event, context):\n    global count; count += 1; return count\n")
    assert [invoke(sandbox)[1] for _ in range(3)] == [1, 2, 3]


def test_an_exception_is_an_error_with_type_and_trace_and_the_environment_lives_on(run: Make) -> None:
    sandbox = run("def handler(event, context):\n    if event: raise ValueError('no good')\n    return 'ok'\n")
    answer, error = invoke(sandbox, {"bad": True})
    assert answer.failed
    assert (error["errorType"], error["errorMessage"]) == ("ValueError", "no good")
    assert "in handler" in error["stackTrace"][0]
    assert sandbox.usable
    assert invoke(sandbox, {})[1] == "ok"


def test_an_invocation_over_the_timeout_is_killed_and_told_so(run: Make) -> None:
    sandbox = run(
        "import subprocess, time\n"
        "def handler(event, context):\n"
        "    print('child', subprocess.Popen(['sleep', '60']).pid); time.sleep(60)\n",
        timeout=0.5,
    )
    answer, error = invoke(sandbox)
    assert error["errorType"] == "Sandbox.Timedout"
    assert error["errorMessage"] == f"RequestId: {answer.request_id} Error: Task timed out after 0.50 seconds"
    assert not sandbox.usable
    sandbox.close()
    child = next(line for line in sandbox.lines if line.startswith("child")).split()[1]
    eventually(lambda: not alive(child))


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        pytest.param("os._exit(3)", "Runtime exited with error: exit status 3", id="exit status"),
        pytest.param("os.kill(os.getpid(), 9)", "Runtime exited with error: signal: killed", id="signal"),
        pytest.param("os._exit(0)", "Runtime exited without providing a reason", id="no reason"),
    ],
)
def test_a_process_that_ends_is_reported(run: Make, statement: str, words: str) -> None:
    sandbox = run(f"import os\ndef handler(event, context): {statement}\n")
    answer, error = invoke(sandbox)
    assert error == {
        "errorType": "Runtime.ExitError",
        "errorMessage": f"RequestId: {answer.request_id} Error: {words}",
    }
    assert not sandbox.usable


def test_a_package_missing_from_the_zip_fails_as_in_lambda_though_it_is_installed_here(run: Make) -> None:
    import moto  # noqa: F401 - the point: it can be imported here

    answer, error = invoke(run("import moto\ndef handler(event, context): pass\n"))
    assert answer.failed
    assert error["errorType"] == "Runtime.ImportModuleError"
    assert error["errorMessage"] == "Unable to import module 'app': No module named 'moto'"


def test_what_the_lambda_image_brings_can_be_imported(run: Make) -> None:
    assert invoke(run("import boto3\ndef handler(event, context): return boto3.__file__\n"))[1].startswith(str(RUNTIME))


def test_nothing_of_the_developers_shell_gets_in(run: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "production")
    monkeypatch.setenv("PYTHONPATH", "/somewhere")
    sandbox = run("import os\ndef handler(event, context): return dict(os.environ)\n", GREETING="hello")
    seen = invoke(sandbox)[1]
    assert "AWS_PROFILE" not in seen
    assert "/somewhere" not in seen["PYTHONPATH"]
    expected = {
        "GREETING": "hello",
        "AWS_LAMBDA_FUNCTION_NAME": "f",
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "128",
        "AWS_LAMBDA_LOG_GROUP_NAME": "/aws/lambda/f",
        "AWS_REGION": "eu-west-1",
        "AWS_DEFAULT_REGION": "eu-west-1",
        "_HANDLER": "app.handler",
        "TZ": ":UTC",
    }
    assert {name: seen[name] for name in expected} == expected


def test_a_response_over_the_limit_is_refused(run: Make) -> None:
    sandbox = run("def handler(event, context): return 'x' * event\n")
    assert not invoke(sandbox, 6_291_554)[0].failed  # with its quotes exactly the limit
    answer, error = invoke(sandbox, 6_291_555)
    assert answer.failed
    assert error["errorType"] == "Function.ResponseSizeTooLarge"
    assert "(6291556 bytes)" in error["errorMessage"]
    assert not sandbox.usable


def test_layers_are_imported_after_the_code_and_before_the_runtime(run: Make, tmp_path: Path) -> None:
    layer = tmp_path / "layers" / "python"
    layer.mkdir(parents=True)
    (layer / "only_layer.py").write_text("where = 'layer'")
    (layer / "boto3.py").write_text("where = 'layer'")
    (layer / "app.py").write_text("raise RuntimeError('not this one')")
    sandbox = run("import boto3, only_layer\ndef handler(event, context): return boto3.where + only_layer.where\n")
    assert invoke(sandbox)[1] == "layerlayer"


def test_output_is_logged_line_by_line_between_start_and_end(run: Make) -> None:
    sandbox = run(
        "import logging, sys\n"
        "def handler(event, context):\n"
        "    print('one'); print('two', file=sys.stderr); logging.warning('three'); sys.stdout.write('four')\n"
        "    raise KeyError('five')\n"
    )
    answer, _ = invoke(sandbox)
    start, one, two, three, rest, end, report = sandbox.lines
    assert start == f"START RequestId: {answer.request_id} Version: $LATEST"
    assert (one, two) == ("one", "two")
    assert "three" in three
    assert rest.startswith("four[ERROR] KeyError: 'five'\nTraceback (most recent call last):\n")
    assert end == f"END RequestId: {answer.request_id}"
    assert report.startswith(f"REPORT RequestId: {answer.request_id}\tDuration: ")
    assert "Init Duration" in report
    assert "two" in answer.tail


def test_no_process_outlives_the_emulator_even_when_that_is_killed(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(
        "import os, subprocess, time\n"
        "def handler(event, context):\n"
        "    print('pids', os.getpid(), subprocess.Popen(['sleep', '60']).pid); time.sleep(60)\n"
    )
    emulator = subprocess.Popen(
        [sys.executable, "-c", EMULATOR, str(tmp_path), str(RUNTIME)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
    )
    with emulator:
        assert emulator.stdout
        try:
            pids = next(line for line in emulator.stdout if line.startswith("pids")).split()[1:]
            assert all(alive(pid) for pid in pids)
        finally:
            emulator.kill()
    eventually(lambda: not any(alive(pid) for pid in pids))


EMULATOR = """
import sys
from pathlib import Path
from localcloud.runtime.process import Program
from localcloud.runtime.environment import Sandbox
from localcloud.runtime.warden import Warden
folder, runtime = Path(sys.argv[1]), Path(sys.argv[2])
program = Program("f", "app.handler", 60, 128, "us-east-1", folder, folder / "layers", runtime, {})
Sandbox(program, folder / "tmp", lambda line: print(line, flush=True), Warden()).invoke("1", "arn", b"{}")
"""
