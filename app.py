"""Groundskeeper's table of contents: every trigger of the system on one screen."""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from chalice.app import AuthRequest, AuthResponse, Chalice, CloudWatchEvent, Rate, Response, SQSEvent

from chalicelib import telemetry, web, wiring
from chalicelib.access import gate
from chalicelib.hosts import job, poll
from chalicelib.hosts import report as hosts_report
from chalicelib.names import inbox, report

app = Chalice(app_name="groundskeeper")
app.register_middleware(telemetry.identify, "all")
app.register_middleware(web.problems, "http")

# Chalice puts a queue's name into an Fn::Sub, so CloudFormation fills in the stack's name.
INSTANCE_QUEUE = "${AWS::StackName}-instances"
DOCUMENT_QUEUE = "${AWS::StackName}-documents"


@app.on_sqs_message(INSTANCE_QUEUE, batch_size=10_000, maximum_batching_window_in_seconds=5, maximum_concurrency=2)
def on_instances_changed(event: SQSEvent) -> dict[str, Any]:
    """Instances started, stopped, went away or were retagged: put their names right."""
    names = wiring.of_stack(event.context).names
    return report.batch(
        inbox.handle(event.to_dict()["Records"], names.follow, names.rechecks, datetime.now(UTC)), names
    )


@app.schedule(Rate(5, unit=Rate.MINUTES))
def sweep_names(event: CloudWatchEvent) -> None:
    """Time has passed and events may have been lost: put every name right."""
    names = wiring.of_stack(event.context).names
    report.sweep(names.sweep(), names)


@app.on_sqs_message(DOCUMENT_QUEUE, batch_size=10_000, maximum_batching_window_in_seconds=1, maximum_concurrency=2)
def on_inventory_changed(event: SQSEvent) -> None:
    """The inventory has changed, or a lease has ended: publish the documents that say something else now."""
    press = wiring.of_stack(event.context).press
    hosts_report.published(job.publish(press, time.time()), press.stack)


@app.schedule(Rate(1, unit=Rate.MINUTES))
def publish_hosts(event: CloudWatchEvent) -> None:
    """A minute has passed, and a message may have been lost: publish the documents that say something else now."""
    press = wiring.of_stack(event.context).press
    hosts_report.published(job.publish(press, time.time()), press.stack)


@app.authorizer(ttl_seconds=60)
def authorize(request: AuthRequest) -> AuthResponse:
    """A client shows a token: say whose it is, and what it is good for."""
    caller = gate.admit(request.token, wiring.of_stack().tokens, time.time())
    return AuthResponse(["*"], caller.token, {"scopes": " ".join(sorted(caller.scopes))})


@app.route("/hosts/{view}", methods=["GET", "HEAD"], authorizer=authorize)
def hosts(view: str) -> Response:
    """A client polls for names: send it the view's document, or say that it has not changed."""
    return _answer(lambda request: poll.poll(wiring.of_stack().shelf, request, view))


@app.route("/claims", authorizer=authorize)
def claims() -> Response:
    """A client asks which names are claimed."""
    return _answer(lambda request: wiring.of_stack().desk.list(request, time.time()))


@app.route("/claims/{name}", authorizer=authorize)
def claim(name: str) -> Response:
    """A client asks who claims a name."""
    return _answer(lambda request: wiring.of_stack().desk.get(request, name, time.time()))


@app.route("/claims/{name}", methods=["PUT"], authorizer=authorize)
def put_claim(name: str) -> Response:
    """A service outside EC2 claims a name, or renews its lease."""
    return _answer(lambda request: wiring.of_stack().desk.put(request, name, time.time()))


@app.route("/claims/{name}", methods=["DELETE"], authorizer=authorize)
def delete_claim(name: str) -> Response:
    """A service outside EC2 gives a name up."""
    return _answer(lambda request: wiring.of_stack().desk.delete(request, name, time.time()))


@app.route("/healthz")
def healthz() -> dict[str, str]:
    """Somebody asks whether the API answers: it does."""
    return {"status": "ok"}


def _answer(handle: Callable[[web.Request], web.Answer]) -> Response:
    answer = web.answer(lambda: handle(web.request(app.current_request)))
    return Response(answer.body, headers=dict(answer.headers), status_code=answer.status)
