"""The local cloud's own API beside AWS's, on the same port: for what in AWS just happens, and nobody can ask for."""

from __future__ import annotations

import hmac
import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from localcloud.iam.access import BODY

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from _typeshed.wsgi import StartResponse, WSGIEnvironment

    from localcloud.ground.clock import Clock

    type Act = Callable[[Any], dict[str, Any]]

REAL_TIME = "real"


class _UnusableError(Exception):
    """The request cannot be read."""


def serve(environ: WSGIEnvironment, start_response: StartResponse, secret_key: str, act: Act) -> Iterable[bytes]:
    """Do what the JSON body says, for who has the administrator's secret key."""
    status, answer = _answer(environ, secret_key, act)
    start_response(status, [("Content-Type", "application/json")])
    return [json.dumps(answer).encode()]


def losing(lose: Callable[[str, str], int | None]) -> Act:
    """Return what loses the object that is named by `bucket` and `key`."""

    def act(wanted: Any) -> dict[str, Any]:
        try:
            bucket, key = wanted["bucket"], wanted["key"]
        except (KeyError, TypeError) as error:
            raise _UnusableError('a JSON object with "bucket" and "key" is wanted') from error
        return {"told": lose(bucket, key)}

    return act


def firing(fire: Callable[[str], None]) -> Act:
    """Return what fires the schedule that is named by `name`."""

    def act(wanted: Any) -> dict[str, Any]:
        try:
            name = wanted["name"]
        except (KeyError, TypeError) as error:
            raise _UnusableError('a JSON object with "name" is wanted') from error
        fire(name)
        return {"fired": name}

    return act


def telling(clock: Clock) -> Act:
    """Return what sets the clock, if there is a `moment`, and tells what it shows."""

    def act(wanted: Any) -> dict[str, Any]:
        try:
            if "moment" in wanted:
                clock.set(_read(wanted["moment"]))
        except (ValueError, TypeError) as error:
            raise _UnusableError(f"a moment such as 2026-12-24T18:00:00Z or {REAL_TIME} is wanted ({error})") from error
        now, offset = clock.now(), timedelta(seconds=round(clock.offset.total_seconds()))
        shown = now.isoformat(timespec="seconds").replace("+00:00", "Z")
        return {"now": shown, "seconds": offset.total_seconds(), "offset": str(abs(offset))}

    return act


def _answer(environ: WSGIEnvironment, secret_key: str, act: Act) -> tuple[str, dict[str, Any]]:
    if not hmac.compare_digest(environ.get("HTTP_AUTHORIZATION", ""), f"Bearer {secret_key}"):
        return "403 Forbidden", {"error": "the administrator's secret key is wanted, as a bearer token"}
    try:
        return "200 OK", act(json.loads(environ[BODY]))
    except LookupError as error:
        return "404 Not Found", {"error": str(error)}
    except (_UnusableError, ValueError) as error:
        return "400 Bad Request", {"error": str(error)}


def _read(moment: str) -> datetime | None:
    """Read a moment; without a time zone it is UTC."""
    if moment == REAL_TIME:
        return None
    read = datetime.fromisoformat(moment)
    return read if read.tzinfo else read.replace(tzinfo=UTC)
