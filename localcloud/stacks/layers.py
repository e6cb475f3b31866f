"""AWS::Lambda::LayerVersion: every change publishes another version, as moto's own resource does not.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-lambda-layerversion.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from localcloud.stacks.kinds import Properties, Surroundings

LAYER = "AWS::Lambda::LayerVersion"
TOLD = ("Content", "CompatibleArchitectures", "CompatibleRuntimes", "Description", "LicenseInfo")


def publish(around: Surroundings, region: str, name: str, properties: Properties) -> str:
    """Publish a version of a layer, called as it says, or made up, or as an earlier version; return its ARN."""
    layer = properties.get("LayerName") or (name.split(":")[6] if name.startswith("arn:") else name)
    told = {each: properties[each] for each in TOLD if each in properties}
    made = around.client("lambda", region).publish_layer_version(LayerName=layer, **told)
    return str(made["LayerVersionArn"])


def withdraw(around: Surroundings, region: str, arn: str, _: Properties) -> None:
    """Delete a version."""
    layer, version = arn.split(":")[6:8]
    around.client("lambda", region).delete_layer_version(LayerName=layer, VersionNumber=int(version))
