"""Check that a package is what Lambda can run, and print its sizes: compiled files must be of wheels for Lambda."""

import base64
import csv
import hashlib
import json
import sys
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from lambda_platform import compiled_tags
from packaging.tags import Tag, parse_tag

MIB = 1024 * 1024
LARGEST_CODE = 15 * MIB  # ours: every deployment uploads it, and the first start on each host fetches it
# Lambda's: https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
LARGEST_UPLOAD = 50 * MIB
LARGEST_UNPACKED = 250 * MIB
REQUIRED = ("app.py", "chalicelib/__init__.py", "chalice/app.py")
COMPILED_SUFFIXES = {".so", ".pyd", ".dylib"}
ELF = b"\x7fELF"


@dataclass(frozen=True)
class Zip:
    """A zip that the template names, and each runtime, such as ``python3.13``, that it must fit."""

    path: Path
    is_layer: bool
    runtimes: frozenset[str]


@dataclass(frozen=True)
class Wheel:
    """What an unpacked wheel says of itself: its tags, and the SHA-256 of each file as RECORD writes it."""

    tags: frozenset[Tag]
    digests: dict[str, str]


def zips(folder: Path) -> list[Zip]:
    """Return the zips of the template ``folder``/sam.json: a layer must fit every function and all it says it fits."""
    resources: dict[str, dict[str, Any]] = json.loads((folder / "sam.json").read_text())["Resources"]
    kinds = {"AWS::Serverless::Function": "CodeUri", "AWS::Serverless::LayerVersion": "ContentUri"}
    found = [(each["Properties"], kinds[each["Type"]]) for each in resources.values() if each["Type"] in kinds]
    runtimes = frozenset(properties["Runtime"] for properties, uri in found if uri == "CodeUri")
    made = {
        Zip(folder / properties[uri], uri == "ContentUri", runtimes | set(properties.get("CompatibleRuntimes", [])))
        for properties, uri in found
    }
    return sorted(made, key=lambda each: each.path)


def faults(package: Zip, archive: zipfile.ZipFile) -> Iterator[str]:
    """Yield what is wrong with a zip."""
    names = archive.namelist()
    size, largest = package.path.stat().st_size, LARGEST_UPLOAD if package.is_layer else LARGEST_CODE
    if size > largest:
        yield f"has {size} bytes, more than {largest}"
    if package.is_layer:
        yield from (f"{name} is where Lambda does not look" for name in names if not name.startswith("python/"))
    else:
        yield from (f"{name} is missing" for name in REQUIRED if name not in names)
    yield from (f"{name} is bytecode, which Lambda cannot refresh" for name in names if name.endswith(".pyc"))
    found = list(wheels(archive))
    for name in names:
        if _is_compiled(name, archive):
            yield from _faults_of_compiled(name, archive, found, package.runtimes)


def wheels(archive: zipfile.ZipFile) -> Iterator[Wheel]:
    """Yield each wheel that is unpacked in a zip.

    https://packaging.python.org/en/latest/specifications/binary-distribution-format/
    """
    for name in archive.namelist():
        if name.endswith(".dist-info/WHEEL"):
            info = PurePosixPath(name).parent
            lines = archive.read(name).decode().splitlines()
            tags = [parse_tag(line.removeprefix("Tag: ")) for line in lines if line.startswith("Tag: ")]
            rows = csv.reader(archive.read(str(info / "RECORD")).decode().splitlines())
            digests = {str(info.parent / file): digest.removeprefix("sha256=") for file, digest, _size in rows}
            yield Wheel(frozenset().union(*tags), digests)


def _is_compiled(name: str, archive: zipfile.ZipFile) -> bool:
    if COMPILED_SUFFIXES & set(PurePosixPath(name).suffixes):
        return True
    with archive.open(name) as file:
        return file.read(len(ELF)) == ELF


def _faults_of_compiled(
    name: str, archive: zipfile.ZipFile, found: list[Wheel], runtimes: frozenset[str]
) -> Iterator[str]:
    """Yield why a compiled file must not be there: it is in no wheel, or in one that a runtime cannot load."""
    digest = base64.urlsafe_b64encode(hashlib.sha256(archive.read(name)).digest()).decode().rstrip("=")
    owner = next((wheel for wheel in found if wheel.digests.get(name) == digest), None)
    if owner is None:
        yield f"{name} is compiled, and no wheel in the package lists it as it is"
        return
    for runtime in sorted(runtimes):
        if not owner.tags & compiled_tags(runtime):
            yield f"{name} is of a wheel for {', '.join(sorted(map(str, owner.tags)))}, which {runtime} cannot load"


def main(folder: str) -> int:
    """Check the zips of ``folder``/sam.json; return the exit status."""
    found, unpacked = [], 0
    for package in zips(Path(folder)):
        with zipfile.ZipFile(package.path) as archive:
            found += [f"{package.path}: {fault}" for fault in faults(package, archive)]
            size = sum(entry.file_size for entry in archive.infolist())
        print(f"{package.path}: {package.path.stat().st_size / MIB:.2f} MiB, {size / MIB:.2f} MiB unpacked")
        unpacked += size
    if unpacked > LARGEST_UNPACKED:
        found.append(f"{folder}: {unpacked} bytes unpacked, code and layers, more than {LARGEST_UNPACKED}")
    for fault in found:
        print(fault, file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
