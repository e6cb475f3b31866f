"""The limit on a function's code and layers, at the moment when AWS applies it: when they are put together.

https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from moto.awslambda.exceptions import InvalidParameterValueException
from moto.awslambda.models import LambdaFunction, lambda_backends

from localcloud.ground.patching import replaced
from localcloud.runtime.configuration import zip_of
from localcloud.runtime.packages import check_size

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def packages_limited() -> Iterator[None]:
    """Refuse functions whose code and layers are too large together; moto takes any."""
    init, update = LambdaFunction.__init__, LambdaFunction.update_configuration

    def created(function: Any, *args: Any, **kwargs: Any) -> None:
        init(function, *args, **kwargs)
        _check(function, [layer["Arn"] for layer in function.layers])

    def updated(function: Any, updates: dict[str, Any]) -> Any:
        _check(function, updates.get("Layers") or [])
        return update(function, updates)

    with (
        replaced(LambdaFunction, "__init__", created),
        replaced(LambdaFunction, "update_configuration", updated),
    ):
        yield


def _check(function: Any, layers: list[str]) -> None:
    backend = lambda_backends[function.account_id][function.region]
    versions = [backend.layers_versions_by_arn(arn) for arn in layers]
    try:
        check_size([zip_of(function), *(zip_of(version) for version in versions if version)])
    except ValueError as error:
        raise InvalidParameterValueException(str(error)) from error
