"""Calls of a running local cloud's own API, from another process."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from urllib.error import HTTPError, URLError
from urllib.request import ProxyHandler, Request, build_opener

from localcloud.run_file import NoneRunsError

if TYPE_CHECKING:
    from collections.abc import Mapping

# No bucket can be called so.
LOSE = "/_localcloud/lose"
CLOCK = "/_localcloud/clock"
FIRE = "/_localcloud/fire"
_open = build_opener(ProxyHandler({})).open  # no proxy of the developer's shell stands before loopback


def ask(facts: Mapping[str, Any], path: str, wanted: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the cloud of a run file answers, be it an `error`; raise NoneRunsError."""
    request = Request(  # noqa: S310 - loopback, as the run file says
        facts["aws_endpoint"] + path,
        data=json.dumps(wanted).encode(),
        headers={"Authorization": f"Bearer {facts['secret_key']}"},
    )
    try:
        with _open(request) as answer:
            return dict(json.load(answer))
    except HTTPError as error:
        return dict(json.load(error))
    except URLError as error:
        raise NoneRunsError(f"the local cloud does not answer at {facts['aws_endpoint']}: {error.reason}") from error
