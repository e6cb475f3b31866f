"""Parts of big objects and lists of many, read for what they are and not for all there is."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from moto.s3.models import FakeKey
from moto.s3.responses import S3Response

from localcloud.ground.patching import replaced

if TYPE_CHECKING:
    from collections.abc import Iterator


class Content:
    """An object's bytes, of which only the slice that is asked for is read; moto copies them all for each range."""

    def __init__(self, key: Any) -> None:
        self._key = key

    def __len__(self) -> int:
        return int(self._key.size)

    def __getitem__(self, part: slice) -> bytes:
        start, stop, _ = part.indices(len(self))
        with self._key.lock:
            self._key._value_buffer.seek(start)
            return bytes(self._key._value_buffer.read(max(0, stop - start)))


class Ranged:
    """An object whose value is read by the part."""

    def __init__(self, key: Any) -> None:
        self._key = key

    def __getattr__(self, name: str) -> Any:
        return getattr(self._key, name)

    @property
    def value(self) -> Content:
        """Return the bytes, yet to be read."""
        return Content(self._key)


@contextmanager
def ranges_read_alone() -> Iterator[None]:
    """Read of an object what its Range header says: all requests wait while one reads."""
    find, cut = S3Response._get_key, S3Response._handle_range_header

    def found(response: Any, *args: Any, **kwargs: Any) -> tuple[Any, bool]:
        key, not_modified = find(response, *args, **kwargs)
        part = bool(response.headers.get("Range")) and "partNumber" not in response.querystring
        return (Ranged(key) if part else key), not_modified

    def handled(response: Any, request: Any, headers: Any, content: Any) -> Any:
        status, headers, content = cut(response, request, headers, content)
        return status, headers, content[:] if isinstance(content, Content) else content

    with replaced(S3Response, "_get_key", found), replaced(S3Response, "_handle_range_header", handled):
        yield


@contextmanager
def lists_without_parsing() -> Iterator[None]:
    """Hand the times of objects over as times: moto writes each as text, to read and write it again."""
    with replaced(FakeKey, "last_modified_ISO8601", property(lambda key: key.last_modified)):
        yield
