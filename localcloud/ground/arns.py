"""Amazon resource names, taken apart.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Arn:
    """The parts of an ARN that say where something is and what it is called."""

    text: str
    service: str
    region: str
    account: str
    resource: str


def read_arn(text: str) -> Arn:
    """Read an ARN such as `arn:aws:sqs:us-east-1:123456789012:orders`."""
    _, _, service, region, account, resource = text.split(":", 5)
    return Arn(text, service, region, account, resource)
