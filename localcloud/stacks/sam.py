"""The SAM transform: a template as `chalice package` writes it becomes one of plain CloudFormation resources."""

from __future__ import annotations

import json
import re
import threading
from graphlib import CycleError, TopologicalSorter
from typing import TYPE_CHECKING, Any

import boto3
from samtranslator.model.exceptions import InvalidDocumentException
from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

TRANSFORM = "AWS::Serverless-2016-10-31"
_one_at_a_time = threading.Lock()


class TemplateError(Exception):
    """The template cannot be transformed; the message names each fault."""


def is_serverless(template: Mapping[str, Any]) -> bool:
    """Tell whether a template asks for the SAM transform."""
    transforms = template.get("Transform", [])
    return TRANSFORM in (transforms if isinstance(transforms, list) else [transforms])


def transformed(template: Mapping[str, Any], parameters: Mapping[str, str], region: str) -> dict[str, Any]:
    """Return the plain template, its resources in the order of their dependencies; raise TemplateError.

    https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-specification.html
    """
    copy = json.loads(json.dumps(template))
    with _one_at_a_time:
        try:
            made = Translator({}, Parser(), boto_session=boto3.Session(region_name=region)).translate(
                copy, dict(parameters), get_managed_policy_map=_aws_managed_policies
            )
        except InvalidDocumentException as error:
            causes = [str(cause.message) for cause in error.causes]
            raise TemplateError("; ".join([str(error.message), *causes])) from error
    made.pop("Transform", None)
    return {**made, "Resources": ordered(made["Resources"])}


def ordered(resources: Mapping[str, Any]) -> dict[str, Any]:
    """Return resources with each one after those that it refers to or depends on."""
    graph = {
        name: {other for other in references(resource) if other in resources and other != name}
        for name, resource in resources.items()
    }
    try:
        return {name: resources[name] for name in TopologicalSorter(graph).static_order()}
    except CycleError as error:
        raise TemplateError(f"Circular dependency between resources: {error.args[1]}") from error


def references(value: Any) -> Iterator[str]:
    """Yield the name of each parameter, resource and condition that a piece of a template refers to."""
    if isinstance(value, list):
        for each in value:
            yield from references(each)
    elif isinstance(value, dict):
        for key, each in value.items():
            yield from _named(key, each)
            yield from references(each)


def _named(key: str, value: Any) -> Iterator[str]:
    """Yield the names that a function of a template, or an attribute of a resource, takes as plain text."""
    match key, value:
        case ("Ref" | "DependsOn" | "Condition", str(name)):
            yield name
        case ("Fn::GetAtt" | "Fn::If", [str(name), *_]):
            yield name
        case ("DependsOn", list(names)):
            yield from names
        case ("Fn::Sub", str(text)) | ("Fn::Sub", [str(text), *_]):
            yield from re.findall(r"\$\{([^!.}]+)[^}]*\}", text)


def _aws_managed_policies() -> dict[str, str]:
    # The names of AWS's managed policies could be mapped to ARNs here; a package of Chalice brings its own.
    return {}
