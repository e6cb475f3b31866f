"""What runs on an instance, as EC2's PlatformDetails and as the price list's operation: the code that is billed."""

from types import MappingProxyType

LINUX = "Linux/UNIX"
# https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/billing-info-fields.html
OPERATIONS = MappingProxyType(
    {
        LINUX: "RunInstances",
        "Red Hat BYOL Linux": "RunInstances:00g0",
        "Red Hat Enterprise Linux": "RunInstances:0010",
        "Red Hat Enterprise Linux with HA": "RunInstances:1010",
        "Red Hat Enterprise Linux with SQL Server Standard and HA": "RunInstances:1014",
        "Red Hat Enterprise Linux with SQL Server Enterprise and HA": "RunInstances:1110",
        "Red Hat Enterprise Linux with SQL Server Standard": "RunInstances:0014",
        "Red Hat Enterprise Linux with SQL Server Web": "RunInstances:0210",
        "Red Hat Enterprise Linux with SQL Server Enterprise": "RunInstances:0110",
        "SQL Server Enterprise": "RunInstances:0100",
        "SQL Server Standard": "RunInstances:0004",
        "SQL Server Web": "RunInstances:0200",
        "SUSE Linux": "RunInstances:000g",
        "Ubuntu Pro": "RunInstances:0g00",
        "Windows": "RunInstances:0002",
        "Windows BYOL": "RunInstances:0800",
        "Windows with SQL Server Enterprise": "RunInstances:0102",
        "Windows with SQL Server Standard": "RunInstances:0006",
        "Windows with SQL Server Web": "RunInstances:0202",
    }
)
