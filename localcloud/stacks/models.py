"""moto's shape for the resource types of `stacks/kinds.py`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from moto.cloudformation.exceptions import UnformattedGetAttTemplateException

if TYPE_CHECKING:
    from localcloud.ground.gate import Gate
    from localcloud.stacks.kinds import Kind, Properties, Surroundings


def model_of(type_name: str, kind: Kind, gate: Gate, around: Surroundings) -> type[Resource]:
    """Return the class by which moto's CloudFormation makes, updates and deletes resources of a kind."""
    return type(
        type_name.replace("::", ""),
        (Resource,),
        {"kind": kind, "gate": gate, "around": around},
    )


class Resource:
    """One resource, with the methods that moto calls.

    The gate is left while it is made or deleted, because that calls the emulator's own APIs.
    """

    kind: ClassVar[Kind]
    gate: ClassVar[Gate]
    around: ClassVar[Surroundings]

    def __init__(self, region: str, physical_id: str, properties: Properties) -> None:
        self.region = region
        self.physical_resource_id = physical_id
        self.properties = properties

    @classmethod
    def has_cfn_attr(cls, attr: str) -> bool:
        """Tell whether Fn::GetAtt knows an attribute."""
        return attr in cls.kind.attributes

    def get_cfn_attribute(self, attribute_name: str) -> str:
        """Return what Fn::GetAtt answers."""
        if attribute_name not in self.kind.attributes:
            raise UnformattedGetAttTemplateException
        return self.kind.attributes[attribute_name].format(id=self.physical_resource_id)

    @classmethod
    def create_from_cloudformation_json(
        cls, resource_name: str, cloudformation_json: Any, _account: str, region: str, **_: Any
    ) -> Resource:
        """Make a resource."""
        properties = cloudformation_json["Properties"]
        with cls.gate.left():
            physical_id = cls.kind.create(cls.around, region, resource_name, properties)
        return cls(region, physical_id, properties)

    @classmethod
    def update_from_cloudformation_json(
        cls,
        original_resource: Resource,
        new_resource_name: str,
        cloudformation_json: Any,
        account_id: str,
        region_name: str,
    ) -> Resource:
        """Change a resource; if that made another one, delete the old one."""
        named = cls.kind.name_property in cloudformation_json["Properties"]
        name = new_resource_name if named else original_resource.physical_resource_id
        made = cls.create_from_cloudformation_json(name, cloudformation_json, account_id, region_name)
        if made.physical_resource_id != original_resource.physical_resource_id:
            original_resource.delete(account_id, region_name)
        return made

    def is_created(self) -> bool:
        """Tell moto that the resource is there at once."""
        return True

    def delete(self, _account: str, _region: str) -> None:
        """Delete the resource."""
        with self.gate.left():
            self.kind.delete(self.around, self.region, self.physical_resource_id, self.properties)
