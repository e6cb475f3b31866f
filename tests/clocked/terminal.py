"""Somebody at a terminal, in a folder where `make run` left its file."""

import json
import sys
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest

from cli.main import main
from localcloud.cloud import LocalCloud
from tests.deployed.conftest import Operator


@dataclass
class Terminal:
    """The command goes by the cloud's time, whether that is real or set."""

    cloud: LocalCloud
    folder: Path

    def types(self, *words: str) -> CompletedProcess[str]:
        """Run the command in this process, which takes a tenth of the time of one of its own."""
        out, err, code = StringIO(), StringIO(), 0
        with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(err):
            patch.chdir(self.folder)
            patch.setattr(sys, "argv", ["groundskeeper", *words, "--local"])
            patch.setenv("COLUMNS", "80")
            patch.setenv("AWS_ENDPOINT_URL", self.cloud.endpoint)  # which the command sets, and is unset then
            try:
                main()
            except SystemExit as ended:
                code = int(ended.code or 0)
        return CompletedProcess(words, code, out.getvalue(), err.getvalue())

    def types_elsewhere(self, *words: str) -> CompletedProcess[str]:
        """Run the command in a process of its own."""
        return Operator(self.folder).types(*words, "--local")

    def reads(self, *words: str) -> Any:
        """Type a command with --json; return what a program reads."""
        return json.loads(self.types(*words, "--json").stdout)
