"""https://docs.aws.amazon.com/aws-cost-management/latest/APIReference/API_pricing_GetProducts.html"""

import json
from typing import Any

import pytest

from localcloud.server.aws import AwsServer
from localcloud.tests.acting import Json, allow, assume, client, refusal


def products(aws: AwsServer, service: str = "AmazonEC2", **wanted: str) -> list[Json]:
    filters = [{"Type": "TERM_MATCH", "Field": field, "Value": value} for field, value in wanted.items()]
    pages = aws.client("pricing").get_paginator("get_products").paginate(ServiceCode=service, Filters=filters)
    return [json.loads(text) for page in pages for text in page["PriceList"]]


def prices(product: Json, terms: str = "OnDemand") -> list[tuple[str, str]]:
    dimensions = [one for term in product["terms"][terms].values() for one in term["priceDimensions"].values()]
    return [(one["unit"], one["pricePerUnit"]["USD"]) for one in dimensions]


def test_nothing_is_sold_until_someone_says_for_how_much(aws: AwsServer) -> None:
    assert products(aws) == products(aws, "AmazonVPC") == []


def test_a_product_has_the_attributes_and_terms_that_aws_gives_it(aws: AwsServer) -> None:
    aws.price_list.charge("eu-central-1", "t3.micro", "Linux", 0.012)
    (found,) = products(aws, tenancy="Shared", capacitystatus="Used")
    sku = found["product"].pop("sku")
    assert found["product"] == {
        "productFamily": "Compute Instance",
        "attributes": {
            "servicecode": "AmazonEC2",
            "location": "EU (Frankfurt)",
            "locationType": "AWS Region",
            "regionCode": "eu-central-1",
            "instanceType": "t3.micro",
            "operatingSystem": "Linux",
            "operation": "RunInstances",
            "usagetype": "EUC1-BoxUsage:t3.micro",
            "tenancy": "Shared",
            "capacitystatus": "Used",
            "preInstalledSw": "NA",
            "licenseModel": "No License required",
            "marketoption": "OnDemand",
        },
    }
    (code, term), *_ = found["terms"]["OnDemand"].items()
    (rate, dimension), *_ = term["priceDimensions"].items()
    assert (code, term["sku"]) == (f"{sku}.{term['offerTermCode']}", sku)
    assert rate == dimension["rateCode"]
    assert rate.startswith(f"{code}.")
    assert prices(found) == [("Hrs", "0.0120000000")]
    assert prices(found, "Reserved") == [("Hrs", "0.0072000000")]


def test_products_come_as_texts(aws: AwsServer) -> None:
    aws.price_list.charge_public_ipv4("us-east-1", "0.005")
    answer = aws.client("pricing").get_products(ServiceCode="AmazonVPC")
    assert answer["FormatVersion"] == "aws_v1"
    assert {type(each) for each in answer["PriceList"]} == {str}


def test_beside_what_is_meant_stand_a_dedicated_host_and_capacity_reservations(aws: AwsServer) -> None:
    aws.price_list.charge("us-east-1", "m5.large", "Windows", "0.188")
    found = {each["product"]["attributes"]["usagetype"]: prices(each)[0][1] for each in products(aws)}
    assert found == {
        "BoxUsage:m5.large": "0.1880000000",
        "HostBoxUsage:m5.large": "0.0000000000",
        "Reservation:m5.large": "0.0000000000",
        "UnusedBox:m5.large": "0.1880000000",
    }


def test_what_is_told_apart_by_attributes_is_sold_apart(aws: AwsServer) -> None:
    aws.price_list.charge("us-east-1", "m5.large", "Windows", "0.188")
    own = {"licenseModel": "Bring your own license", "operation": "RunInstances:0800"}
    aws.price_list.charge("us-east-1", "m5.large", "Windows", "0.096", **own)
    assert [prices(each) for each in products(aws, operation="RunInstances:0800")] == [[("Hrs", "0.0960000000")]]
    (bought,) = products(aws, operation="RunInstances:0002", capacitystatus="Used", tenancy="Shared")
    assert prices(bought) == [("Hrs", "0.1880000000")]


def test_the_same_product_again_has_its_price_changed(aws: AwsServer) -> None:
    for usd in (0.2, 0.1):
        aws.price_list.charge("us-east-1", "m5.large", "Linux", usd)
    (found,) = products(aws, tenancy="Shared", capacitystatus="Used")
    assert prices(found) == [("Hrs", "0.1000000000")]


def test_all_filters_must_match_letter_by_letter(aws: AwsServer) -> None:
    for region in ("us-east-1", "eu-west-1"):
        for type_ in ("t3.micro", "t3.small"):
            aws.price_list.charge(region, type_, "Linux", 1)
    chosen = {"instanceType": "t3.micro", "regionCode": "eu-west-1", "capacitystatus": "Used", "tenancy": "Shared"}
    assert len(products(aws, **chosen)) == 1
    assert len(products(aws, **chosen, ServiceCode="AmazonEC2", productFamily="Compute Instance")) == 1
    for wrong in ({"operatingSystem": "linux"}, {"operatingsystem": "Linux"}, {"location": "Europe (Ireland)"}):
        assert products(aws, **chosen, **wrong) == []


def test_volumes_are_sold_by_size_and_by_what_is_provisioned(aws: AwsServer) -> None:
    aws.price_list.charge_volume("us-east-1", "gp3", "0.08", "0.005", "0.04")
    aws.price_list.charge_volume("us-east-1", "gp2", "0.1")
    sold = {each["product"]["productFamily"]: prices(each) for each in products(aws, volumeApiName="gp3")}
    assert sold == {
        "Storage": [("GB-Mo", "0.0800000000")],
        "System Operation": [("IOPS-Mo", "0.0050000000")],
        "Provisioned Throughput": [("GiBps-mo", "40.9600000000")],
    }
    (storage,) = products(aws, volumeApiName="gp2", regionCode="us-east-1")
    assert storage["product"]["attributes"]["usagetype"] == "EBS:VolumeUsage.gp2"


def test_many_iops_of_io2_are_sold_apart_for_less(aws: AwsServer) -> None:
    aws.price_list.charge_volume("eu-west-1", "io2", "0.138", "0.072")
    found = products(aws, productFamily="System Operation", volumeApiName="io2")
    assert {each["product"]["attributes"]["usagetype"]: prices(each)[0][1] for each in found} == {
        "EU-EBS:VolumeP-IOPS.io2": "0.0720000000",
        "EU-EBS:VolumeP-IOPS.io2.tier2": "0.0504000000",
        "EU-EBS:VolumeP-IOPS.io2.tier3": "0.0352800000",
    }


def test_public_addresses_are_of_the_vpc_and_of_no_family(aws: AwsServer) -> None:
    aws.price_list.charge_public_ipv4("us-east-1", "0.005")
    assert products(aws) == []
    found = products(aws, "AmazonVPC", group="VPCPublicIPv4Address", regionCode="us-east-1")
    assert all("productFamily" not in each["product"] for each in found)
    assert {each["product"]["attributes"]["usagetype"]: prices(each) for each in found} == {
        "USE1-PublicIPv4:InUseAddress": [("Hrs", "0.0050000000")],
        "USE1-PublicIPv4:IdleAddress": [("Hrs", "0.0050000000")],
        "USE1-PublicIPv4:ContiguousBlock": [("Hrs", "0.0080000000")],
    }


def test_pages_hold_a_hundred_at_the_most_and_together_everything_once(aws: AwsServer) -> None:
    for number in range(60):
        aws.price_list.charge("us-east-1", f"t3.{number}", "Linux", 1)
    pricing = aws.client("pricing")
    first = pricing.get_products(ServiceCode="AmazonEC2")
    second = pricing.get_products(ServiceCode="AmazonEC2", NextToken=first["NextToken"], MaxResults=100)
    third = pricing.get_products(ServiceCode="AmazonEC2", NextToken=second["NextToken"])
    assert [len(each["PriceList"]) for each in (first, second, third)] == [100, 100, 40]
    assert "NextToken" not in third
    assert len({text for page in (first, second, third) for text in page["PriceList"]}) == 240


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        pytest.param({}, "InvalidParameterException", id="no service"),
        pytest.param({"ServiceCode": "Amazon EC2"}, "InvalidParameterException", id="no code of a service"),
        pytest.param({"ServiceCode": "AmazonEC3"}, "NotFoundException", id="an unknown service"),
        pytest.param({"MaxResults": 101}, "InvalidParameterException", id="too large a page"),
        pytest.param({"MaxResults": 0}, "InvalidParameterException", id="an empty page"),
        pytest.param({"FormatVersion": "aws_v2"}, "InvalidParameterException", id="another format"),
        pytest.param({"NextToken": "é"}, "InvalidNextTokenException", id="no token"),
    ],
)
def test_a_request_that_cannot_be_read_is_refused(aws: AwsServer, asked: Any, code: str) -> None:
    request = {"ServiceCode": "AmazonEC2", **asked} if asked else {}
    assert refusal(client(aws, "pricing").get_products, **request)["Code"] == code


@pytest.mark.parametrize(
    ("region", "is_there"), [("us-east-1", True), ("eu-central-1", True), ("ap-south-1", True), ("eu-west-1", False)]
)
def test_the_list_can_be_asked_in_three_regions(aws: AwsServer, region: str, is_there: bool) -> None:
    pricing = client(aws, "pricing", region=region)
    if is_there:
        assert pricing.get_products(ServiceCode="AmazonEC2")["PriceList"] == []
    else:
        assert refusal(pricing.get_products, ServiceCode="AmazonEC2")["Code"] == "InvalidSignatureException"


@pytest.mark.parametrize(
    ("statement", "is_allowed"),
    [
        pytest.param(allow("pricing:GetProducts"), True, id="the permission on everything"),
        pytest.param(allow("pricing:GetProducts", "arn:aws:pricing:::*"), False, id="it knows no resources"),
        pytest.param(allow("ec2:Describe*"), False, id="another permission"),
    ],
)
def test_prices_take_a_permission(aws: AwsServer, statement: Json, is_allowed: bool) -> None:
    pricing = client(aws, "pricing", assume(aws, statement))
    if is_allowed:
        pricing.get_products(ServiceCode="AmazonEC2")
    else:
        assert refusal(pricing.get_products, ServiceCode="AmazonEC2")["Code"] == "AccessDeniedException"


def test_a_region_or_system_that_is_not_emulated_cannot_be_charged_for(aws: AwsServer) -> None:
    for region, system in (("mars-east-1", "Linux"), ("us-east-1", "Plan 9")):
        with pytest.raises(LookupError):
            aws.price_list.charge(region, "t3.micro", system, 1)
