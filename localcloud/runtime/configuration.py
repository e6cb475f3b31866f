"""What AWS knows about functions and event source mappings, read from moto as plain values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from moto.awslambda.models import lambda_backends

from localcloud.runtime.packages import Zip

if TYPE_CHECKING:
    from collections.abc import Mapping

    from localcloud.ground.gate import Gate


@dataclass(frozen=True)
class Layer:
    """A version of a layer, and its zip."""

    arn: str
    zip: Zip


@dataclass(frozen=True)
class Function:
    """A function's configuration and code at one moment."""

    name: str
    arn: str
    region: str
    role: str
    handler: str
    timeout: int
    """Seconds."""
    memory: int
    """Megabytes."""
    variables: Mapping[str, str]
    code: Zip
    layers: tuple[Layer, ...]
    reserved: int | None
    """Reserved concurrency, if any."""
    dead_letters: str | None
    """The ARN of the dead-letter queue or topic."""
    on_event: Mapping[str, Any]
    """The configuration of asynchronous invocation."""


@dataclass(frozen=True)
class QueueMapping:
    """An event source mapping of a queue to a function."""

    uuid: str
    queue_arn: str
    function_arn: str
    enabled: bool
    batch_size: int
    window: int
    """Seconds to gather a batch."""
    partial: bool
    """Whether the function reports the failed messages of a batch."""
    concurrency: int | None
    """The most batches at once, if limited."""


class UnknownFunctionError(LookupError):
    """No function has this name."""


class LambdaState:
    """Reads functions and mappings of one account, in every region."""

    def __init__(self, gate: Gate, account: str, region: str) -> None:
        self._gate = gate
        self._account = account
        self._region = region

    def function(self, name_or_arn: str) -> Function:
        """Return a function by its name (in the home region) or ARN; raise UnknownFunctionError."""
        region, name = self._locate(name_or_arn)
        with self._gate:
            backend = lambda_backends[self._account][region]
            found = [each for each in backend.list_functions() if each.function_name == name]
            if not found:
                raise UnknownFunctionError(f"Function not found: {name_or_arn}")
            return _function(backend, found[0])

    def queue_mappings(self) -> list[QueueMapping]:
        """Return the mappings of queues, enabled or not."""
        with self._gate:
            regions = list(lambda_backends[self._account].values())
            mappings = [each for one in regions for each in one.list_event_source_mappings("", "")]
            return [_mapping(each) for each in mappings if each.event_source_arn.split(":")[2] == "sqs"]

    def _locate(self, name_or_arn: str) -> tuple[str, str]:
        if not name_or_arn.startswith("arn:"):
            return self._region, name_or_arn.split(":")[0]
        parts = name_or_arn.split(":")
        return parts[3], parts[6]


def _function(backend: Any, function: Any) -> Function:
    configs = function.event_invoke_config
    layers = [backend.layers_versions_by_arn(layer["Arn"]) for layer in function.layers]
    return Function(
        name=function.function_name,
        arn=function.function_arn,
        region=function.region,
        role=function.role,
        handler=function.handler or "",
        timeout=int(function.timeout),
        memory=int(function.memory_size),
        variables={key: str(value) for key, value in function.environment_vars.items()},
        code=zip_of(function),
        layers=tuple(Layer(each.arn, zip_of(each)) for each in layers if each),
        reserved=None if function.reserved_concurrency is None else int(function.reserved_concurrency),
        dead_letters=(getattr(function, "dead_letter_config", None) or {}).get("TargetArn"),
        on_event=configs[-1].config if configs else {},
    )


def zip_of(function_or_layer: Any) -> Zip:
    """Return the zip of a function or of a layer's version, as moto keeps it."""
    return Zip(function_or_layer.code_digest, function_or_layer.code_bytes)


def _mapping(mapping: Any) -> QueueMapping:
    limit = (mapping.scaling_config or {}).get("MaximumConcurrency")
    return QueueMapping(
        uuid=mapping.uuid,
        queue_arn=mapping.event_source_arn,
        function_arn=mapping.function_arn,
        enabled=str(mapping.enabled).lower() == "true",
        batch_size=int(mapping.batch_size),
        window=int(mapping.max_batch_window or 0),
        partial="ReportBatchItemFailures" in (mapping.function_response_types or []),
        concurrency=int(limit) if limit else None,
    )
