"""In-memory stand-ins for S3 and the engine."""

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from chalicelib.derived.definitions import Definitions, Rule
from chalicelib.derived.engine.outcome import Outcome, Picture, Unrenderable
from chalicelib.derived.job import Taken, Workplace
from chalicelib.derived.keys import Keys, Origin
from chalicelib.derived.model import (
    DerivedKey,
    Entombed,
    Format,
    Kind,
    Missing,
    Present,
    Source,
    Stamp,
    State,
    Transformation,
)

ORIGIN = Origin("photos", "photos-derived", Keys("derived/"))
SHARED = Origin("photos", "photos", Keys("derived/"))
"""Where sources and what is derived of them are in one bucket."""
THUMB = Transformation("thumb", Kind.IMAGE, 300, 300)
LARGE = Transformation("large", Kind.IMAGE, 1600, 1600, format=Format.WEBP)
POSTER = Transformation("poster", Kind.VIDEO_STILL, 640, 360)
DEFINITIONS = Definitions({each.name: each for each in (THUMB, LARGE, POSTER)}, (Rule("", ("thumb", "poster")),))
CAT = "cats/cat 1.jpg"
ENGINE = "fake 1"
BROKEN = "is broken"


def etag(contents: bytes) -> str:
    return hashlib.md5(contents, usedforsecurity=False).hexdigest()


def stamp(contents: bytes, transformation: Transformation = THUMB) -> Stamp:
    return Stamp(etag(contents), transformation.digest, ENGINE)


@dataclass
class Opened:
    """Contents as they were when they were opened."""

    source: Source
    head: bytes


@dataclass
class FakeS3:
    """Sources and derived objects; whoever wants to interfere does so before a call, or breaks off after it."""

    sources: dict[str, bytes] = field(default_factory=dict)
    stored: dict[DerivedKey, State] = field(default_factory=dict)
    bodies: dict[DerivedKey, bytes] = field(default_factory=dict)
    marked: set[str] = field(default_factory=set)
    """Sources that bear a stamp of ours."""
    calls: list[str] = field(default_factory=list)
    before: Callable[[], None] = lambda: None
    after: Callable[[], None] = lambda: None

    def look(self, key: str) -> Source | None:
        with self._call("HEAD source"):
            return self._source(key)

    @contextmanager
    def open(self, key: str) -> Iterator[Opened | None]:
        with self._call("GET source"):
            source = self._source(key)
            opened = Opened(source, self.sources[key]) if source else None
        yield opened

    def children(self, source_key: str) -> list[DerivedKey]:
        with self._call("LIST derived"):
            return [key for key in self.stored if key.source_key == source_key]

    def state(self, key: DerivedKey) -> State:
        with self._call(f"HEAD {key.leaf}"):
            return self.stored.get(key, Missing())

    def put(
        self, key: DerivedKey, transformation: Transformation, stamp: Stamp, picture: Picture, *, is_new: bool
    ) -> None:
        with self._call(f"PUT {key.leaf}"):
            if is_new and key in self.stored:
                raise Taken
            assert key.extension == transformation.format.extension
            self.stored[key], self.bodies[key] = Present(stamp), picture.body

    def entomb(self, key: DerivedKey, stamp: Stamp, reason: str) -> None:
        with self._call(f"PUT {key.leaf}"):
            assert key.is_tombstone
            self.stored[key] = Entombed(stamp, reason)

    def delete(self, keys: Sequence[DerivedKey]) -> None:
        for key in keys:
            with self._call(f"DELETE {key.leaf}"):
                self.stored.pop(key, None)

    def _source(self, key: str) -> Source | None:
        found = self.sources.get(key)
        return None if found is None else Source(key, etag(found), len(found), key in self.marked)

    @contextmanager
    def _call(self, name: str) -> Iterator[None]:
        self.before()
        self.calls.append(name)
        yield
        self.after()


@dataclass
class FakeEngine:
    """Takes sources at their word: "image 1", "video 2", "image, which is broken"."""

    rendered: list[tuple[str, ...]] = field(default_factory=list)

    def kind(self, head: bytes) -> Kind | None:
        return {"image": Kind.IMAGE, "video": Kind.VIDEO_STILL}.get(head.decode()[:5])

    def version(self, head: bytes) -> str:
        return ENGINE if self.kind(head) else ""

    def render(
        self, opened: Opened, wanted: Sequence[Transformation], beside: Sequence[Transformation]
    ) -> Mapping[str, Outcome]:
        self.rendered.append(tuple(each.name for each in wanted))
        return {each.name: rendering(opened.head, each) for each in wanted}


def rendering(contents: bytes, transformation: Transformation) -> Outcome:
    if contents.endswith(BROKEN.encode()):
        return Unrenderable(BROKEN)
    return Picture(b"%s of %s" % (transformation.name.encode(), contents), 1, 1)


def workplace(s3: FakeS3, *, keeps_orphans: bool = False, is_dry_run: bool = False) -> Workplace[Opened]:
    engine = FakeEngine()
    return Workplace(ORIGIN, DEFINITIONS, s3, s3, engine, keeps_orphans=keeps_orphans, is_dry_run=is_dry_run)


def right(contents: bytes | None, transformation: Transformation = THUMB, key: str = CAT) -> dict[DerivedKey, State]:
    """Return all that is to be stored of a source by a transformation, given the source's last contents."""
    made = transformation.of(key)
    if contents is None:
        return {}
    if FakeEngine().kind(contents) == transformation.kind and isinstance(rendering(contents, transformation), Picture):
        return {made: Present(stamp(contents, transformation))}
    return {made.tombstone: Entombed(stamp(contents, transformation), BROKEN)}
