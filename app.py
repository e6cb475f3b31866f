"""Groundskeeper's table of contents: every trigger of the system on one screen."""

from collections.abc import Callable
from typing import Any

from chalice.app import AuthRequest, AuthResponse, Chalice, CloudWatchEvent, Rate, Response, SQSEvent

from chalicelib import telemetry, web, wiring

app = Chalice(app_name="groundskeeper")
app.register_middleware(telemetry.identify, "all")
app.register_middleware(web.problems, "http")

# Chalice puts a queue's name into an Fn::Sub, so CloudFormation fills in the stack's name.
INSTANCE_QUEUE = "${AWS::StackName}-instances"
DOCUMENT_QUEUE = "${AWS::StackName}-documents"


@app.on_sqs_message(INSTANCE_QUEUE, batch_size=10_000, maximum_batching_window_in_seconds=5, maximum_concurrency=2)
def on_instances_changed(event: SQSEvent) -> dict[str, Any]:
    """Instances started, stopped, went away or were retagged: put their names right."""
    return wiring.names(event.context).instances_changed(event.to_dict()["Records"])


@app.schedule(Rate(5, unit=Rate.MINUTES))
def sweep_names(event: CloudWatchEvent) -> None:
    """Time has passed and events may have been lost: put every name right."""
    wiring.names(event.context).sweep()


@app.on_sqs_message(DOCUMENT_QUEUE, batch_size=10_000, maximum_batching_window_in_seconds=1, maximum_concurrency=2)
def on_inventory_changed(event: SQSEvent) -> None:
    """The inventory has changed, or a lease has ended: publish the documents that say something else now."""
    wiring.hosts(event.context).publish()


@app.schedule(Rate(1, unit=Rate.MINUTES))
def publish_hosts(event: CloudWatchEvent) -> None:
    """A minute has passed, and a message may have been lost: publish the documents that say something else now."""
    wiring.hosts(event.context).publish()


@app.authorizer(ttl_seconds=60)
def authorize(request: AuthRequest) -> AuthResponse:
    """A client shows a token: say whose it is, and what it is good for."""
    caller = wiring.authorizer().admit(request.token)
    return AuthResponse(["*"], caller.token, {"scopes": " ".join(sorted(caller.scopes))})


@app.route("/hosts/{view}", methods=["GET", "HEAD"], authorizer=authorize)
def hosts(view: str) -> Response:
    """A client polls for names: send it the view's document, or say that it has not changed."""
    return _answer(lambda request: wiring.hosts(request.context).poll(request, view))


@app.route("/claims", authorizer=authorize)
def claims() -> Response:
    """A client asks which names are claimed."""
    return _answer(lambda request: wiring.hosts(request.context).list_claims(request))


@app.route("/claims/{name}", authorizer=authorize)
def claim(name: str) -> Response:
    """A client asks who claims a name."""
    return _answer(lambda request: wiring.hosts(request.context).get_claim(request, name))


@app.route("/claims/{name}", methods=["PUT"], authorizer=authorize)
def put_claim(name: str) -> Response:
    """A service outside EC2 claims a name, or renews its lease."""
    return _answer(lambda request: wiring.hosts(request.context).put_claim(request, name))


@app.route("/claims/{name}", methods=["DELETE"], authorizer=authorize)
def delete_claim(name: str) -> Response:
    """A service outside EC2 gives a name up."""
    return _answer(lambda request: wiring.hosts(request.context).delete_claim(request, name))


@app.route("/healthz")
def healthz() -> dict[str, str]:
    """Somebody asks whether the API answers: it does."""
    return {"status": "ok"}


def _answer(handle: Callable[[web.Request], web.Answer]) -> Response:
    answer = web.answer(lambda: handle(web.request(app.current_request)))
    return Response(answer.body, headers=dict(answer.headers), status_code=answer.status)
