"""Answers of many numbers, written at once where moto takes each by itself."""

from __future__ import annotations

import json
from typing import Any

from moto.core.responses import ActionResult
from moto.core.serialize import JSONSerializer


class Answer(ActionResult):  # type: ignore[misc]  # moto is untyped here
    """An answer as the operation's output has it, of dicts, lists, numbers and text.

    Moments are seconds since the epoch.
    """

    def execute_result(self, context: Any) -> Any:
        """Return status, headers and body, in JSON, as SDKs ask for it; other protocols are moto's own."""
        if not issubclass(context.serializer_class, JSONSerializer):
            return super().execute_result(context)
        kind = f"application/x-amz-json-{context.service_model.metadata['jsonVersion']}"
        return 200, {"Content-Type": kind}, json.dumps(self.result)
