"""The process of an execution environment: its command line and its environment, as the Lambda image sets them.

Source: https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html (defined runtime variables) and
https://docs.aws.amazon.com/lambda/latest/dg/python-package.html (search order of imports).
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

SHIFTED = Path(__file__).with_name("shifted.py")
HIDDEN = Path(__file__).with_name("hidden")


@dataclass(frozen=True)
class Program:
    """What an execution environment runs."""

    function_name: str
    handler: str
    timeout: float
    """Seconds that one invocation may take."""
    memory: int
    """Megabytes; told to the function, not enforced."""
    region: str
    code: Path
    """The folder of the unpacked zip, Lambda's /var/task."""
    layers: Path
    """The folder of the unpacked layers, Lambda's /opt; it need not exist."""
    runtime: Path
    """The folder of what the Lambda image itself brings: the runtime client and boto3."""
    variables: Mapping[str, str]
    """The function's own environment variables, and the credentials of its role."""
    offset: timedelta = timedelta(0)
    """How far its clock is ahead of real time."""


def command(program: Program) -> list[str]:
    """Return the command line: this interpreter, without anything that is installed beside it."""
    shifted = [str(SHIFTED), str(program.offset.total_seconds())]
    return [sys.executable, "-S", "-P", *(shifted if program.offset else ["-m", "awslambdaric"]), program.handler]


def environment(program: Program, runtime_api: str, scratch: Path) -> dict[str, str]:
    """Return the whole environment: nothing of the developer's shell gets in.

    `scratch` stands for /tmp, by TMPDIR. The layers' folder stands for /opt, by the search paths.
    """
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    opt = program.layers
    imports = [program.code, opt / f"python/lib/{version}/site-packages", opt / "python", HIDDEN, program.runtime]
    return {
        "_HANDLER": program.handler,
        "AWS_DEFAULT_REGION": program.region,
        "AWS_EXECUTION_ENV": f"AWS_Lambda_{version}",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(program.memory),
        "AWS_LAMBDA_FUNCTION_NAME": program.function_name,
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_LAMBDA_LOG_GROUP_NAME": f"/aws/lambda/{program.function_name}",
        "AWS_LAMBDA_LOG_STREAM_NAME": "local",
        "AWS_LAMBDA_RUNTIME_API": runtime_api,
        "AWS_REGION": program.region,
        "LAMBDA_RUNTIME_DIR": str(program.runtime),
        "LAMBDA_TASK_ROOT": str(program.code),
        "LANG": "en_US.UTF-8",
        "LD_LIBRARY_PATH": f"{program.code}:{program.code}/lib:{opt}/lib",
        "PATH": f"/usr/local/bin:/usr/bin:/bin:{opt}/bin",
        "PYTHONPATH": ":".join(str(folder) for folder in imports),
        "TMPDIR": str(scratch),
        "TZ": ":UTC",
        **program.variables,
    }
