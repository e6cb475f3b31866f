"""Regions as the Price List has them: by names that are not everywhere those of other services, and by prefixes.

https://docs.aws.amazon.com/awsaccountbilling/latest/aboutv2/reading-service-price-list-file-for-services.html
"""

from __future__ import annotations

from dataclasses import dataclass

ENDPOINTS = ("us-east-1", "eu-central-1", "ap-south-1")
"""Where the Price List can be asked: https://docs.aws.amazon.com/general/latest/gr/billing-pricing.html."""


@dataclass(frozen=True)
class Region:
    """A region, and what stands before its usage types."""

    code: str
    location: str
    prefix: str

    def usage(self, type_: str) -> str:
        """Return a usage type of this region: in us-east-1, the eldest, without a prefix."""
        return type_ if self.code == "us-east-1" else f"{self.prefix}-{type_}"


_REGIONS = [
    Region("us-east-1", "US East (N. Virginia)", "USE1"),
    Region("us-east-2", "US East (Ohio)", "USE2"),
    Region("us-west-1", "US West (N. California)", "USW1"),
    Region("us-west-2", "US West (Oregon)", "USW2"),
    Region("ca-central-1", "Canada (Central)", "CAN1"),
    Region("sa-east-1", "South America (Sao Paulo)", "SAE1"),
    Region("eu-central-1", "EU (Frankfurt)", "EUC1"),
    Region("eu-west-1", "EU (Ireland)", "EU"),
    Region("eu-west-2", "EU (London)", "EUW2"),
    Region("eu-west-3", "EU (Paris)", "EUW3"),
    Region("eu-north-1", "EU (Stockholm)", "EUN1"),
    Region("eu-south-1", "EU (Milan)", "EUS1"),
    Region("ap-south-1", "Asia Pacific (Mumbai)", "APS3"),
    Region("ap-southeast-1", "Asia Pacific (Singapore)", "APS1"),
    Region("ap-southeast-2", "Asia Pacific (Sydney)", "APS2"),
    Region("ap-northeast-1", "Asia Pacific (Tokyo)", "APN1"),
    Region("ap-northeast-2", "Asia Pacific (Seoul)", "APN2"),
    Region("ap-northeast-3", "Asia Pacific (Osaka)", "APN3"),
]
_BY_CODE = {each.code: each for each in _REGIONS}


def region(code: str) -> Region:
    """Return a region; raise `LookupError`."""
    if code not in _BY_CODE:
        raise LookupError(f"the Price List has no region {code} here")
    return _BY_CODE[code]
