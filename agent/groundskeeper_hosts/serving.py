"""Asking the server for a document, and believing the answer only if all of it fits: status, type, headers, digest."""

from __future__ import annotations

import hashlib
import json
import re
import zlib
from datetime import datetime, timezone
from email.message import Message
from email.utils import parsedate_to_datetime
from typing import NamedTuple
from urllib.parse import urljoin, urlsplit

from groundskeeper_hosts.errors import BadSettings, HostsError, Refused, TryAgain
from groundskeeper_hosts.log import printable, without_query
from groundskeeper_hosts.transport import LARGEST, Answer, Transport, is_loopback

_NOT_NOW = {408, 409, 425, 429}
_RIGHT_URL = "is the url right? it ends in the stage, /api"
# API Gateway, not understanding an Authorization header, repeats it in its answer, or its hash.
_REPEATED = re.compile(r"(?<=authorization header)\b.*", re.IGNORECASE | re.DOTALL)


class Promise(NamedTuple):
    """What the headers say of a document; they stand on the 200, or on the 307 that leads to it."""

    etag: str
    generation: int
    entries: int
    digest: str


class Served(NamedTuple):
    """A body that is what its headers promised."""

    body: bytes
    promise: Promise


def fetch(transport: Transport, url: str, token: str, etag: str) -> Served | None:
    """Return the document, or None if it is still the one with this ETag. Raises TryAgain, BadSettings, Refused."""
    headers = {"Authorization": f"Bearer {token}", "Accept": "text/plain", "Accept-Encoding": "gzip"}
    answer = transport.send("GET", url, {**headers, **({"If-None-Match": etag} if etag else {})})
    if answer.status == 304 and etag:
        return None
    if answer.status not in (200, 307):
        raise failure(answer, url, token)
    promise = _promise(answer.headers)
    elsewhere = answer.status == 307
    if elsewhere:
        answer = _follow(transport, url, answer.headers)
    body = _body(answer)
    if hashlib.sha256(body).hexdigest() != promise.digest:
        message = "the document is not the one that its SHA-256 header promises"
        # What lies elsewhere may have been replaced between the two answers: the next poll gets a link to the new one.
        raise TryAgain(message) if elsewhere else Refused(message)
    return Served(body, promise)


def failure(answer: Answer, url: str, token: str) -> HostsError:
    """Name an answer that is not the one hoped for by its remedy."""
    message = f"{without_query(url)} answered {answer.status}{_detail(answer, token)}"
    if answer.status >= 500 or answer.status in _NOT_NOW:
        return TryAgain(message, _retry_after(answer.headers))
    if answer.status == 401:
        return BadSettings(f"{message}: the token is wrong or has expired; mend token-file")
    if answer.status == 403:  # of paths that it does not know, API Gateway says 403 too, if it is sent a token
        return BadSettings(f"{message}: {_RIGHT_URL}; or the token lacks the right: mend token-file")
    if answer.status == 404:
        return BadSettings(f"{message}: {_RIGHT_URL}")
    if answer.status >= 400:
        return BadSettings(f"{message}: check the settings, url above all")
    return Refused(f"{message}, which it never should: check url, and whether a portal stands between")


def _follow(transport: Transport, url: str, headers: Message) -> Answer:
    """Fetch what the server put elsewhere, on another host: once, and without the token."""
    try:
        location = urljoin(url, headers.get("Location", ""))
        parts = urlsplit(location)
    except ValueError as error:
        raise Refused("the server redirects to something that is not a URL") from error
    local = urlsplit(url).scheme == parts.scheme == "http" and is_loopback(parts.hostname or "")
    if not parts.hostname or (parts.scheme != "https" and not local):
        raise Refused(f"the server redirects to {without_query(location)}, which is not https")
    answer = transport.send("GET", location, {"Accept-Encoding": "gzip"})
    if answer.status != 200:  # a presigned URL lives for a minute: the next poll gets another
        raise TryAgain(f"{without_query(location)} answered {answer.status}")
    return answer


def _promise(headers: Message) -> Promise:
    whole = {name: headers.get(f"Groundskeeper-{name}", "") for name in ("Generation", "Entries")}
    digest = headers.get("Groundskeeper-Sha256", "").lower()
    wrong = [name for name, text in whole.items() if not (text.isascii() and text.isdigit() and len(text) < 19)]
    if wrong or not digest:
        raise Refused(
            f"the answer has no good header Groundskeeper-{(wrong or ['Sha256'])[0]}: this is not Groundskeeper"
        )
    return Promise(headers.get("ETag", ""), int(whole["Generation"]), int(whole["Entries"]), digest)


def _body(answer: Answer) -> bytes:
    kind, charset = answer.headers.get_content_type(), answer.headers.get_content_charset("utf-8")
    if kind != "text/plain" or "Content-Type" not in answer.headers or charset not in ("utf-8", "us-ascii"):
        raise Refused(f"the document is {printable(kind)} in {printable(charset)}, not text/plain in UTF-8")
    coding = answer.headers.get("Content-Encoding", "identity").lower()
    if coding not in ("identity", "gzip"):
        raise Refused(f"the document's encoding, {printable(coding)}, was not asked for")
    return _unzipped(answer.body) if coding == "gzip" else answer.body


def _unzipped(body: bytes) -> bytes:
    unzip = zlib.decompressobj(wbits=31)
    try:
        text = unzip.decompress(body, LARGEST)
    except zlib.error as error:
        raise Refused(f"the document is not gzip: {error}") from error
    if unzip.unconsumed_tail or not unzip.eof or unzip.unused_data:
        raise Refused(f"the document is not whole, or larger than {LARGEST} bytes when unzipped")
    return text


def _detail(answer: Answer, token: str) -> str:
    """Return what an RFC 9457 problem says of itself, but for the token, which some servers repeat."""
    if answer.headers.get_content_type() != "application/problem+json":
        return ""
    try:
        text = str(json.loads(answer.body)["detail"]).replace(token, "…")
    except (ValueError, KeyError, TypeError, RecursionError):
        return ""
    return f" ({printable(_REPEATED.sub(' …', text))[:200]})"


def _retry_after(headers: Message) -> float | None:
    text = headers.get("Retry-After", "")
    if text.isascii() and text.isdigit():
        return float(text[:9])
    try:
        return max(0.0, (parsedate_to_datetime(text) - datetime.now(timezone.utc)).total_seconds())
    except (TypeError, ValueError, IndexError):
        return None
