"""What runs when the inventory changes, time passes or a client asks: documents, polls and claims."""

import time
from typing import Protocol

from chalicelib.hosts import job, poll, report
from chalicelib.hosts.claim_service import ClaimService
from chalicelib.hosts.job import Publisher
from chalicelib.hosts.poll import DocumentStore
from chalicelib.web import Answer, Request


class Parts(Protocol):
    """What the triggers need, each made when it is first asked for: a poll needs no more than the store."""

    @property
    def publisher(self) -> Publisher:
        """Return what publishes the documents."""

    @property
    def store(self) -> DocumentStore:
        """Return where clients find them."""

    @property
    def claim_service(self) -> ClaimService:
        """Return where names are claimed."""


class Triggers:
    """The triggers of hosts; what a client did wrong is raised, for ``web`` to say it."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def publish(self) -> None:
        """Publish the documents that say something else now."""
        publisher = self._parts.publisher
        report.published(job.publish(publisher, time.time), publisher.stack)

    def poll(self, request: Request, view: str) -> Answer:
        """Send a view's document, or say that it has not changed."""
        return poll.poll(self._parts.store, request, view)

    def list_claims(self, request: Request) -> Answer:
        """Show the claims that concern the caller."""
        return self._parts.claim_service.list(request, time.time())

    def get_claim(self, request: Request, name: str) -> Answer:
        """Show the claim on a name."""
        return self._parts.claim_service.get(request, name, time.time())

    def put_claim(self, request: Request, name: str) -> Answer:
        """Claim a name, or renew the lease on it."""
        return self._parts.claim_service.put(request, name, time.time())

    def delete_claim(self, request: Request, name: str) -> Answer:
        """Give a name up."""
        return self._parts.claim_service.delete(request, name, time.time())
