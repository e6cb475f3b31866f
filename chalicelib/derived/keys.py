"""The keys of derived objects, which alone say how to make them again: a source's key, then what was made of it.

``<prefix><source key>/<transformation>.<extension>``. The source comes first, so one prefix holds all its children.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from chalicelib.derived.model import TOMBSTONE, DerivedKey, Format, Transformation
from chalicelib.errors import BadRequest

LONGEST = 1024  # bytes of UTF-8: https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html
_EXTENSIONS = "|".join((*(format_.extension for format_ in Format), TOMBSTONE))
_LEAF = re.compile(rf"([a-z0-9-]{{1,63}})\.({_EXTENSIONS})")


@dataclass(frozen=True, slots=True)
class Keys:
    """The keys below one prefix, which is empty or ends with a slash."""

    prefix: str

    def folder(self, source_key: str) -> str:
        """Return what all children's keys of a source begin with."""
        return f"{self.prefix}{source_key}/"

    def of(self, source_key: str, transformation: Transformation) -> str:
        """Return the key of what is made of a source; raise BadRequest where S3 has no keys that long."""
        key = self.spell(transformation.of(source_key))
        if not self.has_room(source_key, transformation):
            raise BadRequest(
                f"the source's key is too long for what is made of it and for its tombstone: {key!r} would have "
                f"{len(key.encode())} bytes, and S3's keys have {LONGEST} at most"
            )
        return key

    def has_room(self, source_key: str, transformation: Transformation) -> bool:
        """Say whether S3 has keys long enough for what is made of a source, and for its tombstone."""
        return len(self.spell(transformation.of(source_key).tombstone).encode()) <= LONGEST

    def spell(self, key: DerivedKey) -> str:
        """Return a key as S3 has it."""
        return self.folder(key.source_key) + key.leaf

    def parse(self, key: str) -> DerivedKey | None:
        """Return what a key says, or None where it is not ours; every string is the one or the other."""
        source_key, _, leaf = key.removeprefix(self.prefix).rpartition("/")
        found = _LEAF.fullmatch(leaf)
        if not (key.startswith(self.prefix) and source_key and found):
            return None
        return DerivedKey(source_key, found[1], found[2])


@dataclass(frozen=True)
class Origin:
    """Where sources are, and where what is derived of them is."""

    source_bucket: str
    derived_bucket: str
    keys: Keys

    def is_derived(self, bucket: str, key: str) -> bool:
        """Say whether an object lies where derived ones do: such a one is nobody's source."""
        return bucket == self.derived_bucket and key.startswith(self.keys.prefix)

    def has_room(self, source_key: str, wanted: Iterable[Transformation]) -> bool:
        """Say whether the source's key leaves room for the names of all that is made of it."""
        return all(self.keys.has_room(source_key, each) for each in wanted)
