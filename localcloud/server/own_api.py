"""The local cloud's own API beside AWS's, on the same port: for what in AWS just happens, and nobody can ask for."""

from __future__ import annotations

import hmac
import json
from typing import TYPE_CHECKING, Any

from localcloud.iam.access import BODY
from localcloud.s3.lost import NotThereError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from _typeshed.wsgi import StartResponse, WSGIEnvironment

# No bucket can be called so.
LOSE = "/_localcloud/lose"


def serve(
    environ: WSGIEnvironment, start_response: StartResponse, secret_key: str, lose: Callable[[str, str], int | None]
) -> Iterable[bytes]:
    """Lose the object that the JSON body names by `bucket` and `key`, for who has the administrator's secret key."""
    status, answer = _answer(environ, secret_key, lose)
    start_response(status, [("Content-Type", "application/json")])
    return [json.dumps(answer).encode()]


def _answer(
    environ: WSGIEnvironment, secret_key: str, lose: Callable[[str, str], int | None]
) -> tuple[str, dict[str, Any]]:
    if not hmac.compare_digest(environ.get("HTTP_AUTHORIZATION", ""), f"Bearer {secret_key}"):
        return "403 Forbidden", {"error": "the administrator's secret key is wanted, as a bearer token"}
    try:
        wanted = json.loads(environ[BODY])
        return "200 OK", {"told": lose(wanted["bucket"], wanted["key"])}
    except NotThereError as error:
        return "404 Not Found", {"error": str(error)}
    except (ValueError, KeyError, TypeError):
        return "400 Bad Request", {"error": 'a JSON object with "bucket" and "key" is wanted'}
