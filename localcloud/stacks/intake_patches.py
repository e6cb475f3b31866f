"""Changes to moto's CloudFormation about what goes in: the SAM transform, parameters, further resource types."""

from __future__ import annotations

import json
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from moto.cloudformation import parsing
from moto.cloudformation.exceptions import ValidationError
from moto.cloudformation.models import CloudFormationBackend, Stack
from moto.cloudformation.parsing import ResourceMap
from moto.cloudformation.responses import CloudFormationResponse

from localcloud.ground.patching import replaced
from localcloud.stacks import parameters, sam
from localcloud.stacks.kinds import KINDS
from localcloud.stacks.layers import LAYER
from localcloud.stacks.models import model_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from localcloud.ground.gate import Gate
    from localcloud.stacks.kinds import Surroundings


@contextmanager
def sam_understood(region: str) -> Iterator[None]:
    """Apply the SAM transform to templates that ask for it; complete parameters, and put resources in order.

    moto does not know the transform, makes resources in the order written, whatever they depend on, and leaves
    the defaults of parameters as they are, whatever type the parameter has.
    """
    create, change = CloudFormationBackend.create_stack, CloudFormationBackend.create_change_set
    update = CloudFormationBackend.update_stack

    def created(backend: Any, **given: Any) -> Any:
        return create(backend, **_made_ready(given, region))

    def change_made(backend: Any, **given: Any) -> Any:
        return change(backend, **_made_ready(given, region))

    def updated(backend: Any, name: str, template: str, role_arn: str | None, parameters: list[Any], tags: Any) -> Any:
        stack = backend.get_stack(name)
        given = backend._resolve_update_parameters(instance=stack, incoming_params=parameters)
        complete = _complete(template, given)
        processed = _processed(template, complete, region)
        if processed == stack.template and complete == stack.parameters:
            raise ValidationError(message="No updates are to be performed.")
        listed = [{"ParameterKey": key, "ParameterValue": value} for key, value in complete.items()]
        return update(backend, name, processed, role_arn, listed, tags)

    with (
        replaced(CloudFormationBackend, "create_stack", created),
        replaced(CloudFormationBackend, "create_change_set", change_made),
        replaced(CloudFormationBackend, "update_stack", updated),
    ):
        yield


@contextmanager
def json_read_as_json() -> Iterator[None]:
    """Read a template that is JSON as JSON: as YAML, as moto reads it three times a stack, ours takes half a second."""
    parse = Stack.parse_template

    def parsed(template: str) -> Any:
        try:
            return json.loads(template)
        except json.JSONDecodeError:
            return parse(template)

    with replaced(Stack, "parse_template", staticmethod(parsed)):
        yield


@contextmanager
def further_types(gate: Gate, around: Surroundings) -> Iterator[None]:
    """Let templates hold the resource types of `stacks/kinds.py`."""
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
def parameters_traced() -> Iterator[None]:
    """Update resources that use a changed parameter in any way, or a layer that is published anew.

    moto sees a plain Ref to a parameter only.
    """
    diff = ResourceMap.build_resource_diff

    def traced(resources: Any, template: dict[str, Any], parameters: dict[str, str] | None = None) -> Any:
        actions = diff(resources, template, parameters)
        before = resources.input_parameters
        changed = {name for name, value in (parameters or {}).items() if before.get(name) != value}
        changed |= {name for name in actions["Modify"] if template["Resources"][name]["Type"] == LAYER}
        for name, resource in template["Resources"].items():
            uses = _closure(set(sam.references(resource)), template.get("Conditions", {}))
            if name in resources and name not in actions["Modify"] and uses & changed:
                actions["Modify"].append(name)
        return actions

    with replaced(ResourceMap, "build_resource_diff", traced):
        yield


def _made_ready(given: Mapping[str, Any], region: str) -> dict[str, Any]:
    """Return the arguments for a new stack or change set with template and parameters made ready for moto."""
    complete = _complete(given["template"], given["parameters"])
    return {**given, "template": _processed(given["template"], complete, region), "parameters": complete}


def _complete(template: str, given: Mapping[str, str]) -> dict[str, str]:
    try:
        return parameters.completed(Stack.parse_template(template), given)
    except parameters.ParameterError as error:
        raise ValidationError(message=str(error)) from error


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


@contextmanager
def templates_found(endpoint: str) -> Iterator[None]:
    """Find a template that a client has put into a bucket here: moto knows S3 by its host names only."""
    find = CloudFormationResponse._get_stack_from_s3_url

    def found(response: Any, url: str) -> Any:
        return find(response, url.replace(endpoint, "https://s3.amazonaws.com", 1))

    with replaced(CloudFormationResponse, "_get_stack_from_s3_url", found):
        yield
