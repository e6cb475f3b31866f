"""GetMetricData in pages: so many datapoints each, of metric after metric, and a token that says where the next begins.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricData.html
"""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import asdict, dataclass, replace
from datetime import UTC
from typing import TYPE_CHECKING, Any

from moto.cloudwatch.exceptions import CloudWatchException

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

COMPLETE, PARTIAL = "Complete", "PartialData"


class InvalidNextToken(CloudWatchException):  # type: ignore[misc]  # moto is untyped here
    """A token that this API did not give for this request."""

    code = "InvalidNextToken"


@dataclass(frozen=True)
class Series:
    """What is answered of one query: its datapoints in order; when each begins is in seconds since the epoch."""

    id: str
    label: str
    timestamps: Sequence[float]
    values: Sequence[float]
    status: str = COMPLETE

    @classmethod
    def of_moto(cls, found: Mapping[str, Any]) -> Series:
        """Return what moto answers, whose moments are in UTC without saying so."""
        moments = [each.replace(tzinfo=UTC).timestamp() for each in found["timestamps"]]
        return cls(found["id"], found["label"], moments, found["values"], found["status_code"])

    @property
    def shown(self) -> dict[str, Any]:
        """Return it as a MetricDataResult."""
        is_data = self.status in (COMPLETE, PARTIAL)
        return {
            "Id": self.id,
            "Label": self.label,
            "Timestamps": self.timestamps,
            "Values": self.values,
            "StatusCode": self.status,
            "Messages": [] if is_data else [{"Code": self.status, "Value": "This was ordered."}],
        }

    def part(self, first: int, most: int) -> Series:
        """Return so many datapoints at the most, from one on."""
        status = self.status if first + most >= len(self.values) else PARTIAL
        chosen = slice(first, first + most)
        return replace(self, timestamps=self.timestamps[chosen], values=self.values[chosen], status=status)


@dataclass(frozen=True)
class Place:
    """Where a page begins: at which datapoint of which query; for which request, and by whose clock it is answered."""

    request: str
    now: float
    query: int = 0
    datapoint: int = 0

    @property
    def token(self) -> str:
        """Return the place as a token."""
        return base64.urlsafe_b64encode(json.dumps(asdict(self)).encode()).decode()

    @classmethod
    def read(cls, token: str, request: str) -> Place:
        """Read a token of a request; raise `InvalidNextToken`."""
        try:
            place = cls(**json.loads(base64.urlsafe_b64decode(token)))
        except (binascii.Error, ValueError, TypeError) as error:
            raise InvalidNextToken("The next token is invalid.") from error
        if place.request != request:
            raise InvalidNextToken("The next token is of another request.")
        return place


def page[Query](
    queries: Sequence[Query], answer: Callable[[Query], Series], place: Place, most: int
) -> tuple[list[Series], Place | None]:
    """Return the page that begins at a place, of so many datapoints at the most, and where the next one begins."""
    answers: list[Series] = []
    for number in range(place.query, len(queries)):
        if most == 0:
            return answers, replace(place, query=number, datapoint=0)
        first = place.datapoint if number == place.query else 0
        part = answer(queries[number]).part(first, most)
        answers.append(part)
        if part.status == PARTIAL:
            return answers, replace(place, query=number, datapoint=first + most)
        most -= len(part.values)
    return answers, None
