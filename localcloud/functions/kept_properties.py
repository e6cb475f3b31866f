"""Every change made to moto's Lambda: properties that it drops are kept, so that functions run as configured."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from moto.awslambda.models import LambdaBackend, LambdaFunction, lambda_backends

from localcloud.ground.patching import replaced

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

# moto's CloudFormation reads a handful of a function's properties only; these are set afterwards.
_DROPPED = ("DeadLetterConfig", "Layers", "Tags", "Architectures", "ReservedConcurrentExecutions")


@contextmanager
def dead_letters_kept() -> Iterator[None]:
    """Keep a function's DeadLetterConfig, which moto forgets, and tell it to who asks."""
    init, update, describe = (
        LambdaFunction.__init__,
        LambdaFunction.update_configuration,
        LambdaFunction.get_configuration,
    )

    def created(function: Any, account_id: str, spec: dict[str, Any], *args: Any, **kwargs: Any) -> None:
        function.dead_letter_config = spec.get("DeadLetterConfig")
        init(function, account_id, spec, *args, **kwargs)

    def updated(function: Any, updates: dict[str, Any]) -> Any:
        function.dead_letter_config = updates.get("DeadLetterConfig", function.dead_letter_config)
        return update(function, updates)

    def described(function: Any, on_create: bool = False) -> dict[str, Any]:
        configuration: dict[str, Any] = describe(function, on_create)
        if function.dead_letter_config:
            configuration["DeadLetterConfig"] = function.dead_letter_config
        return configuration

    with (
        replaced(LambdaFunction, "__init__", created),
        replaced(LambdaFunction, "update_configuration", updated),
        replaced(LambdaFunction, "get_configuration", described),
    ):
        yield


@contextmanager
def template_properties_kept() -> Iterator[None]:
    """Apply the properties of AWS::Lambda::Function that moto's CloudFormation leaves out."""
    create = LambdaFunction.create_from_cloudformation_json
    update = LambdaFunction.update_from_cloudformation_json

    def created(name: str, resource: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        made = create(name, resource, *args, **kwargs)
        try:
            return _apply(made, resource["Properties"])
        except Exception:
            # Not being the stack's yet, it would outlive the rollback.
            lambda_backends[made.account_id][made.region].delete_function(made.function_name)
            raise

    def updated(*args: Any, **kwargs: Any) -> Any:
        return _apply(update(*args, **kwargs), kwargs["cloudformation_json"]["Properties"])

    with (
        replaced(LambdaFunction, "create_from_cloudformation_json", staticmethod(created)),
        replaced(LambdaFunction, "update_from_cloudformation_json", staticmethod(updated)),
    ):
        yield


@contextmanager
def one_event_configuration() -> Iterator[None]:
    """Let a new configuration of asynchronous invocation replace the old one: moto goes on reading the first."""
    put = LambdaBackend.put_function_event_invoke_config

    def put_only(backend: Any, function_name: str, config: dict[str, Any]) -> Any:
        backend.get_function(function_name).event_invoke_config.clear()
        return put(backend, function_name, config)

    with replaced(LambdaBackend, "put_function_event_invoke_config", put_only):
        yield


@contextmanager
def noticed_mappings(changed: Callable[[], None]) -> Iterator[None]:
    """Tell when an event source mapping was made, changed or removed."""

    def telling(method: Any) -> Any:
        def call(*args: Any, **kwargs: Any) -> Any:
            try:
                return method(*args, **kwargs)
            finally:
                changed()

        return call

    names = ("create_event_source_mapping", "update_event_source_mapping", "delete_event_source_mapping")
    create, update, delete = (telling(getattr(LambdaBackend, name)) for name in names)
    with (
        replaced(LambdaBackend, names[0], create),
        replaced(LambdaBackend, names[1], update),
        replaced(LambdaBackend, names[2], delete),
    ):
        yield


def _apply(function: Any, properties: dict[str, Any]) -> Any:
    kept = {name: properties[name] for name in _DROPPED if name in properties}
    function.update_configuration({"DeadLetterConfig": kept.get("DeadLetterConfig"), "Layers": kept.get("Layers", [])})
    # A Number parameter arrives as a number; Lambda's variables are text.
    variables = properties.get("Environment", {}).get("Variables", {})
    function.environment_vars = {name: str(value) for name, value in variables.items()}
    function.architectures = kept.get("Architectures", ["x86_64"])
    function.reserved_concurrency = kept.get("ReservedConcurrentExecutions")
    function.tags = {tag["Key"]: tag["Value"] for tag in kept.get("Tags", [])}
    return function
