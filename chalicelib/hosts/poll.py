"""A client polls a view's document: one conditional read, whatever the size of the fleet."""

import re
from typing import Protocol

from chalicelib.errors import BadRequest, Forbidden, NotFound
from chalicelib.hosts.model import StoredDocument
from chalicelib.hosts.render import FORMATS
from chalicelib.inventory.model import View
from chalicelib.web import Answer, Request

CACHING = {"Cache-Control": "private, no-cache"}
# Accepted, with a weight above 0 (RFC 9110, sections 12.4.2 and 12.5.3).
_GZIP = re.compile(r"(?:^|,)\s*(?:x-)?gzip\s*(?:,|$|;\s*q=(?:1|0\.0{0,2}[1-9]))", re.IGNORECASE)
_ETAG = re.compile(r'"[\x21\x23-\x7e]*"')


class DocumentStore(Protocol):
    """Where documents are kept."""

    def get(self, view: View, format_: str, etag: str, *, accepts_gzip: bool, with_text: bool = True) -> StoredDocument:
        """Return a document, unless the client has it as this ETag says; raise TryAgain."""


def poll(store: DocumentStore, request: Request, view_name: str) -> Answer:
    """Return a view's document, in the format that the query asks for, or that the client has it already.

    Raises:
        NotFound, Forbidden, BadRequest: there is no such view, the token may not read it, there is no such format.
        TryAgain: the document cannot be read: an empty one is never sent in its place.
    """
    view = _view(request, view_name)
    format_ = request.query.get("format", "hosts")
    if format_ not in FORMATS:
        raise BadRequest(f"there is no format {format_!a}: there are {', '.join(FORMATS)}")
    wanted = request.headers.get("if-none-match", "")
    etags = _ETAG.findall(wanted)
    found = store.get(
        view,
        format_,
        etags[0] if len(etags) == 1 else "",
        accepts_gzip=_GZIP.search(request.headers.get("accept-encoding", "")) is not None,
        with_text=request.method != "HEAD",
    )
    if found.metadata is None or found.etag in etags or wanted.strip() == "*":
        return Answer(304, headers={"ETag": found.etag, **CACHING})
    headers = {
        "ETag": found.etag,
        "Content-Type": found.content_type,
        "Groundskeeper-Generation": found.metadata["generation"],
        "Groundskeeper-Entries": found.metadata["entries"],
        "Groundskeeper-Sha256": found.metadata["sha256"],
        **CACHING,
    }
    if found.redirect_url and request.method != "HEAD":  # the URL is signed for GET
        return Answer(307, headers={**headers, "Location": found.redirect_url})
    return Answer(200, found.text, headers)


def _view(request: Request, name: str) -> View:
    if name not in (views := [view.value for view in View]):
        raise NotFound(f"there is no view {name!a}: there are {' and '.join(views)}")
    if not request.caller.may_read(name):
        raise Forbidden(f"the token needs the scope hosts:read:{name}")
    return View(name)
