"""What a rule's target is sent of an event: all of it, a part, a constant, or a text made by an input transformer.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-transform-target-input.html
"""

from __future__ import annotations

import json
import re
from typing import Any

_STEP = re.compile(r"\.([^.\[\]]+)|\[(\d+)\]|\['([^']+)'\]")
_VARIABLE = re.compile(r"<([^<>]+)>")
_MISSING = object()


def target_input(target: dict[str, Any], event: dict[str, Any], rule_arn: str) -> str:
    """Return the JSON text that a target receives."""
    if "Input" in target:
        return str(target["Input"])
    if "InputPath" in target:
        return json.dumps(_found(event, target["InputPath"], None))
    if "InputTransformer" in target:
        return _transformed(target["InputTransformer"], event, rule_arn)
    return json.dumps(event)


def _transformed(transformer: dict[str, Any], event: dict[str, Any], rule_arn: str) -> str:
    paths = transformer.get("InputPathsMap", {})
    values = {name: found for name, path in paths.items() if (found := _found(event, path)) is not _MISSING}
    values |= {
        "aws.events.rule-arn": rule_arn,
        "aws.events.rule-name": rule_arn.rsplit("/", 1)[-1],
        "aws.events.event.ingestion-time": event["time"],
        "aws.events.event": {key: value for key, value in event.items() if key != "detail"},
        "aws.events.event.json": event,
    }
    return _filled(transformer["InputTemplate"], values, paths)


def _filled(template: str, values: dict[str, Any], known: dict[str, str]) -> str:
    """Put values in a template: bare text within quotes, JSON outside of them."""

    def fill(match: re.Match[str]) -> str:
        name = match[1]
        if name not in values:
            return "" if name in known else match[0]
        value, quoted = values[name], _within_quotes(template[: match.start()])
        if quoted:
            text = value if isinstance(value, str) else json.dumps(value)
            return json.dumps(text)[1:-1]
        return json.dumps(value)

    return _VARIABLE.sub(fill, template)


def _within_quotes(before: str) -> bool:
    return re.sub(r"\\.", "", before).count('"') % 2 == 1


def _found(event: Any, path: str, default: Any = _MISSING) -> Any:
    """Follow a JSON path: `$`, names and indexes."""
    for name, index, quoted in _STEP.findall(path.removeprefix("$")):
        try:
            event = event[int(index)] if index else event[name or quoted]
        except (KeyError, IndexError, TypeError):
            return default
    return event
