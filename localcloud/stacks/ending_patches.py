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
        definitions, failures = resources._resource_json_map, []
        for name in reversed(list(definitions)):
            made = resources._parsed_resources.get(name)
            if made is not None and not isinstance(made, str):
                try:
                    resources._delete_resource(made, definitions[name])
                    del resources._parsed_resources[name]
                except Exception as error:
                    failures.append(_failure(name, definitions[name], error))
        if failures:
            raise failures[0]

    def deleted(stack: Any) -> None:
        try:
            delete(stack)
            _forget_definitions(stack)
        except ResourceFailedError as failure:
            _tell(stack, failure, "DELETE_FAILED")
            stack.status = "DELETE_FAILED"

    with replaced(ResourceMap, "delete", delete_resources), replaced(Stack, "delete", deleted):
        yield


@contextmanager
def retained_and_undeletable_kept() -> Iterator[None]:
    """Keep what is to be retained, on updates too, and stacks that could not be deleted.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-attribute-deletionpolicy.html
    """
    delete, delete_stack = ResourceMap._delete_resource, CloudFormationBackend.delete_stack

    def deleted(resources: Any, made: Any, definition: dict[str, Any]) -> None:
        if not str(definition.get("DeletionPolicy", "Delete")).startswith("Retain"):
            delete(resources, made, definition)

    def stack_deleted(backend: Any, name: str) -> None:
        delete_stack(backend, name)
        for identity, stack in list(backend.deleted_stacks.items()):
            if stack.status == "DELETE_FAILED":
                backend.stacks[identity] = backend.deleted_stacks.pop(identity)

    with (
        replaced(ResourceMap, "_delete_resource", deleted),
        replaced(CloudFormationBackend, "delete_stack", stack_deleted),
    ):
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
    stack.status = "ROLLBACK_COMPLETE"
    try:
        stack.resource_map.delete()
    except ResourceFailedError as second:
        _tell(stack, second, "DELETE_FAILED")
        stack.status = "ROLLBACK_FAILED"
    _forget_definitions(stack)


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
        except Exception as error:
            raise _failure(logical_id, resource, error) from error

    return call


def _failure(logical_id: str, resource: dict[str, Any], error: Exception) -> ResourceFailedError:
    if isinstance(error, ResourceFailedError):
        return ResourceFailedError(logical_id, resource["Type"], error.reason)
    reason = str(getattr(error, "message", None) or error or type(error).__name__)
    return ResourceFailedError(logical_id, resource["Type"], reason)


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
