"""The package runs with Python 3.9 and nothing else."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest
from machine import AGENT

FILES = sorted((AGENT / "groundskeeper_hosts").glob("*.py"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_file_is_python_3_9(path: Path) -> None:
    ast.parse(path.read_text("utf-8"), feature_version=(3, 9))


@pytest.mark.skipif(sys.version_info < (3, 10), reason="this Python does not know what its standard library is")
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_nothing_is_imported_but_the_standard_library(path: Path) -> None:
    imported = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            imported |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0
            imported.add(str(node.module).split(".")[0])
    assert imported <= sys.stdlib_module_names | {"groundskeeper_hosts"}


def test_python_dash_m_is_the_command() -> None:
    words = [sys.executable, "-m", "groundskeeper_hosts", "--version"]
    assert subprocess.run(words, cwd=AGENT, capture_output=True, check=True, text=True).stdout == "0.1.0\n"


def test_the_readme_says_the_exit_codes_and_every_option() -> None:
    from groundskeeper_hosts.settings import OPTIONS

    readme = (AGENT / "README.md").read_text("utf-8")
    assert not [name for name in OPTIONS if f"`{name}`" not in readme]
    assert not [code for code in range(5) if f"| {code} |" not in readme]


@pytest.mark.parametrize("path", sorted((AGENT / "examples").glob("*.conf")), ids=lambda path: path.name)
def test_every_example_is_accepted(path: Path) -> None:
    from groundskeeper_hosts.settings import load

    load(path, {}).require("url", "token-file", "suffix")
