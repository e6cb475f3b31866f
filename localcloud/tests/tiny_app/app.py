"""A small Chalice application that localcloud's tests package and deploy."""

# ruff: noqa: T201 - its output is what the tests look at
# mypy: disallow-untyped-defs=False, disallow-untyped-decorators=False

import json
import os

from chalice import AuthResponse, Chalice, Rate, Response

app = Chalice(app_name="tiny")
app.api.binary_types.append("application/x-thing")


@app.on_sqs_message(queue="tiny-queue", batch_size=10, maximum_batching_window_in_seconds=1)
def on_messages(event):
    """Fail the messages that say so, one by one."""
    failed = [record.to_dict()["messageId"] for record in event if record.body == "fail"]
    print("batch", json.dumps([record.body for record in event]))
    return {"batchItemFailures": [{"itemIdentifier": each} for each in failed]}


@app.on_sns_message(topic="tiny-topic")
def on_notice(event):
    """Print a notice."""
    print("notice", event.message)


@app.on_sns_message(topic="tiny-changes")
def on_change(event):
    """Print what happened to an object."""
    print("change", event.message)


@app.on_cw_event({"source": ["tiny.test"]})
def on_happening(event):
    """Print what happened."""
    print("happening", json.dumps(event.detail))


@app.schedule(Rate(5, unit=Rate.MINUTES))
def on_time(event):
    """Print the event."""
    print("time", json.dumps(event.to_dict()))


@app.authorizer(ttl_seconds=60)
def gatekeeper(request):
    """Let the friend in everywhere, the guest to one route, nobody else."""
    print("asked about", request.token)
    if request.token == "broken":
        raise RuntimeError("the authorizer is broken")
    routes = {"friend": ["*"], "guest": ["/guests"]}.get(request.token, [])
    return AuthResponse(routes=routes, principal_id=request.token, context={"since": 7, "vip": True})


@app.route("/echo/{name}", methods=["GET", "POST"], cors=True)
def echo(name):
    """Tell what arrived."""
    request = app.current_request
    return {
        "name": name,
        "query": dict(request.query_params or {}),
        "headers": dict(request.headers),
        "body": request.raw_body.decode(errors="replace"),
        "context": request.context,
        "greeting": os.environ.get("GREETING"),
    }


@app.route("/echo/special")
def special():
    """Answer on a literal path that a parameter would fit too."""
    return {"special": True}


@app.route("/files/{proxy+}")
def files():
    """Tell the path below."""
    return app.current_request.uri_params


@app.route("/thing", methods=["GET", "POST"], content_types=["application/x-thing", "application/json"])
def thing():
    """Return bytes that are no text; return those sent, if any."""
    body = app.current_request.raw_body or bytes(range(256))
    return Response(body, headers={"Content-Type": "application/x-thing"})


@app.route("/members", authorizer=gatekeeper)
def members():
    """Tell who the authorizer says it is."""
    return app.current_request.context["authorizer"]


@app.route("/guests", authorizer=gatekeeper)
def guests():
    """Let guests in too."""
    return {"welcome": True}


@app.route("/moved")
def moved():
    """Send elsewhere."""
    return Response("", status_code=302, headers={"Location": "/elsewhere", "Set-Cookie": ["a=1", "b=2"]})


@app.lambda_function()
def plain(event, context):
    """Return the event."""
    return {"event": event, "greeting": os.environ.get("GREETING"), "optional": os.environ.get("OPTIONAL")}


@app.lambda_function()
def drawer(event, context):
    """Draw with what the layers bring."""
    import brush  # type: ignore[import-not-found]  # of a layer
    import pencil  # type: ignore[import-not-found]  # of a layer

    if event.get("thing") is None:
        raise ValueError("there is nothing to draw")
    return f"{pencil.MARK}{event['thing']}{brush.MARK}"
