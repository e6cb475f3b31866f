"""Groundskeeper's table of contents: every trigger of the system on one screen."""

from collections.abc import Callable
from typing import Any

from chalice.app import AuthRequest, AuthResponse, Chalice, CloudWatchEvent, Cron, Rate, Response, SNSEvent, SQSEvent

from chalicelib import telemetry, web, wiring

app = Chalice(app_name="groundskeeper")
app.register_middleware(telemetry.identify, "all")
app.register_middleware(web.problems, "http")

# Chalice puts a queue's name into an Fn::Sub, so CloudFormation fills in the stack's name.
INSTANCE_QUEUE = "${AWS::StackName}-instances"
DOCUMENT_QUEUE = "${AWS::StackName}-documents"
TRANSFORM_QUEUE = "${AWS::StackName}-transforms"
SNAPSHOT_QUEUE = "${AWS::StackName}-snapshots"
LOST_OBJECT_TOPIC = "${AWS::StackName}-lost-objects"


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


@app.on_sns_message(LOST_OBJECT_TOPIC)
def on_object_lost(event: SNSEvent) -> None:
    """S3 has lost a derived object: make it again from its source."""
    wiring.derived(event.context).lost(event.to_dict()["Records"])


@app.on_sqs_message(TRANSFORM_QUEUE, batch_size=1, maximum_concurrency=5)
def on_transform_requests(event: SQSEvent) -> dict[str, Any]:
    """Sources came, changed or went, or somebody asks for derived objects: put what is derived of them right."""
    return wiring.derived(event.context).messages(event.to_dict()["Records"])


@app.lambda_function()
def derive(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Somebody waits for derived objects: put what is derived of a source right, and say what became of it."""
    return wiring.derived(context).derive(event)


@app.schedule(Rate(12, unit=Rate.HOURS))
def audit_derived(event: CloudWatchEvent) -> None:
    """Half a day has passed, and losses may have gone unsaid: look at a slice of all derived objects."""
    wiring.derived(event.context).audit()


@app.schedule(Rate(5, unit=Rate.MINUTES))
def sweep_snapshots(event: CloudWatchEvent) -> None:
    """Time has passed: make the snapshots that are due, and see whether every volume is covered."""
    wiring.snapshots(event.context).sweep()


@app.on_sqs_message(SNAPSHOT_QUEUE, batch_size=1_000, maximum_batching_window_in_seconds=5, maximum_concurrency=2)
def on_snapshots_ended(event: SQSEvent) -> dict[str, Any]:
    """Snapshots were completed or failed: copy them to where they are wanted too, and say what has failed."""
    return wiring.snapshots(event.context).ended(event.to_dict()["Records"])


@app.schedule(Rate(1, unit=Rate.HOURS))
def retire_snapshots(event: CloudWatchEvent) -> None:
    """An hour has passed: delete the snapshots that no policy keeps, and see who can read the rest."""
    wiring.snapshots(event.context).retire()


@app.schedule(Cron(12, 6, "?", "*", "*", "*"))
def judge_idle(event: CloudWatchEvent) -> None:
    """A day is over: say which instances did nothing, tell their owners, and park those that may be."""
    wiring.idle(event.context).judge()


@app.schedule(Rate(5, unit=Rate.MINUTES))
def keep_running_hours(event: CloudWatchEvent) -> None:
    """Time has passed: stop and start the instances whose running hours have ended or begun."""
    wiring.idle(event.context).keep_hours()


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


# Chalice knows no greedy parameters, but passes API Gateway's on.
@app.route("/derived/{key+}", methods=["GET", "HEAD"], authorizer=authorize)
def derived() -> Response:
    """A client asks for a derived object: send it there, once it is made."""
    return _answer(lambda request: wiring.gallery(request.context).get(request, request.path["key"]))


@app.route("/derived", methods=["POST"], authorizer=authorize)
def post_derived() -> Response:
    """A client asks for derived objects to be made."""
    return _answer(lambda request: wiring.gallery(request.context).post(request))


@app.route("/transformations", authorizer=authorize)
def transformations() -> Response:
    """A client asks which transformations there are."""
    return _answer(lambda request: wiring.gallery(request.context).transformations())


@app.route("/formats", authorizer=authorize)
def formats() -> Response:
    """A client asks which formats sources may have, and which are made."""
    return _answer(lambda request: wiring.gallery(request.context).formats())


@app.route("/healthz")
def healthz() -> dict[str, str]:
    """Somebody asks whether the API answers: it does."""
    return {"status": "ok"}


def _answer(handle: Callable[[web.Request], web.Answer]) -> Response:
    answer = web.answer(lambda: handle(web.request(app.current_request)))
    return Response(answer.body, headers=dict(answer.headers), status_code=answer.status)
