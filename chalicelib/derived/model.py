"""The nouns of derived objects: what a transformation makes, of which source, and what bears witness of it."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from enum import StrEnum
from typing import Any

TOMBSTONE = "tombstone"


class Kind(StrEnum):
    """What a transformation is made from."""

    IMAGE = "image"
    VIDEO_STILL = "video-still"
    PDF_PAGE = "pdf-page"


class Fit(StrEnum):
    """How a picture comes into its box; it is never enlarged.

    ``inside`` keeps the whole picture and its shape, ``cover`` fills the box and cuts what stands over, ``pad`` keeps
    the whole picture and fills the rest of the box with the background.
    """

    INSIDE = "inside"
    COVER = "cover"
    PAD = "pad"


class Animation(StrEnum):
    """What becomes of a moving picture: its first frame, or all of them where the format can move (WebP)."""

    FIRST = "first"
    KEEP = "keep"


class Format(StrEnum):
    """A format that derived objects have."""

    JPEG = "jpeg"
    PNG = "png"
    WEBP = "webp"
    AVIF = "avif"

    @property
    def extension(self) -> str:
        """Return the end of a key, without its dot."""
        return "jpg" if self is Format.JPEG else self.value

    @property
    def content_type(self) -> str:
        """Return the media type."""
        return f"image/{self.value}"


@dataclass(frozen=True, slots=True)
class DerivedKey:
    """What a key says: made of which source, by which transformation, and as what."""

    source_key: str
    transformation: str
    extension: str

    @property
    def leaf(self) -> str:
        """Return the last segment of the key."""
        return f"{self.transformation}.{self.extension}"

    @property
    def is_tombstone(self) -> bool:
        """Whether it says that something can never be made."""
        return self.extension == TOMBSTONE

    def is_by(self, transformation: "Transformation") -> bool:
        """Say whether a transformation, as it is defined now, makes what has this key."""
        return self == transformation.of(self.source_key)

    @property
    def tombstone(self) -> "DerivedKey":
        """Return what says that this can never be made."""
        return replace(self, extension=TOMBSTONE)


@dataclass(frozen=True, slots=True)
class Transformation:
    """What is made of a source: a picture of at most ``width`` x ``height`` pixels.

    ``quality`` is 1 to 100 and means nothing for PNG; ``background`` is what shows through transparent pixels where the
    format has none, and fills what ``pad`` leaves, as ``#rrggbb``; ``second`` is where in a video, ``page`` which of a
    document's, from 1; ``keep_copyright`` keeps the EXIF fields Copyright and Artist, and no others.
    """

    name: str
    kind: Kind
    width: int
    height: int
    fit: Fit = Fit.INSIDE
    format: Format = Format.JPEG
    quality: int = 80
    background: str = "#ffffff"
    animation: Animation = Animation.FIRST
    second: float = 0.0
    page: int = 1
    keep_copyright: bool = False

    @property
    def digest(self) -> str:
        """Return 16 hexadecimal digits that change with anything that decides how the derived object looks."""
        said = {name: value for name, value in asdict(self).items() if name != "name"}
        return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()[:16]

    def of(self, source_key: str) -> DerivedKey:
        """Return what this makes of a source."""
        return DerivedKey(source_key, self.name, self.format.extension)


@dataclass(frozen=True, slots=True)
class Source:
    """A source as S3 shows it: its ETag tells its contents from those before."""

    key: str
    etag: str
    size: int
    is_derived: bool = False
    """Whether it bears a stamp of ours: such a one is nobody's source."""


@dataclass(frozen=True, slots=True)
class Stamp:
    """What a derived object bears witness of: made of which contents, by which definition, with which library."""

    source_etag: str
    digest: str
    engine: str = ""


@dataclass(frozen=True, slots=True)
class Missing:
    """Nothing has this key."""


@dataclass(frozen=True, slots=True)
class Lost:
    """S3 lists the key, and has lost what it held: GET and HEAD say 405."""


@dataclass(frozen=True, slots=True)
class Foreign:
    """The key is taken by an object without our stamp."""


@dataclass(frozen=True, slots=True)
class Present:
    """A derived object is there."""

    stamp: Stamp


@dataclass(frozen=True, slots=True)
class Entombed:
    """A tombstone stands: made of these contents by this definition, it could not be."""

    stamp: Stamp
    reason: str


type State = Missing | Lost | Foreign | Present | Entombed


@dataclass(frozen=True, slots=True)
class Child:
    """A derived object of a source, as it is; the transformation is None where none that is defined makes it."""

    key: DerivedKey
    transformation: Transformation | None
    state: State


@dataclass(frozen=True)
class Done:
    """What became of a source's derived objects, by the names of their transformations."""

    made: frozenset[str] = frozenset()
    deleted: frozenset[str] = frozenset()
    not_made: Mapping[str, str] = field(default_factory=dict)
    """Why others are not there."""

    @classmethod
    def of(cls, said: Mapping[str, Any]) -> "Done":
        """Return what JSON says."""
        return cls(frozenset(said["made"]), frozenset(said["deleted"]), dict(said["not_made"]))

    def as_json(self) -> dict[str, Any]:
        """Return it as JSON."""
        return {"made": sorted(self.made), "deleted": sorted(self.deleted), "not_made": dict(self.not_made)}

    def __or__(self, later: "Done") -> "Done":
        """Return what became of them in two goes."""
        earlier = {name: why for name, why in self.not_made.items() if name not in later.made}
        return Done(self.made | later.made, self.deleted | later.deleted, {**earlier, **later.not_made})
