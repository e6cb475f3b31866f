"""What operators define: the transformations there are, and which of them each new source gets."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from chalicelib.definition.forms import Form, decimal, did_you_mean, matching, one_of, shown, whole
from chalicelib.definition.places import Fields, Place, document
from chalicelib.derived.model import Animation, Fit, Format, Kind, Transformation

MOST_TRANSFORMATIONS = 64
MOST_RULES = 1_000
LARGEST_SIDE = 8_192  # pixels
LAST_SECOND = 86_400
LAST_PAGE = 10_000
_DEFAULT_QUALITY = {Format.AVIF: 60}
_ONLY_FOR = {"animation": Kind.IMAGE, "copyright": Kind.IMAGE, "second": Kind.VIDEO_STILL, "page": Kind.PDF_PAGE}
_FIELDS = ("kind", "box", "fit", "format", "quality", "background", *_ONLY_FOR)
_LONGEST_KEY = 1024  # bytes of UTF-8: https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html


@dataclass(frozen=True)
class Rule:
    """The names of the transformations that each source gets whose key begins with the prefix."""

    prefix: str
    transformations: tuple[str, ...]


@dataclass(frozen=True)
class Definitions:
    """All transformations by their names, and the rules, in the order in which they are written."""

    transformations: Mapping[str, Transformation]
    rules: tuple[Rule, ...]

    def wanted(self, source_key: str) -> tuple[Transformation, ...]:
        """Return what a source gets: by the rule with the longest prefix of its key; nothing where there is none."""
        for length in self._lengths:
            if rule := self._by_prefix.get(source_key[:length]):
                return tuple(self.transformations[name] for name in rule.transformations)
        return ()

    @cached_property
    def _by_prefix(self) -> Mapping[str, Rule]:
        return {rule.prefix: rule for rule in self.rules}

    @cached_property
    def _lengths(self) -> tuple[int, ...]:
        return tuple(sorted(set(map(len, self._by_prefix)), reverse=True))


def packaged() -> str:
    """Return the text of the definitions that come with the application."""
    return Path(__file__).with_name("transformations.yaml").read_text(encoding="utf-8")


def read(text: str | bytes, name: str = "transformations.yaml") -> Definitions:
    """Return what a text defines.

    Raises:
        BadDefinition: the text is malformed; the message has ``name``, and a line and a reason for each fault.
    """
    with document(text, name) as root:
        fields = root.fields("a mapping with the field transformations", ("transformations", "sources"))
        transformations = _transformations(fields)
        rules = _rules(fields, transformations)
    return Definitions(transformations, rules)


def _box(text: str) -> tuple[int, int] | None:
    found = re.fullmatch(r"([1-9][0-9]{0,3})x([1-9][0-9]{0,3})", text)
    if not found or max(int(found[1]), int(found[2])) > LARGEST_SIDE:
        return None
    return int(found[1]), int(found[2])


def _colour(text: str) -> str | None:
    # In lower case, so that two spellings of a colour are one definition.
    return text.lower() if re.fullmatch(r"#[0-9a-fA-F]{6}", text) else None


def _prefix(text: str) -> str | None:
    return text if len(text.encode()) <= _LONGEST_KEY else None


_BOX = Form(f"WIDTHxHEIGHT such as 300x300, {LARGEST_SIDE}x{LARGEST_SIDE} at the most", _box)
_COLOUR = Form('a colour such as "#ffffff", with its quotes', _colour)
_COPYRIGHT = Form("keep or strip", {"keep": True, "strip": False}.get)
_NAME = matching(re.compile(r"[a-z0-9-]{1,63}"), "1 to 63 of a-z, 0-9 and -")
_PREFIX = Form(f'what keys begin with, such as photos/, or "" for all; at most {_LONGEST_KEY} bytes', _prefix)
_NAMES = "a list of transformations' names such as [thumbnail, large]"
_REFERENCE = Form("a transformation's name", str)


def _transformations(fields: Fields) -> dict[str, Transformation]:
    wants = "a mapping of names to transformations"
    place = fields.need_place("transformations", wants)
    entries = place.entries(wants, 1, MOST_TRANSFORMATIONS) if place else {}
    return {name: _transformation(name, entry) for name, entry in entries.items()}


def _transformation(name: str, place: Place) -> Transformation:
    if _NAME.parse(name) is None:
        place.fault_of_key(f"wants a name of {_NAME.wants}")
    said = place.fields("a mapping with the fields kind and box", _FIELDS)
    kind, box = said.need("kind", one_of(Kind)), said.need("box", _BOX)
    format_ = said.take("format", one_of(Format), Format.JPEG)
    animation = said.take("animation", one_of(Animation), Animation.FIRST)
    made = Transformation(
        name,
        kind or Kind.IMAGE,
        *(box or (1, 1)),
        fit=said.take("fit", one_of(Fit), Fit.INSIDE),
        format=format_,
        quality=said.take("quality", whole(1, 100), _DEFAULT_QUALITY.get(format_, 80)),
        background=said.take("background", _COLOUR, "#ffffff"),
        animation=animation,
        second=said.take("second", decimal(0, LAST_SECOND), 0.0),
        page=said.take("page", whole(1, LAST_PAGE), 1),
        keep_copyright=said.take("copyright", _COPYRIGHT, default=False),
    )
    _check_together(said, kind, format_, animation)
    return made


def _check_together(said: Fields, kind: Kind | None, format_: Format, animation: Animation) -> None:
    for field, only in _ONLY_FOR.items():
        if field in said and kind not in (None, only):
            said.fault(field, f"is for the kind {only}, and this is {kind}: leave it out")
    if "quality" in said and format_ is Format.PNG:
        said.fault("quality", "means nothing for png, which loses nothing: leave it out")
    moves = animation is Animation.KEEP and kind in (None, Kind.IMAGE)
    if moves and format_ is not Format.WEBP and said.is_sound("format"):
        said.fault("animation", f"keep wants the format webp, and this is {format_}")


def _rules(fields: Fields, known: Collection[str]) -> tuple[Rule, ...]:
    place = fields.place("sources")
    rules: dict[str, tuple[Rule, int]] = {}
    for entry in place.items("a list of rules, each with prefix and transformations", MOST_RULES) if place else ():
        said = entry.fields("a mapping with the fields prefix and transformations", ("prefix", "transformations"))
        prefix, names = said.need("prefix", _PREFIX), said.need_place("transformations", _NAMES)
        rule = Rule(prefix or "", _named(names, known) if names else ())
        if prefix in rules:
            said.fault("prefix", f"is that of the rule on line {rules[prefix][1]} too: make one of the two")
        elif prefix is not None:
            rules[prefix] = rule, entry.line
    return tuple(rule for rule, _ in rules.values())


def _named(place: Place, known: Collection[str]) -> tuple[str, ...]:
    found: dict[str, None] = {}
    for item in place.items(_NAMES, MOST_TRANSFORMATIONS):
        name = item.scalar(_REFERENCE)
        if name is not None and name not in known:
            item.fault(f"no transformation is called {shown(name)}: {did_you_mean(name, known)}")
        elif name in found:
            item.fault(f"{name} is named twice: leave one out")
        elif name is not None:
            found[name] = None
    return tuple(found)
