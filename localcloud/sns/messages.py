"""Messages that SNS takes: of at most 256 KiB with their attributes, with subjects of one short line.

https://docs.aws.amazon.com/sns/latest/api/API_Publish.html
"""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING, Any

from moto.sns.exceptions import InvalidParameterValue
from moto.sns.models import SNSBackend

from localcloud.ground.patching import replaced

if TYPE_CHECKING:
    from collections.abc import Mapping
    from contextlib import AbstractContextManager

LARGEST = 256 * 1024
"""Bytes, unless the topic's MaximumMessageSize says otherwise, which is not emulated."""
LONGEST_SUBJECT = 100
BREAKS_AND_CONTROLS = ("Cc", "Zl", "Zp")


def messages_checked() -> AbstractContextManager[Any]:
    """Refuse what SNS refuses; moto counts characters in place of bytes, and looks at the subject's length alone."""
    publish = SNSBackend.publish

    def checked(backend: Any, message: str, arn: str | None, **options: Any) -> Any:
        if not options.get("phone_number"):
            _check_size(message, options.get("message_attributes") or {})
            _check_subject(options.get("subject"))
        return publish(backend, message, arn=arn, **options)

    return replaced(SNSBackend, "publish", checked)


def _check_size(message: str, attributes: Mapping[str, Mapping[str, Any]]) -> None:
    if not message:
        raise InvalidParameterValue("Invalid parameter: Empty message")
    texts = [text for name, each in attributes.items() for text in (name, each["Type"], str(each["Value"]))]
    if sum(len(text.encode()) for text in (message, *texts)) > LARGEST:
        raise InvalidParameterValue("Invalid parameter: Message too long")


def _check_subject(subject: str | None) -> None:
    if subject is None:
        return
    if not 1 <= len(subject) <= LONGEST_SUBJECT or any(
        unicodedata.category(each) in BREAKS_AND_CONTROLS for each in subject
    ):
        raise InvalidParameterValue("Invalid parameter: Subject")
