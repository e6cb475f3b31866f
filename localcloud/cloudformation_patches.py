"""Every change made to moto's CloudFormation: the SAM transform, further resource types, honest failures."""

from __future__ import annotations

import json
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from moto.cloudformation import models, parsing
from moto.cloudformation.exceptions import ValidationError
from moto.cloudformation.models import CloudFormationBackend, Stack
from moto.cloudformation.parsing import ResourceMap

from localcloud import sam
from localcloud.moto_patches import replaced
from localcloud.resource_models import model_of
from localcloud.resources import KINDS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from localcloud.gate import Gate
    from localcloud.resources import Surroundings


class ResourceFailedError(Exception):
    """A resource could not be made or changed."""

    def __init__(self, logical_id: str, kind: str, reason: str) -> None:
        super().__init__(f"{logical_id} ({kind}): {reason}")
        self.logical_id = logical_id
        self.kind = kind
        self.reason = reason


@contextmanager
def sam_understood(region: str) -> Iterator[None]:
    """Apply the SAM transform to templates that ask for it, and put the resources of all in a working order.

    moto does not know the transform, and makes resources in the order written, without regard to DependsOn.
    """
    create, change = CloudFormationBackend.create_stack, CloudFormationBackend.create_change_set
    update = CloudFormationBackend.update_stack

    def created(backend: Any, name: str, template: str, parameters: dict[str, str], **rest: Any) -> Any:
        return create(backend, name, _processed(template, parameters, region), parameters, **rest)

    def change_made(backend: Any, **given: Any) -> Any:
        given["template"] = _processed(given["template"], given["parameters"], region)
        return change(backend, **given)

    def updated(backend: Any, name: str, template: str, role_arn: str | None, parameters: list[Any], tags: Any) -> Any:
        stack = backend.get_stack(name)
        resolved = backend._resolve_update_parameters(instance=stack, incoming_params=parameters)
        processed = _processed(template, resolved, region)
        if processed == stack.template and resolved == stack.parameters:
            raise ValidationError(message="No updates are to be performed.")
        return update(backend, name, processed, role_arn, parameters, tags)

    with (
        replaced(CloudFormationBackend, "create_stack", created),
        replaced(CloudFormationBackend, "create_change_set", change_made),
        replaced(CloudFormationBackend, "update_stack", updated),
    ):
        yield


@contextmanager
def further_types(gate: Gate, around: Surroundings) -> Iterator[None]:
    """Let templates hold the resource types of `resources.py`."""
    known, names = dict(parsing.get_model_map()), dict(parsing.get_name_type_map())
    for name, kind in KINDS.items():
        known[name] = model_of(name, kind, gate, around)
        names[name] = kind.name_property
    with (
        replaced(parsing, "get_model_map", lambda: known),
        replaced(parsing, "get_name_type_map", lambda: names),
    ):
        yield


@contextmanager
def defaults_converted() -> Iterator[None]:
    """Give parameters their declared type also when they come from a default: moto converts given ones only."""
    load = ResourceMap.load_parameters

    def loaded(resources: Any) -> None:
        slots = resources._template.get("Parameters", {})
        defaults = {name: slot["Default"] for name, slot in slots.items() if "Default" in slot}
        given = resources.input_parameters
        resources.input_parameters = {**{name: str(value) for name, value in defaults.items()}, **given}
        load(resources)
        resources.input_parameters = given

    with replaced(ResourceMap, "load_parameters", loaded):
        yield


@contextmanager
def parameters_traced() -> Iterator[None]:
    """Update resources that use a changed parameter in any way: moto sees a plain Ref only."""
    diff = ResourceMap.build_resource_diff

    def traced(resources: Any, template: dict[str, Any], parameters: dict[str, str] | None = None) -> Any:
        actions = diff(resources, template, parameters)
        before = resources.input_parameters
        changed = {name for name, value in (parameters or {}).items() if before.get(name) != value}
        for name, resource in template["Resources"].items():
            uses = _closure(set(sam.references(resource)), template.get("Conditions", {}))
            if name in resources and name not in actions["Modify"] and uses & changed:
                actions["Modify"].append(name)
        return actions

    with replaced(ResourceMap, "build_resource_diff", traced):
        yield


@contextmanager
def failures_told() -> Iterator[None]:
    """End a stack that fails as CloudFormation does: events with reasons, and what was made is removed again."""
    create, update = Stack.create_resources, Stack.update

    def created(stack: Any) -> None:
        try:
            create(stack)
        except ResourceFailedError as failure:
            _tell(stack, failure, "CREATE_FAILED")
            stack.resource_map.delete()
            stack.status = "ROLLBACK_COMPLETE"

    def updated(stack: Any, *args: Any, **kwargs: Any) -> None:
        try:
            update(stack, *args, **kwargs)
        except ResourceFailedError as failure:
            _tell(stack, failure, "UPDATE_FAILED")
            stack.status = "UPDATE_FAILED"  # as with --disable-rollback: what did change stays changed

    with (
        replaced(Stack, "create_resources", created),
        replaced(Stack, "update", updated),
        replaced(parsing, "parse_and_create_resource", _naming(parsing.parse_and_create_resource)),
        replaced(parsing, "parse_and_update_resource", _naming(parsing.parse_and_update_resource)),
    ):
        yield


def _processed(template: str, parameters: Mapping[str, str], region: str) -> str:
    parsed = Stack.parse_template(template)
    if not parsed.get("Resources"):
        return template
    try:
        if sam.is_serverless(parsed):
            parsed = sam.transformed(parsed, parameters, region)
        return json.dumps({**parsed, "Resources": sam.ordered(parsed["Resources"])})
    except sam.TemplateError as error:
        raise ValidationError(message=str(error)) from error


def _naming(method: Any) -> Any:
    """Wrap a resource's making so that a failure says which resource it was."""

    def call(logical_id: str, resource: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        try:
            return method(logical_id, resource, *args, **kwargs)
        except ResourceFailedError:
            raise
        except Exception as error:
            reason = str(getattr(error, "message", None) or error or type(error).__name__)
            raise ResourceFailedError(logical_id, resource["Type"], reason) from error

    return call


def _tell(stack: Any, failure: ResourceFailedError, status: str) -> None:
    stack.events.append(
        models.Event(
            stack_id=stack.stack_id,
            stack_name=stack.name,
            logical_resource_id=failure.logical_id,
            physical_resource_id="",
            resource_type=failure.kind,
            resource_status=status,
            resource_status_reason=failure.reason,
            resource_properties=None,
        )
    )


def _closure(names: set[str], conditions: Mapping[str, Any]) -> set[str]:
    """Return names with those that the conditions among them refer to."""
    more = {other for name in names & set(conditions) for other in sam.references(conditions[name])}
    return names if more <= names else _closure(names | more, conditions)


@contextmanager
def no_value_in_lists() -> Iterator[None]:
    """Drop AWS::NoValue from lists, where moto leaves a None; it drops it from mappings itself."""
    clean = parsing.clean_json

    def cleaned(template: Any, resources: Any) -> Any:
        made = clean(template, resources)
        return [value for value in made if value is not None] if isinstance(template, list) else made

    with replaced(parsing, "clean_json", cleaned):
        yield
