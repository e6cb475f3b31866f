"""One HTTP request, bounded in time and size, with TLS always verified; redirects are answers, never followed here."""

from __future__ import annotations

import http.client
import ipaddress
import ssl
import urllib.error
import urllib.request
from email.message import Message
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

from groundskeeper_hosts import __version__
from groundskeeper_hosts.deadline import Deadline, Http, Https, NoRedirect
from groundskeeper_hosts.errors import BadSettings, Refused, TryAgain
from groundskeeper_hosts.log import without_query

LARGEST = 64 * 1024 * 1024


class Answer(NamedTuple):
    """Any answer of a server, whatever its status."""

    status: int
    headers: Message
    body: bytes


def is_loopback(host: str) -> bool:
    """Say whether a URL's host is this machine itself."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class Transport:
    """Sends requests; ``timeout`` bounds each of them from looking up the name to the last byte."""

    def __init__(self, timeout: float, ca_file: Path | None = None) -> None:
        self.timeout = timeout
        try:
            self._tls = ssl.create_default_context(cafile=str(ca_file) if ca_file else None)
        except OSError as error:
            raise BadSettings(f"ca-file {ca_file} holds no certificates that can be read: {error}") from error

    def send(
        self,
        method: str,
        url: str,
        headers: dict[str, str],
        body: bytes | None = None,
        longest: float = float("inf"),
    ) -> Answer:
        """Return the server's answer. Raises TryAgain where there is none, BadSettings for an untrusted certificate.

        ``longest`` shortens the timeout, in seconds.
        """
        timeout = min(self.timeout, longest)
        headers = {"User-Agent": f"groundskeeper-hosts/{__version__}", **headers}
        request = urllib.request.Request(url, data=body, headers=headers, method=method)  # noqa: S310 (checked by callers)
        deadline = Deadline(timeout)
        try:
            return self._exchange(request, deadline, timeout)
        except (OSError, http.client.HTTPException, ValueError) as error:
            if deadline.passed:
                raise TryAgain(f"{without_query(url)} took longer than {timeout:g} s") from error
            raise _translated(error, without_query(url)) from error
        finally:
            deadline.cancel()

    def _exchange(self, request: urllib.request.Request, deadline: Deadline, timeout: float) -> Answer:
        handlers: list[urllib.request.BaseHandler] = [Http(deadline), Https(deadline, self._tls), NoRedirect()]
        if is_loopback(urlsplit(request.full_url).hostname or ""):
            handlers.append(urllib.request.ProxyHandler({}))  # to a proxy, loopback would be another machine
        try:
            response = urllib.request.build_opener(*handlers).open(request, timeout=timeout)
        except urllib.error.HTTPError as error:
            with error:
                return Answer(error.code, error.headers, error.fp.read(65536) if error.fp else b"")
        with response:
            body = _read(response)
            if deadline.passed:
                raise TimeoutError
            return Answer(response.status, response.headers, body)


def _read(response: http.client.HTTPResponse) -> bytes:
    chunks, size = [], 0
    while chunk := response.read1(65536):
        chunks.append(chunk)
        size += len(chunk)
        if size > LARGEST:
            raise Refused(f"the answer is larger than {LARGEST} bytes")
    if response.length:  # what Content-Length promised and did not come; http.client does not complain
        raise http.client.IncompleteRead(b"", response.length)
    return b"".join(chunks)


def _translated(error: Exception, url: str) -> Exception:
    reason = getattr(error, "reason", None)
    cause = reason if isinstance(reason, Exception) else error
    if isinstance(cause, ssl.SSLCertVerificationError):
        hint = "check ca-file, the clock, and whether a portal stands between"
        return BadSettings(f"{url} has no certificate to be trusted ({cause.verify_message}): {hint}")
    return TryAgain(f"{url} did not answer as it should: {cause or type(cause).__name__}")
