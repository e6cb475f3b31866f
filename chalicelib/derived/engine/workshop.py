"""Where pictures are made of sources; nothing that a source contains can hurt more than its own pictures."""

from collections.abc import Iterator, Sequence
from importlib import import_module, metadata

from chalicelib.derived.engine import isolation
from chalicelib.derived.engine.child import Ask, Work
from chalicelib.derived.engine.kinds import SourceFormat
from chalicelib.derived.engine.limits import MB, Limits
from chalicelib.derived.engine.outcome import Outcome, Picture, Unrenderable, why
from chalicelib.derived.engine.ranges import Ranges
from chalicelib.derived.engine.source import Readable
from chalicelib.derived.model import Kind, Transformation

__all__ = ["Limits", "Picture", "Readable", "SourceFormat", "Unrenderable", "engine", "render"]

_MADE_BY = {Kind.IMAGE: "picture", Kind.PDF_PAGE: "page", Kind.VIDEO_STILL: "still"}
_LIBRARY = {Kind.IMAGE: "pillow", Kind.PDF_PAGE: "pypdfium2", Kind.VIDEO_STILL: "av"}


def render(
    source: Readable,
    format: SourceFormat,  # noqa: A002
    transformations: Sequence[Transformation],
    limits: Limits,
    beside: Sequence[Transformation] = (),
) -> dict[str, Picture | Unrenderable]:
    """Return a picture, or why there can be none, for each transformation's name; all are made from one decoding.

    A small picture is made from a larger one, so that its bytes depend on which others are made. Those beside, which
    are not returned, let one that is made alone be the same, to the byte, as it was among them.

    The decoding runs in a child process within the limits. What ``source`` raises when read passes through unchanged.
    """
    outcomes: dict[str, Outcome] = {}
    wanted = [one for one in transformations if one.kind is format.kind]
    for one in transformations:
        if one not in wanted:
            outcomes[one.name] = Unrenderable(f"is {format.name}, of which no {one.kind.value} can be made")
    if refused := _refused(source, format, limits):
        return outcomes | {one.name: Unrenderable(refused) for one in wanted}
    if not wanted:
        return outcomes
    others = [one for one in beside if one.kind is format.kind and one not in wanted]
    verdict = isolation.run(_work(source, format, wanted, limits, others), source.read_range, limits)
    missing = Unrenderable(verdict.broken or "cannot be decoded: nothing was made of it")
    return outcomes | {one.name: verdict.made.get(one.name, missing) for one in wanted}


def engine(format: SourceFormat) -> str:  # noqa: A002
    """Return the library, with its version, that makes pictures of such sources."""
    name = "pi-heif" if format is SourceFormat.HEIC else _LIBRARY[format.kind]
    return f"{name} {metadata.version(name)}"


def _refused(source: Readable, format_: SourceFormat, limits: Limits) -> str:
    if not source.size:
        return "is empty"
    if format_.kind is not Kind.VIDEO_STILL and source.size > limits.source_bytes:
        return f"has {source.size / MB:,.1f} MB, and {limits.source_bytes / MB:,.1f} MB is the limit for {format_.name}"
    return ""


def _work(
    source: Readable,
    format_: SourceFormat,
    wanted: Sequence[Transformation],
    limits: Limits,
    beside: Sequence[Transformation],
) -> Work:
    """Return what the child does; modules are imported here, once for all children, and so is a whole source read."""
    if format_ is SourceFormat.HEIC:
        import_module("pi_heif")
    made_by = import_module(f"chalicelib.derived.engine.{_MADE_BY[format_.kind]}")
    whole = None if format_.kind is Kind.VIDEO_STILL else source.read_all()

    def work(ask: Ask) -> Iterator[tuple[str, Outcome]]:
        left = dict.fromkeys([one.name for one in wanted])
        try:
            for name, outcome in made_by.render(
                Ranges(ask, source.size) if whole is None else whole, format_, wanted, limits, beside
            ):
                left.pop(name, None)
                yield name, outcome
        except Exception as error:
            for name in left:
                yield name, why(error)

    return work
