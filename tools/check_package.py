"""Check that a package is what Lambda can run, and print its size: compiled files must come from manylinux wheels."""

import sys
import zipfile
from pathlib import Path, PurePosixPath

LARGEST = 50 * 1024 * 1024  # bytes: https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
REQUIRED = ("app.py", "chalicelib/__init__.py", "chalice/app.py")


def faults(package: zipfile.ZipFile) -> list[str]:
    """Return what is wrong with a deployment package."""
    names = package.namelist()
    found = [f"{name} is missing" for name in REQUIRED if name not in names]
    found += [f"{name} is bytecode, which Lambda cannot refresh" for name in names if name.endswith(".pyc")]
    wheels = {name: package.read(name).decode() for name in names if name.endswith(".dist-info/WHEEL")}
    for name in names:
        if ".so" in PurePosixPath(name).suffixes and not _from_manylinux(name, package, wheels):
            found.append(f"{name} is compiled, but no manylinux wheel in the package lists it")
    return found


def _from_manylinux(name: str, package: zipfile.ZipFile, wheels: dict[str, str]) -> bool:
    """Say whether the wheel that installed a file is for manylinux: its RECORD lists the file."""
    for wheel, text in wheels.items():
        record = package.read(wheel.removesuffix("WHEEL") + "RECORD").decode()
        if f"\n{name}," in f"\n{record}":
            return "manylinux" in text
    return False


def main(folder: str) -> int:
    """Check ``folder``/deployment.zip; return the exit status."""
    path = Path(folder) / "deployment.zip"
    with zipfile.ZipFile(path) as package:
        found = faults(package)
        unpacked = sum(entry.file_size for entry in package.infolist())
    if path.stat().st_size > LARGEST:
        found.append(f"{path} has more than {LARGEST} bytes")
    for fault in found:
        print(f"{path}: {fault}", file=sys.stderr)
    print(f"{path}: {path.stat().st_size / 2**20:.2f} MiB, {unpacked / 2**20:.2f} MiB unpacked")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
