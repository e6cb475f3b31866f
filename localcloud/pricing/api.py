"""GetProducts of AWS's Price List: products that match all filters, each a text of JSON.

https://docs.aws.amazon.com/aws-cost-management/latest/APIReference/API_pricing_GetProducts.html
"""

from __future__ import annotations

import base64
import binascii
import re
from bisect import bisect_right
from contextlib import contextmanager
from types import SimpleNamespace
from typing import TYPE_CHECKING

from moto import backend_index, backends
from moto.core.exceptions import ServiceException
from moto.core.responses import ActionResult, BaseResponse

from localcloud.ground.patching import replaced
from localcloud.pricing.regions import ENDPOINTS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from localcloud.pricing.price_list import PriceList
    from localcloud.pricing.products import Product

SERVICE, FORMAT, MOST = "pricing", "aws_v1", 100


class PricingError(ServiceException):  # type: ignore[misc]  # moto is untyped here
    """A request that the Price List refuses."""


class Pricing(BaseResponse):  # type: ignore[misc]  # moto is untyped here
    """The API of one price list."""

    price_list: PriceList

    def __init__(self) -> None:
        super().__init__(service_name=SERVICE)
        self.automated_parameter_parsing = True

    def get_products(self) -> ActionResult:
        """Return a page of the products that match all filters."""
        if self.region not in ENDPOINTS:
            raise PricingError("InvalidSignatureException", "Credential should be scoped to a valid region.")
        if self._get_param("FormatVersion", FORMAT) != FORMAT:
            raise _invalid(f"The only format version is {FORMAT}.")
        filters = self._get_param("Filters", [])
        found = [each for each in self._products() if all(_matches(each, one) for one in filters)]
        shown, token = self._page(found)
        listed = [each.document() for each in shown]
        return ActionResult({"FormatVersion": FORMAT, "PriceList": listed, "NextToken": token})

    def _products(self) -> list[Product]:
        service = self._get_param("ServiceCode")
        if not service:
            raise _invalid("Input Parameters are invalid. serviceCode cannot be null or empty")
        if not re.fullmatch("[a-zA-Z0-9]+", service):
            raise _invalid("ServiceCode can only contain a-z, A-Z, 0-9")
        try:
            return self.price_list.products(service)
        except LookupError as error:
            raise PricingError("NotFoundException", f"There is no service {service}.") from error

    def _page(self, found: list[Product]) -> tuple[list[Product], str | None]:
        size, token = self._get_int_param("MaxResults", MOST), self._get_param("NextToken")
        if not 1 <= size <= MOST:
            raise _invalid(f"MaxResults is from 1 to {MOST}.")
        start = bisect_right(found, _last(token), key=lambda each: each.sku) if token else 0
        shown = found[start : start + size]
        more = start + size < len(found)
        return shown, base64.urlsafe_b64encode(shown[-1].sku.encode()).decode() if more else None


def _matches(product: Product, wanted: Mapping[str, str]) -> bool:
    """Tell whether a filter lets a product through: letter by letter; a product without the field is left out."""
    if wanted["Type"] != "TERM_MATCH":
        raise _invalid(f"Filters of type {wanted['Type']} are not emulated.")
    return product.fields.get(wanted["Field"]) == wanted["Value"]


def _last(token: str) -> str:
    try:
        return base64.urlsafe_b64decode(token).decode("ascii")
    except (binascii.Error, ValueError) as error:
        raise PricingError("InvalidNextTokenException", "The pagination token is invalid.") from error


def _invalid(message: str) -> PricingError:
    return PricingError("InvalidParameterException", message)


@contextmanager
def prices_listed(price_list: PriceList) -> Iterator[None]:
    """Serve a price list, as a further service beside those that moto knows."""
    response: type[Pricing] = type("Pricing", (Pricing,), {"price_list": price_list})
    backend = {"global": SimpleNamespace(flask_paths={"/": response.dispatch})}
    get_backend, patterns = backends.get_backend, backend_index.backend_url_patterns
    with (
        replaced(backends, "get_backend", lambda name: backend if name == SERVICE else get_backend(name)),
        replaced(backend_index, "backend_url_patterns", [*patterns, (SERVICE, re.compile(rf"https?://{SERVICE}\."))]),
    ):
        yield
