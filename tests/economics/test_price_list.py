"""AWS's Price List through boto3, against botocore's own model of it; and the prices in force, laid over each other."""

from collections.abc import Callable, Collection, Iterator
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.exceptions import EndpointConnectionError
from botocore.stub import Stubber

from chalicelib.economics import definitions
from chalicelib.economics.aws import ENDPOINT, PAGE, PriceList
from chalicelib.economics.platforms import LINUX, OPERATIONS
from chalicelib.economics.prices import Origin, RegionPrices, VolumePrice
from chalicelib.economics.quotes import Quotes
from chalicelib.errors import BadSettings, TryAgain
from tests.economics.offers import EBS, IPV4, NAT, offer

if TYPE_CHECKING:
    from mypy_boto3_pricing import PricingClient

FRANKFURT = "eu-central-1"
NOW = date(2026, 11, 26)
BOOK = definitions.packaged_book()
TABLE = BOOK.region(FRANKFURT)
ANSWERS = {"Storage": EBS[:9], "System Operation": EBS[9:13], "Provisioned Throughput": EBS[13:]}


@pytest.fixture
def client() -> "PricingClient":
    return boto3.client("pricing", region_name=ENDPOINT, aws_access_key_id="k", aws_secret_access_key="s")


@pytest.fixture
def stub(client: "PricingClient") -> Iterator[Stubber]:
    with Stubber(client) as stubber:
        yield stubber
        stubber.assert_no_pending_responses()


@pytest.fixture
def prices(client: "PricingClient") -> PriceList:
    return PriceList(client, lambda: NOW)


def asked(service: str, **filters: str) -> dict[str, Any]:
    terms = [{"Type": "TERM_MATCH", "Field": name, "Value": value} for name, value in filters.items()]
    return {"ServiceCode": service, "Filters": terms, "MaxResults": PAGE}


def instance(type_: str, operation: str = "RunInstances") -> dict[str, Any]:
    return asked(
        "AmazonEC2",
        regionCode=FRANKFURT,
        instanceType=type_,
        operation=operation,
        tenancy="Shared",
        capacitystatus="Used",
    )


def answers(stub: Stubber, request: dict[str, Any], *products: str) -> None:
    stub.add_response("get_products", {"FormatVersion": "aws_v1", "PriceList": list(products)}, request)


def answers_all(stub: Stubber) -> None:
    """Let the list say what volumes and addresses cost in Frankfurt."""
    for family, products in ANSWERS.items():
        request = asked("AmazonEC2", regionCode=FRANKFURT, locationType="AWS Region", productFamily=family)
        answers(stub, request, *products)
    answers(stub, asked("AmazonVPC", regionCode=FRANKFURT), NAT, IPV4)


@pytest.mark.parametrize("platform", ["Linux/UNIX", "Windows", "SUSE Linux", "Red Hat Enterprise Linux"])
def test_an_instance_is_asked_for_by_the_operation_that_is_billed(stub: Stubber, prices: PriceList, platform: str):
    answers(stub, instance("m5.large", OPERATIONS[platform]), offer("0.115"))
    assert prices.instance(FRANKFURT, platform, "m5.large") == 0.115


def test_an_unknown_type_has_no_price(stub: Stubber, prices: PriceList):
    answers(stub, instance("m5.huge"))
    assert prices.instance(FRANKFURT, LINUX, "m5.huge") is None


def test_an_unknown_platform_has_no_price_and_is_not_asked_for(prices: PriceList):
    assert prices.instance(FRANKFURT, "BeOS", "m5.large") is None


def test_all_pages_are_read_so_that_a_second_price_on_a_second_page_is_seen(stub: Stubber, prices: PriceList):
    request = instance("m5.large")
    first = {"FormatVersion": "aws_v1", "PriceList": [offer("0.115")], "NextToken": "more"}
    stub.add_response("get_products", first, request)
    answers(stub, {**request, "NextToken": "more"}, offer("0.2"))
    assert prices.instance(FRANKFURT, LINUX, "m5.large") is None


def test_volumes_are_put_together_of_three_families(stub: Stubber, prices: PriceList):
    answers_all(stub)
    assert prices.volumes(FRANKFURT)["gp3"] == VolumePrice(0.0952, 0.006, 3_000, 48.7424 / 1_024, 125)
    assert prices.public_ipv4(FRANKFURT) == 0.005


def test_a_region_has_what_is_wanted_each_once_and_an_origin_of_today(stub: Stubber, prices: PriceList):
    answers(stub, instance("m5.large"), offer("0.115"))
    answers(stub, instance("m9.new"))
    answers_all(stub)
    found = prices.region(FRANKFURT, [(LINUX, "m9.new"), (LINUX, "m5.large"), (LINUX, "m5.large")])
    assert found.origin == Origin(NOW, "AWS's Price List")
    assert found.instances == {LINUX: {"m5.large": 0.115}}
    assert set(found.volumes) == {"standard", "gp2", "gp3", "io1", "io2", "st1", "sc1"}
    assert found.public_ipv4 == 0.005


@pytest.mark.parametrize(
    ("code", "status", "error"),
    [
        pytest.param("AccessDeniedException", 400, BadSettings, id="not allowed"),
        pytest.param("ThrottlingException", 400, TryAgain, id="throttled"),
        pytest.param("InternalErrorException", 500, TryAgain, id="AWS's own fault"),
        pytest.param("ExpiredNextTokenException", 400, TryAgain, id="too slow between pages"),
        pytest.param("UnrecognizedClientException", 400, BadSettings, id="another partition's key"),
        pytest.param("InvalidParameterException", 400, BadSettings, id="ours: the table holds, and it is said why"),
    ],
)
def test_an_error_is_named_by_its_remedy(
    stub: Stubber, prices: PriceList, code: str, status: int, error: type[Exception]
):
    stub.add_client_error("get_products", code, http_status_code=status)
    with pytest.raises(error):
        prices.instance(FRANKFURT, LINUX, "m5.large")


def test_an_error_on_a_later_page_fails_the_whole(stub: Stubber, prices: PriceList):
    first = {"FormatVersion": "aws_v1", "PriceList": [offer("0.115")], "NextToken": "more"}
    stub.add_response("get_products", first, instance("m5.large"))
    stub.add_client_error("get_products", "ThrottlingException")
    with pytest.raises(TryAgain, match="ThrottlingException"):
        prices.instance(FRANKFURT, LINUX, "m5.large")


def test_what_is_denied_says_which_permission_is_missing(stub: Stubber, prices: PriceList):
    stub.add_client_error("get_products", "AccessDeniedException")
    with pytest.raises(BadSettings, match="pricing:GetProducts"):
        prices.public_ipv4(FRANKFURT)


def test_a_list_that_is_out_of_reach_is_to_be_tried_again(client: "PricingClient", prices: PriceList):
    def fails(**_: object) -> None:
        raise EndpointConnectionError(endpoint_url="https://api.pricing.example")

    client.meta.events.register_first("before-call.pricing.GetProducts", fails)
    with pytest.raises(TryAgain, match="did not answer"):
        prices.public_ipv4(FRANKFURT)


class Told:
    """A list that says what it is told to, or fails."""

    def __init__(self, say: Callable[[], RegionPrices]) -> None:
        self._say = say
        self.asked: list[tuple[str, Collection[tuple[str, str]]]] = []

    def region(self, name: str, wanted: Collection[tuple[str, str]]) -> RegionPrices:
        self.asked.append((name, wanted))
        return self._say()


LIVE = RegionPrices(
    Origin(NOW, "AWS's Price List"), {LINUX: {"m5.large": 0.2, "m9.new": 3.0}}, {"gp3": VolumePrice(0.9)}
)


def denied() -> RegionPrices:
    raise BadSettings("the Price List may not be read")


def test_without_a_list_the_table_counts():
    quote = Quotes(BOOK).region(FRANKFURT)
    assert quote.prices == TABLE
    assert str(quote) == str(TABLE.origin)


def test_the_list_counts_more_than_the_table_which_says_the_rest():
    wanted = [(LINUX, "m5.large")]
    told = Told(lambda: LIVE)
    prices = Quotes(BOOK, told).region(FRANKFURT, wanted).prices
    assert told.asked == [(FRANKFURT, wanted)]
    assert prices.hour(LINUX, "m5.large") == 0.2
    assert prices.hour(LINUX, "m9.new") == 3.0
    assert prices.hour(LINUX, "m5.xlarge") == TABLE.hour(LINUX, "m5.xlarge")
    assert prices.volumes == {**TABLE.volumes, "gp3": VolumePrice(0.9)}
    assert (prices.public_ipv4, prices.storage) == (TABLE.public_ipv4, TABLE.storage)
    assert str(prices.origin).startswith("AWS's Price List, 2026-11-26; what it does not say: packaged table")


def test_an_address_that_the_list_prices_is_not_the_tables():
    live = RegionPrices(LIVE.origin, public_ipv4=0.006)
    assert live.over(TABLE).public_ipv4 == 0.006


@pytest.mark.parametrize("error", [BadSettings("not allowed"), TryAgain("throttled")], ids=["denied", "not now"])
def test_a_list_that_does_not_answer_is_said_and_the_table_counts(error: Exception):
    def fail() -> RegionPrices:
        raise error

    quote = Quotes(BOOK, Told(fail)).region(FRANKFURT)
    assert quote.prices == TABLE
    assert str(quote) == f"{TABLE.origin} (AWS's Price List was not used: {error})"


def test_a_list_that_did_not_answer_is_not_asked_for_the_next_region():
    told = Told(denied)
    quotes = Quotes(BOOK, told)
    found = [quotes.region(name) for name in (FRANKFURT, "us-east-1", "eu-west-1")]
    assert len(told.asked) == 1
    assert all("may not be read" in str(quote) for quote in found)


EMPTY = RegionPrices(LIVE.origin)


@pytest.mark.parametrize("live", [EMPTY, RegionPrices(LIVE.origin, {LINUX: {}})], ids=["nothing", "no types"])
def test_a_list_that_has_no_prices_of_a_region_is_said_and_the_table_counts(live: RegionPrices):
    quote = Quotes(BOOK, Told(lambda: live)).region(FRANKFURT, [(LINUX, "m5.large")])
    assert quote.prices == TABLE
    assert str(quote) == f"{TABLE.origin} (AWS's Price List was not used: it has no prices of {FRANKFURT})"


@pytest.mark.parametrize(
    "live",
    [
        pytest.param(replace(EMPTY, instances={LINUX: {"m5.large": 0.2}}), id="an instance"),
        pytest.param(replace(EMPTY, volumes={"gp3": VolumePrice(0.9)}), id="a volume"),
        pytest.param(replace(EMPTY, public_ipv4=0.006), id="an address"),
    ],
)
def test_a_list_that_has_one_price_of_a_region_is_used(live: RegionPrices):
    quote = Quotes(BOOK, Told(lambda: live)).region(FRANKFURT)
    assert quote.unused == ""
    assert quote.prices.origin == Origin(NOW, "AWS's Price List", rest=TABLE.origin)


def test_a_list_that_has_no_prices_of_one_region_is_asked_for_the_next():
    told = Told(lambda: EMPTY if len(told.asked) == 1 else LIVE)
    quotes = Quotes(BOOK, told)
    first, second = quotes.region(FRANKFURT), quotes.region("us-east-1")
    assert first.unused == f"it has no prices of {FRANKFURT}"
    assert second.unused == ""
    assert second.prices.hour(LINUX, "m9.new") == 3.0


def test_the_operators_prices_count_most():
    text = "date: 2026-10-01\nregions: {eu-central-1: {instances: {Linux/UNIX: {m5: {large: 0.05}}}}}"
    prices = Quotes(BOOK, Told(lambda: LIVE), definitions.read(text)).region(FRANKFURT).prices
    assert prices.hour(LINUX, "m5.large") == 0.05
    assert prices.hour(LINUX, "m9.new") == 3.0
    assert str(prices.origin).startswith(
        "your own prices, 2026-10-01; what it does not say: AWS's Price List, 2026-11-26; what it does not say: pa"
    )


def test_an_unknown_region_has_no_price_rather_than_one_of_0():
    prices = Quotes(BOOK).region("mars-north-1").prices
    assert prices.hour(LINUX, "m5.large") is None
    assert prices.public_ipv4 is None
