"""Replacing a part of moto for a while, and putting back what was there."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def replaced(owner: Any, name: str, value: Any) -> Iterator[Any]:
    """Replace an attribute for a while; yield what it was."""
    missing = object()
    before = vars(owner).get(name, missing)
    setattr(owner, name, value)
    try:
        yield before
    finally:
        if before is missing:
            delattr(owner, name)
        else:
            setattr(owner, name, before)


@contextmanager
def replaced_api(urls: Any, response: Any) -> Iterator[None]:
    """Serve a service's URLs by another response class."""
    with replaced(urls, "url_paths", dict.fromkeys(urls.url_paths, response.dispatch)):
        yield


def applied(*patches: Any) -> ExitStack:
    """Enter all patches; closing the result undoes them, last first."""
    with ExitStack() as stack:
        for patch in patches:
            stack.enter_context(patch)
        return stack.pop_all()
