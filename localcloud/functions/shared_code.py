"""One copy of each zip, however many functions have it: moto would keep one for each, and a stack has ten of 14 MB."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from moto.awslambda import models

from localcloud.ground.patching import replaced

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def code_kept_once() -> Iterator[None]:
    """Read an object of S3 that functions or layers are made of once for all of them."""
    read: dict[str, Any] = {}
    content = models._s3_content

    def content_once(key: Any) -> Any:
        if key.etag not in read:
            read[key.etag] = content(key)
        return read[key.etag]

    with replaced(models, "_s3_content", content_once):
        yield
