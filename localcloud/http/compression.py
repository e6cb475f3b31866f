"""Compressed payloads of REST APIs.

https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-gzip-compression-decompression.html
"""

from __future__ import annotations

import gzip
import zlib
from dataclasses import replace
from typing import TYPE_CHECKING

from localcloud.http.failures import Failure

if TYPE_CHECKING:
    from collections.abc import Callable

    from localcloud.http.proxy import Request, Response

CODINGS: dict[str, Callable[[bytes], bytes]] = {"gzip": gzip.compress, "deflate": zlib.compress}


def compressed(response: Response, request: Request, minimum: int | None) -> Response:
    """Return a function's response as the client is sent it.

    It is compressed if the API says so, if it is large enough and not compressed already, and if what the client
    likes best is a coding that API Gateway has.
    """
    coding = _preferred(request.header("Accept-Encoding"))
    encoded = any(name.lower() == "content-encoding" for name, _ in response.headers)
    too_small = minimum is None or len(response.body) < minimum or not response.body
    if coding not in CODINGS or encoded or too_small or request.method == "HEAD" or response.status in (204, 304):
        return response
    return replace(
        response,
        headers=[*response.headers, ("Content-Encoding", coding)],
        body=CODINGS[coding](response.body),
    )


def decompressed(request: Request, minimum: int | None) -> Request:
    """Return a request as the function is to see it; raise Failure if it is not what its header says.

    https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-make-request-with-compressed-payload.html
    """
    coding = (request.header("Content-Encoding") or "identity").lower()
    if minimum is None or coding == "identity":
        return request
    try:
        # 16 and more: gzip's own header; deflate is zlib's, as RFC 9110 has it.
        body = zlib.decompress(request.body, {"gzip": 31, "deflate": 15}[coding])
    except (KeyError, zlib.error) as error:
        raise Failure("UNSUPPORTED_MEDIA_TYPE", "Unsupported Media Type") from error
    headers = [(name, value) for name, value in request.headers if name.lower() != "content-encoding"]
    return replace(request, headers=headers, body=body)


def _preferred(accepted: str | None) -> str:
    """Return the coding with the highest weight, of several the first."""
    weighted = [_weighted(each) for each in (accepted or "").split(",")]
    weight, coding = max(weighted, key=lambda each: each[0])
    return coding if weight > 0 else "identity"


def _weighted(element: str) -> tuple[float, str]:
    coding, _, weight = element.partition(";")
    try:
        return float(weight.partition("=")[2] or 1), coding.strip().lower()
    except ValueError:
        return 0.0, coding
