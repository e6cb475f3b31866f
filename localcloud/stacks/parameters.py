"""The parameters of a stack: defaults, and the constraints that a template sets.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/parameters-section-structure.html
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


class ParameterError(Exception):
    """The parameters do not fit the template, in CloudFormation's words."""


def completed(template: Mapping[str, Any], given: Mapping[str, str]) -> dict[str, str]:
    """Return the parameters with the defaults of those that are not given; raise ParameterError."""
    declared: Mapping[str, Any] = template.get("Parameters") or {}
    defaults = {name: str(each["Default"]) for name, each in declared.items() if "Default" in each}
    values = {**defaults, **given}
    if unknown := sorted(set(values) - set(declared)):
        raise ParameterError(f"Parameters: [{', '.join(unknown)}] do not exist in the template")
    if missing := sorted(set(declared) - set(values)):
        raise ParameterError(f"Parameters: [{', '.join(missing)}] must have values")
    for name, value in values.items():
        if fault := _fault(declared[name], value):
            hint = declared[name].get("ConstraintDescription", fault)
            raise ParameterError(f"Parameter {name} failed to satisfy constraint: {hint}")
    return values


def _fault(declared: Mapping[str, Any], value: str) -> str | None:
    """Return the constraint that a value breaks, if any."""
    pattern, allowed = declared.get("AllowedPattern"), declared.get("AllowedValues")
    if pattern is not None and not re.fullmatch(pattern, value):
        return f"must match pattern {pattern}"
    if allowed is not None and value not in map(str, allowed):
        return f"must be one of {', '.join(map(str, allowed))}"
    if not int(declared.get("MinLength", 0)) <= len(value) <= int(declared.get("MaxLength", len(value))):
        return f"must have {declared.get('MinLength', 0)} to {declared.get('MaxLength', 'any number of')} characters"
    if declared.get("Type") == "Number":
        return _number_fault(declared, value)
    return None


def _number_fault(declared: Mapping[str, Any], value: str) -> str | None:
    try:
        number = float(value)
    except ValueError:
        return "must be a number"
    low, high = float(declared.get("MinValue", number)), float(declared.get("MaxValue", number))
    return None if low <= number <= high else f"must be from {low:g} to {high:g}"
