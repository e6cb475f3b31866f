"""Changes to moto's CloudFormation about how stacks end: deletion in order, failures with reasons, rollback."""

from __future__ import annotations

from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from moto.cloudformation import models, parsing
from moto.cloudformation.models import ChangeSet, CloudFormationBackend, Stack
from moto.cloudformation.parsing import ResourceMap

from localcloud.ground.patching import replaced

if TYPE_CHECKING:
    from collections.abc import Iterator


class ResourceFailedError(Exception):
    """A resource could not be made or changed."""

    def __init__(self, logical_id: str, kind: str, reason: str) -> None:
        super().__init__(f"{logical_id} ({kind}): {reason}")
        self.logical_id = logical_id
        self.kind = kind
        self.reason = reason


@contextmanager
def deleted_in_order() -> Iterator[None]:
    """Delete what refers to something before that something, and let it rest.

    moto deletes in any order, and makes a resource again when somebody looks at the outputs of a deleted stack.
    """
    delete = Stack.delete

    def delete_resources(resources: Any) -> None:
        definitions = resources._resource_json_map
        for name in reversed(list(definitions)):
            made = resources._parsed_resources.get(name)
            retained = definitions[name].get("DeletionPolicy") == "Retain"
            if made is not None and not retained and not isinstance(made, str):
                resources._delete_resource(made, definitions[name])
                del resources._parsed_resources[name]

    def deleted(stack: Any) -> None:
        delete(stack)
        _forget_definitions(stack)

    with replaced(ResourceMap, "delete", delete_resources), replaced(Stack, "delete", deleted):
        yield


@contextmanager
def failures_told() -> Iterator[None]:
    """End a stack that fails as CloudFormation does: events with reasons, and what was made is removed again."""
    create, update = Stack.create_resources, Stack.update
    execute, apply = CloudFormationBackend.execute_change_set, ChangeSet.apply

    def created(stack: Any) -> None:
        try:
            create(stack)
        except ResourceFailedError as failure:
            _roll_back(stack, failure)

    def updated(stack: Any, *args: Any, **kwargs: Any) -> None:
        try:
            update(stack, *args, **kwargs)
        except ResourceFailedError as failure:
            _leave_half_updated(stack, failure)

    def applied(change_set: Any) -> None:
        try:
            apply(change_set)
        except ResourceFailedError as failure:
            ended = _roll_back if change_set.change_set_type == "CREATE" else _leave_half_updated
            ended(change_set.stack, failure)
            raise

    def executed(*args: Any, **kwargs: Any) -> None:
        with suppress(ResourceFailedError):  # the stack's status and events tell
            execute(*args, **kwargs)

    with (
        replaced(Stack, "create_resources", created),
        replaced(Stack, "update", updated),
        replaced(ChangeSet, "apply", applied),
        replaced(CloudFormationBackend, "execute_change_set", executed),
        replaced(parsing, "parse_and_create_resource", _naming(parsing.parse_and_create_resource)),
        replaced(parsing, "parse_and_update_resource", _naming(parsing.parse_and_update_resource)),
    ):
        yield


def _roll_back(stack: Any, failure: ResourceFailedError) -> None:
    _tell(stack, failure, "CREATE_FAILED")
    stack.resource_map.delete()
    _forget_definitions(stack)
    stack.status = "ROLLBACK_COMPLETE"


def _leave_half_updated(stack: Any, failure: ResourceFailedError) -> None:
    _tell(stack, failure, "UPDATE_FAILED")
    stack.status = "UPDATE_FAILED"  # as with --disable-rollback: what did change stays changed


def _forget_definitions(stack: Any) -> None:
    stack.resource_map._resource_json_map = {}
    stack.output_map._output_json_map = {}


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
