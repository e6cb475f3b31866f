"""What runs when the inventory changes, time passes or a client asks: documents, polls and claims."""

import time

from chalicelib.hosts import job, poll, report
from chalicelib.hosts.claim_service import ClaimService
from chalicelib.hosts.job import Publisher
from chalicelib.hosts.poll import DocumentStore
from chalicelib.web import Answer, Request


class Triggers:
    """The triggers of hosts; what a client did wrong is raised, for ``web`` to say it."""

    def __init__(self, publisher: Publisher, store: DocumentStore, claims: ClaimService) -> None:
        self._publisher, self._store, self._claims = publisher, store, claims

    def publish(self) -> None:
        """Publish the documents that say something else now."""
        report.published(job.publish(self._publisher, time.time), self._publisher.stack)

    def poll(self, request: Request, view: str) -> Answer:
        """Send a view's document, or say that it has not changed."""
        return poll.poll(self._store, request, view)

    def list_claims(self, request: Request) -> Answer:
        """Show the claims that concern the caller."""
        return self._claims.list(request, time.time())

    def get_claim(self, request: Request, name: str) -> Answer:
        """Show the claim on a name."""
        return self._claims.get(request, name, time.time())

    def put_claim(self, request: Request, name: str) -> Answer:
        """Claim a name, or renew the lease on it."""
        return self._claims.put(request, name, time.time())

    def delete_claim(self, request: Request, name: str) -> Answer:
        """Give a name up."""
        return self._claims.delete(request, name, time.time())
