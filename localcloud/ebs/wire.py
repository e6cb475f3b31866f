"""Answers as EC2 writes them: many times faster than moto writes them, and with milliseconds.

https://docs.aws.amazon.com/AWSEC2/latest/APIReference/Query-Requests.html
"""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape

from moto.core.responses import ActionResult

from localcloud.ebs.clock import stamped

if TYPE_CHECKING:
    from collections.abc import Callable

NAMESPACE = "http://ec2.amazonaws.com/doc/2016-11-15/"


class Answer(ActionResult):  # type: ignore[misc]  # moto is untyped here
    """An answer of members of the operation's output, as dicts and lists; None is left out."""

    def execute_result(self, context: Any) -> tuple[int, dict[str, str], str]:
        """Return status, headers and body."""
        name, shape = context.operation_model.name, context.operation_model.output_shape
        body = f"<requestId>{uuid.uuid4()}</requestId>{_inside(shape, self.result or {})}"
        answer = f'<{name}Response xmlns="{NAMESPACE}">{body}</{name}Response>'
        return 200, {"Content-Type": "text/xml;charset=UTF-8"}, f'<?xml version="1.0" encoding="UTF-8"?>\n{answer}'


def _inside(shape: Any, value: Any) -> str:
    if shape is None:
        return "<return>true</return>"
    if shape.type_name == "structure":
        members = shape.members
        return "".join(_member(members[name], name, each) for name, each in value.items() if name in members)
    if shape.type_name == "list":
        return "".join(f"<item>{_inside(shape.member, each)}</item>" for each in value)
    return _TEXT.get(shape.type_name, _text)(value)


def _member(shape: Any, name: str, value: Any) -> str:
    if value is None:
        return ""
    tag = shape.serialization.get("name", name)
    return f"<{tag}>{_inside(shape, value)}</{tag}>"


def _text(value: Any) -> str:
    return escape(str(value))


_TEXT: dict[str, Callable[[Any], str]] = {"boolean": lambda value: str(bool(value)).lower(), "timestamp": stamped}
