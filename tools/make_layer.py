"""Make a Lambda layer of the wheels that a compiled requirements file names: the same wheels give the same bytes."""

import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from lambda_platform import PLATFORMS

FOR_BUILDING_ONLY = (".c", ".h", ".pxd", ".pyi", ".pyx")
EPOCH = (1980, 1, 1, 0, 0, 0)  # the zip format's first moment
READABLE = 0o100644 << 16  # Lambda runs as a user who owns nothing in it


def download(requirements: Path, folder: Path) -> list[Path]:
    """Fetch the wheels for Lambda into a folder, hashes checked; raise CalledProcessError if there is none."""
    platforms = [word for platform in PLATFORMS for word in ("--platform", platform)]
    command = [sys.executable, "-m", "pip", "download", "-qq", "--disable-pip-version-check", *platforms]
    command += ["--only-binary=:all:", "--no-deps", "--require-hashes", "--dest", str(folder), "-r", str(requirements)]
    subprocess.run(command, check=True)  # noqa: S603 (the arguments are this file's and the Makefile's)
    return sorted(folder.glob("*.whl"))


def run_time_files(wheel: Path) -> Iterator[tuple[str, bytes]]:
    """Yield the name and content of each file of a wheel that is of use at run time; raise ValueError for .data."""
    with zipfile.ZipFile(wheel) as archive:
        for name in archive.namelist():
            if ".data/" in name:
                raise ValueError(f"{wheel.name}: an installer would move {name}, and this tool does not")
            if _is_of_use(name):
                content = archive.read(name)
                yield name, _without_dropped(content) if name.endswith(".dist-info/RECORD") else content


def _is_of_use(name: str) -> bool:
    return not name.endswith("/") and PurePosixPath(name).suffix not in FOR_BUILDING_ONLY


def _without_dropped(record: bytes) -> bytes:
    """Return a RECORD that lists only what is there."""
    lines = record.decode().splitlines(keepends=True)
    return "".join(line for line in lines if _is_of_use(line.rsplit(",", 2)[0].strip('"'))).encode()


def write(files: dict[str, bytes], layer: Path) -> None:
    """Write a zip with every file below python/, sorted, dates fixed: an unchanged layer is not deployed again."""
    with zipfile.ZipFile(layer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in sorted(files.items()):
            entry = zipfile.ZipInfo(f"python/{name}", EPOCH)
            entry.external_attr = READABLE
            entry.create_system = 3  # Unix, whatever this runs on
            archive.writestr(entry, content, zipfile.ZIP_DEFLATED)


def main(requirements: str, layer: str) -> int:
    """Make ``layer`` of what ``requirements`` names, for the Python that runs this; return the exit status."""
    with tempfile.TemporaryDirectory() as folder:
        try:
            wheels = download(Path(requirements), Path(folder))
        except subprocess.CalledProcessError as error:
            return error.returncode  # pip has said why
        files = {name: content for wheel in wheels for name, content in run_time_files(wheel)}
    Path(layer).parent.mkdir(parents=True, exist_ok=True)
    write(files, Path(layer))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2]))
