"""What is supported, as JSON: transformations as they are defined, and formats."""

from typing import Any

from chalicelib.derived.definitions import Definitions
from chalicelib.derived.engine.kinds import SourceFormat
from chalicelib.derived.model import Format, Kind, Transformation


def transformations(definitions: Definitions) -> dict[str, Any]:
    """Return every transformation, and which of them new sources get, by the prefix of their keys."""
    return {
        "transformations": {name: _transformation(each) for name, each in definitions.transformations.items()},
        "sources": [
            {"prefix": rule.prefix, "transformations": list(rule.transformations)} for rule in definitions.rules
        ],
    }


def formats() -> dict[str, Any]:
    """Return the formats that sources may have, by the kind of transformation that fits, and those that are made."""
    accepted = {kind.value: [each.value for each in SourceFormat if each.kind is kind] for kind in Kind}
    made = {each.value: {"extension": each.extension, "contentType": each.content_type} for each in Format}
    return {"sources": accepted, "derived": made}


def _transformation(each: Transformation) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "kind": each.kind.value,
        "box": f"{each.width}x{each.height}",
        "fit": each.fit.value,
        "format": each.format.value,
        "background": each.background,
        "digest": each.digest,
    }
    if each.format is not Format.PNG:
        shown["quality"] = each.quality
    match each.kind:
        case Kind.IMAGE:
            shown |= {"animation": each.animation.value, "copyright": "keep" if each.keep_copyright else "strip"}
        case Kind.VIDEO_STILL:
            shown |= {"second": each.second}
        case Kind.PDF_PAGE:
            shown |= {"page": each.page}
    return shown
