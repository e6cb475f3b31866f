"""Groundskeeper's table of contents: every trigger of the system on one screen."""

from datetime import UTC, datetime
from typing import Any

from chalice.app import Chalice, CloudWatchEvent, Rate, SQSEvent

from chalicelib import telemetry, wiring
from chalicelib.names import inbox, report

app = Chalice(app_name="groundskeeper")
app.register_middleware(telemetry.identify, "all")

# Chalice puts the queue's name into an Fn::Sub, so CloudFormation fills in the stack's name.
INSTANCE_QUEUE = "${AWS::StackName}-instances"


@app.on_sqs_message(INSTANCE_QUEUE, batch_size=10_000, maximum_batching_window_in_seconds=5, maximum_concurrency=2)
def on_instances_changed(event: SQSEvent) -> dict[str, Any]:
    """Instances started, stopped, went away or were retagged: put their names right."""
    names = wiring.names(event.context)
    return report.batch(
        inbox.handle(event.to_dict()["Records"], names.follow, names.rechecks, datetime.now(UTC)), names
    )


@app.schedule(Rate(5, unit=Rate.MINUTES))
def sweep_names(event: CloudWatchEvent) -> None:
    """Time has passed and events may have been lost: put every name right."""
    names = wiring.names(event.context)
    report.sweep(names.sweep(), names)


@app.route("/healthz")
def healthz() -> dict[str, str]:
    """Somebody asks whether the API answers: it does."""
    return {"status": "ok"}
