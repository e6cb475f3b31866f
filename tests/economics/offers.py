"""Made-up products of the price list, in the form of AWS's offer files."""

import json
from typing import Any


def offer(price: str | None, unit: str = "Hrs", family: str = "Compute Instance", **attributes: str) -> str:
    """Return a product's document; without a price, one with no terms on demand."""
    dimension = {
        "unit": unit,
        "endRange": "Inf",
        "beginRange": "0",
        "description": f"${price} per {unit}",
        "appliesTo": [],
        "rateCode": "SKU.JRTCKXETXF.6YS6EN2CT7",
        "pricePerUnit": {"USD": price},
    }
    term = {
        "priceDimensions": {"SKU.JRTCKXETXF.6YS6EN2CT7": dimension},
        "sku": "SKU",
        "effectiveDate": "2026-11-01T00:00:00Z",
        "offerTermCode": "JRTCKXETXF",
        "termAttributes": {},
    }
    return json.dumps(
        {
            "product": {"productFamily": family, "attributes": attributes, "sku": "SKU"},
            "serviceCode": "AmazonEC2",
            "terms": {"OnDemand": {"SKU.JRTCKXETXF": term}} if price is not None else {"Reserved": {}},
            "version": "20261101000000",
            "publicationDate": "2026-11-01T00:00:00Z",
        }
    )


def ebs(usage: str, price: str, unit: str) -> str:
    """Return a product of EBS in Frankfurt."""
    return offer(price, unit, family="Storage", usagetype=f"EUC1-EBS:{usage}", regionCode="eu-central-1")


def changed(text: str, *path: str, value: Any) -> str:
    """Return a document with one value in the place of another; with None the key is taken out."""
    document = json.loads(text)
    place = document
    for key in path[:-1]:
        place = place[key]
    if value is None:
        del place[path[-1]]
    else:
        place[path[-1]] = value
    return json.dumps(document)


EBS = (
    ebs("VolumeUsage", "0.059", "GB-Mo"),
    ebs("VolumeIOUsage", "0.000000059", "IOs"),
    ebs("VolumeUsage.gp2", "0.119", "GB-Mo"),
    ebs("VolumeUsage.gp3", "0.0952", "GB-Mo"),
    ebs("VolumeP-IOPS.gp3", "0.006", "IOPS-Mo"),
    ebs("VolumeP-Throughput.gp3", "48.7424", "GiBps-mo"),
    ebs("VolumeUsage.piops", "0.149", "GB-Mo"),
    ebs("VolumeP-IOPS.piops", "0.078", "IOPS-Mo"),
    ebs("VolumeUsage.io2", "0.149", "GB-month"),
    ebs("VolumeP-IOPS.io2", "0.078", "IOPS-Mo"),
    ebs("VolumeP-IOPS.io2.tier2", "0.0546", "IOPS-Mo"),
    ebs("VolumeP-IOPS.io2.tier3", "0.03822", "IOPS-Mo"),
    ebs("VolumeUsage.st1", "0.054", "GB-Mo"),
    ebs("VolumeUsage.sc1", "0.018", "GB-Mo"),
    ebs("SnapshotUsage", "0.054", "GB-Mo"),
)
IPV4 = offer("0.005", "Hrs", family="", usagetype="EUC1-PublicIPv4:InUseAddress")
NAT = offer("0.052", "Hrs", family="NAT Gateway", usagetype="EUC1-NatGateway-Hours")
