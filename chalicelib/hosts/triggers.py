"""What runs when the inventory changes, time passes or a client asks: the clock is read here, and nowhere below."""

import time

from chalicelib.hosts import job, poll, report
from chalicelib.hosts.desk import Desk
from chalicelib.hosts.job import Press
from chalicelib.hosts.poll import Shelf
from chalicelib.web import Answer, Request


class Triggers:
    """The triggers of hosts; what a client did wrong is raised, for ``web`` to say it."""

    def __init__(self, press: Press, shelf: Shelf, desk: Desk) -> None:
        self._press, self._shelf, self._desk = press, shelf, desk

    def publish(self) -> None:
        """Publish the documents that say something else now."""
        report.published(job.publish(self._press, time.time), self._press.stack)

    def poll(self, request: Request, view: str) -> Answer:
        """Send a view's document, or say that it has not changed."""
        return poll.poll(self._shelf, request, view)

    def list_claims(self, request: Request) -> Answer:
        """Show the claims that concern the caller."""
        return self._desk.list(request, time.time())

    def get_claim(self, request: Request, name: str) -> Answer:
        """Show the claim on a name."""
        return self._desk.get(request, name, time.time())

    def put_claim(self, request: Request, name: str) -> Answer:
        """Claim a name, or renew the lease on it."""
        return self._desk.put(request, name, time.time())

    def delete_claim(self, request: Request, name: str) -> Answer:
        """Give a name up."""
        return self._desk.delete(request, name, time.time())
