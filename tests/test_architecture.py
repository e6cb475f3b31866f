"""Rules of the code's shape that an import linter cannot say."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SOURCES = [ROOT / "app.py", *(ROOT / "chalicelib").rglob("*.py")]
PURE = {"time", "random", "logging", "os", "uuid", "boto3", "botocore", "requests", "socket", "subprocess"}
CLOCKS = {"date", "datetime"}


def imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield (node.module or "").split(".")[0]


def clocks(path: Path) -> set[str]:
    """Return what a file asks the clock for; that of a thing of ours, such as a window's now, is no clock."""
    return {
        node.attr
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Attribute) and node.attr in {"now", "utcnow", "today"}
        if isinstance(node.value, ast.Name | ast.Attribute) and ast.unparse(node.value).split(".")[-1] in CLOCKS
    }


def attributes(path: Path) -> set[str]:
    return {node.attr for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Attribute)}


CORE = {
    "access": ["model"],
    "derived": [
        *("audit", "catalogue", "definitions", "inbox", "job", "keys", "listing", "model", "notices", "plan"),
        *("requests", "slices"),
    ],
    "economics": [
        *("answers", "balancing", "book", "definitions", "derived", "families", "parking", "platforms", "prices"),
        *("products", "quotes", "regions", "snapshots", "storage"),
    ],
    "hosts": ["claim_requests", "claim_service", "claims", "entries", "job", "model", "plan", "poll", "render"],
    "idle": [
        *("assembling", "changes", "definitions", "findings", "job", "judging", "looking", "marks", "model", "money"),
        *("plan", "rules"),
        *("documents/chart", "documents/digest", "documents/digest_text", "documents/export", "documents/page"),
        *("documents/totals", "documents/wording"),
        *("hours/job", "hours/marks", "hours/model", "hours/plan", "hours/suggesting", "hours/text"),
    ],
    "inventory": ["changes", "dnsname", "items", "model", "plan", "writes"],
    "names": ["changes", "desired", "events", "job", "ledger", "marks", "model", "observe", "plan", "wishes", "zone"],
    "snapshots": [
        *("changes", "copies", "copying", "coverage", "definitions", "events", "exposure", "job", "labels", "model"),
        *("plan", "policies", "recovery", "retention", "retiring", "selection", "slots", "watching"),
    ],
}


@pytest.mark.parametrize("file", [f"{feature}/{name}.py" for feature, names in CORE.items() for name in names])
def test_the_core_has_no_clock_log_or_environment(file: str):
    path = ROOT / "chalicelib" / file
    assert not PURE & set(imports(path))
    assert not clocks(path)


@pytest.mark.parametrize(
    ("code", "asks"),
    [
        ("datetime.now(UTC)", {"now"}),
        ("datetime.datetime.utcnow()", {"utcnow"}),
        ("clock = date.today", {"today"}),
        ("window.now - window.today", set()),
    ],
    ids=["now", "by the module", "without a call", "of a thing of ours"],
)
def test_a_clock_is_told_from_a_moment_that_was_passed_in(tmp_path: Path, code: str, asks: set[str]):
    (tmp_path / "code.py").write_text(code)
    assert clocks(tmp_path / "code.py") == asks


def test_the_environment_is_read_in_one_file():
    readers = [path.name for path in SOURCES if {"environ", "getenv", "environb"} & attributes(path)]
    assert readers == ["settings.py"]


def test_every_trigger_says_what_happened():
    functions = [node for node in ast.parse((ROOT / "app.py").read_text()).body if isinstance(node, ast.FunctionDef)]
    triggers = [function for function in functions if function.decorator_list]
    assert len(triggers) >= 3
    assert all(ast.get_docstring(trigger) for trigger in triggers)


def test_no_file_is_named_for_nothing():
    empty_names = {"utils", "util", "helpers", "helper", "common", "manager", "misc"}
    assert not empty_names & {path.stem for path in SOURCES}


def test_the_command_does_not_load_the_local_cloud_to_start():
    """It takes seconds, and need not be there where the command is installed."""
    code = "import cli.main, sys; print({'moto', 'chalice', 'samtranslator'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("set()\n", "")


def test_app_imports_nothing_but_chalice_and_the_application():
    assert set(imports(ROOT / "app.py")) <= {"chalice", "chalicelib", "collections", "typing"}
