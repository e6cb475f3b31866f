"""Products and their terms, in the shape in which GetProducts tells of them.

https://docs.aws.amazon.com/awsaccountbilling/latest/aboutv2/reading-service-price-list-file-for-services.html
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

ON_DEMAND, RESERVED = "JRTCKXETXF", "4NA7Y494T4"  # the same codes for all products
PER_UNIT = "6YS6EN2CT7"
RESERVED_SHARE = Decimal("0.6")
type Price = Decimal | float | str


@dataclass(frozen=True)
class Product:
    """What is sold in one way, and what it costs on demand."""

    service: str
    family: str | None
    """None for public IPv4 addresses, which have none."""
    attributes: Mapping[str, str]
    unit: str
    usd: Price
    published: datetime
    can_be_reserved: bool = False

    @property
    def sku(self) -> str:
        """The number by which AWS knows it: the same as long as it is the same product."""
        text = json.dumps([self.service, self.family, dict(self.attributes)], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16].upper()

    @property
    def fields(self) -> dict[str, str]:
        """What filters look at."""
        family = {"productFamily": self.family} if self.family else {}
        return {**self.attributes, **family, "ServiceCode": self.service, "sku": self.sku}

    def document(self) -> str:
        """Return it as JSON, with its terms."""
        family = {"productFamily": self.family} if self.family else {}
        reserved = {"Reserved": self._reserved()} if self.can_be_reserved else {}
        return json.dumps(
            {
                "product": {**family, "attributes": {**self.attributes, "servicecode": self.service}, "sku": self.sku},
                "serviceCode": self.service,
                "terms": {"OnDemand": self._term(ON_DEMAND, Decimal(str(self.usd)), {}), **reserved},
                "version": f"{self.published:%Y%m%d%H%M%S}",
                "publicationDate": f"{self.published:%Y-%m-%dT%H:%M:%SZ}",
            }
        )

    def _reserved(self) -> dict[str, Any]:
        attributes = {"LeaseContractLength": "1yr", "OfferingClass": "standard", "PurchaseOption": "No Upfront"}
        return self._term(RESERVED, Decimal(str(self.usd)) * RESERVED_SHARE, attributes)

    def _term(self, code: str, usd: Decimal, attributes: Mapping[str, str]) -> dict[str, Any]:
        term = f"{self.sku}.{code}"
        dimension = {
            "unit": self.unit,
            "endRange": "Inf",
            "description": f"${usd} per {self.unit} of {self.attributes['usagetype']}",
            "appliesTo": [],
            "rateCode": f"{term}.{PER_UNIT}",
            "beginRange": "0",
            "pricePerUnit": {"USD": f"{usd:.10f}"},
        }
        whole = {
            "priceDimensions": {f"{term}.{PER_UNIT}": dimension},
            "sku": self.sku,
            "effectiveDate": f"{self.published:%Y-%m-01T00:00:00Z}",
            "offerTermCode": code,
            "termAttributes": dict(attributes),
        }
        return {term: whole}
