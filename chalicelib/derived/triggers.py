"""What runs when objects change, are lost or asked for, and when time passes."""

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from http import HTTPStatus
from typing import Any, Protocol

from chalicelib import web
from chalicelib.derived import audit, catalogue, inbox, job, report, requests, slices
from chalicelib.derived.audit import Inspected
from chalicelib.derived.aws.sources import OpenObject
from chalicelib.derived.definitions import Definitions
from chalicelib.derived.inbox import Handled
from chalicelib.derived.job import Task, Workplace
from chalicelib.derived.keys import Origin
from chalicelib.derived.listing import Family
from chalicelib.derived.model import Kind
from chalicelib.derived.serving import Gallery
from chalicelib.errors import Forbidden, GroundskeeperError
from chalicelib.web import Answer, Request

THREADS = 16


class Queue(Protocol):
    """Where derived objects are asked for."""

    def ask(self, requests: Iterable[Mapping[str, Any]]) -> None:
        """Put requests into the queue; raise TryAgain."""


class Parts(Protocol):
    """What the triggers need, each made when it is first asked for."""

    stack: str
    is_on: bool
    """Whether the stack has a bucket of sources."""

    @property
    def origin(self) -> Origin:
        """Return where sources are, and where what is derived of them is; raise NotFound where nothing is derived."""

    def definitions(self) -> Definitions:
        """Return the definitions in force."""

    def workplace(self) -> Workplace[OpenObject]:
        """Return what the job works with, by the definitions in force."""

    @property
    def queue(self) -> Queue:
        """Return where requests wait."""

    @property
    def gallery(self) -> Gallery:
        """Return what serves clients."""

    @property
    def position(self) -> slices.Position:
        """Return how far the audit has come."""

    def has_time(self) -> bool:
        """Say whether an audit can go on."""

    def families(self, after: str, enough: Callable[[], bool]) -> Iterable[Family]:
        """Return the sources behind a key, and what is derived of each."""

    def sniff(self, source_key: str) -> Kind | None:
        """Return what a source is, by its first bytes."""


class Triggers:
    """The triggers of derived objects; what a client did wrong is raised, for ``web`` to say it."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def messages(self, records: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
        """Do what one batch of queued messages asks for; return Lambda's partial batch response."""
        return self._handle({record["messageId"]: record["body"] for record in records}).answer()

    def lost(self, records: Iterable[Mapping[str, Any]]) -> None:
        """Heal what S3 says is lost; raise what kept it from that: Lambda tries again, then keeps the whole event."""
        handled = self._handle({record["Sns"]["MessageId"]: record["Sns"]["Message"] for record in records})
        for error in handled.failed.values():
            raise error

    def derive(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """Do what one request asks for, and return what became of it; raise BadRequest, TryAgain."""
        place = self._parts.workplace()
        outcome = job.put_right(place, requests.task(request, self._parts.origin, place.definitions))
        report.outcomes([outcome], self._parts.stack, is_dry_run=place.is_dry_run)
        return {"source": outcome.task.source_key, **outcome.done.as_json()}

    def audit(self) -> None:
        """Look at a slice of all sources, and ask for repairs; raise UnsafePlan once all is reported."""
        if not self._parts.is_on:
            return
        place = self._parts.workplace()
        look = partial(audit.inspect, place, sniff=self._parts.sniff)

        def repair(found: Iterable[Inspected]) -> None:
            asked = (
                requests.spell(Task(each.source_key, (), whole_family=True), place.origin.source_bucket)
                for each in found
            )
            if not place.is_dry_run:
                self._parts.queue.ask(asked)

        with ThreadPoolExecutor(THREADS) as executor:
            found = slices.audit(
                self._parts.families, look, self._parts.position, repair, self._parts.has_time, executor
            )
        report.audited(found, self._parts.stack)

    def get(self, request: Request, path: str) -> Answer:
        """Send a client to a derived object, once it is there."""
        return self._parts.gallery.get(request, path)

    def post(self, request: Request) -> Answer:
        """Take a request for derived objects into the queue."""
        origin = self._parts.origin
        task = requests.task(requests.parse(request.body), origin, self._parts.definitions())
        if not request.caller.may_derive(task.source_key):
            raise Forbidden(
                f"the token needs the scope derived:write:PATTERN, with a pattern that {task.source_key!a} matches"
            )
        asked = requests.spell(task, origin.source_bucket)
        self._parts.queue.ask([asked])
        keys = [origin.keys.spell(each.of(task.source_key)) for each in task.wanted]
        return web.as_json(HTTPStatus.ACCEPTED, {**asked, "derived": keys})

    def transformations(self) -> Answer:
        """Say which transformations there are."""
        return web.as_json(HTTPStatus.OK, catalogue.transformations(self._parts.definitions()))

    def formats(self) -> Answer:
        """Say which formats there are."""
        return web.as_json(HTTPStatus.OK, catalogue.formats())

    def _handle(self, messages: Mapping[str, str]) -> Handled:
        try:
            place = self._parts.workplace()
        except GroundskeeperError as error:
            handled = Handled(failed=dict.fromkeys(messages, error))
            is_dry_run = False
        else:
            handled = inbox.handle(messages, place.origin, place.definitions, partial(job.put_right, place))
            is_dry_run = place.is_dry_run
        report.handled(handled, self._parts.stack, is_dry_run=is_dry_run)
        return handled
