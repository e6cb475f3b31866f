"""Which wheels Lambda can load: those for its processor, for a glibc no newer than Amazon Linux 2023 has."""

from packaging.tags import Tag, compatible_tags, cpython_tags

ARCHITECTURE = "x86_64"  # Lambda's default; Chalice packages for no other
NEWEST_GLIBC_MINOR = 34  # https://docs.aws.amazon.com/linux/al2023/ug/core-glibc.html
OLDEST_GLIBC_MINOR = 5
PLATFORMS = [
    *(f"manylinux_2_{minor}_{ARCHITECTURE}" for minor in range(NEWEST_GLIBC_MINOR, OLDEST_GLIBC_MINOR - 1, -1)),
    *(f"{legacy}_{ARCHITECTURE}" for legacy in ("manylinux2014", "manylinux2010", "manylinux1")),
]


def compiled_tags(runtime: str) -> frozenset[Tag]:
    """Return the tags of compiled wheels that a runtime such as ``python3.13`` loads, abi3 of older Pythons included.

    https://packaging.python.org/en/latest/specifications/platform-compatibility-tags/
    """
    major, minor = (int(part) for part in runtime.removeprefix("python").split("."))
    version, interpreter = (major, minor), f"cp{major}{minor}"
    tags = {
        *cpython_tags(version, platforms=PLATFORMS),
        *compatible_tags(version, interpreter, PLATFORMS),
    }
    return frozenset(tag for tag in tags if tag.platform != "any")
