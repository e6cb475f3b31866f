"""What a sweep of snapshots may meet: the calls that fail, and how (`localcloud.server.faults`)."""

from typing import Any

MAKE, LIST, MANY = "ec2:CreateSnapshots", "ec2:DescribeSnapshots", 5
THROTTLED: dict[str, Any] = {"code": "RequestLimitExceeded", "status": 503}
BROKEN: dict[str, Any] = {"code": "InternalError", "status": 500}
TROUBLES: dict[str, list[tuple[str, dict[str, Any]]]] = {
    "a create is throttled": [(MAKE, {**THROTTLED, "times": 2, "skip": 1})],
    "creates are throttled until the run gives up": [(MAKE, {**THROTTLED, "times": MANY})],
    "a loose volume's create is throttled": [("ec2:CreateSnapshot", THROTTLED)],
    "lists are throttled": [(LIST, {**THROTTLED, "times": 2}), ("ec2:DescribeVolumes", {**THROTTLED, "times": 2})],
    "lists are throttled until the run gives up": [("ec2:DescribeInstances", {**THROTTLED, "times": MANY})],
    "too many are pending": [(MAKE, {"code": "ConcurrentSnapshotLimitExceeded", "times": 2})],
    "too many in a time": [(MAKE, {"code": "SnapshotCreationPerVolumeRateExceeded", "times": 2, "skip": 1})],
    "the region is full": [(MAKE, {"code": "SnapshotLimitExceeded", "times": 99})],
    "a create's answer is lost": [(MAKE, {"after": True})],
    "all creates' answers are lost": [(MAKE, {"after": True, "times": 99})],
    "a create's answer is an error, though it was carried out": [(MAKE, {**BROKEN, "after": True, "times": 2})],
    "a loose volume's create is carried out, its answer lost": [("ec2:CreateSnapshot", {"after": True})],
    "a create is lost on its way": [(MAKE, {"skip": 2})],
    "creates are lost until the run gives up": [(MAKE, {"times": MANY})],
    "a create's answer is lost, and no look tells": [
        (MAKE, {"after": True}),
        (LIST, {**BROKEN, "skip": 2, "times": MANY}),
    ],
    "the journal's answers are lost": [("dynamodb:PutItem", {"after": True, "times": 2})],
    "the journal does not answer": [("dynamodb:PutItem", {**BROKEN, "times": MANY})],
    "the lease's answers are lost": [("dynamodb:UpdateItem", {"after": True, "times": 2})],
}
# Of these, runs do not know whether they were carried out.
UNCLEAR = [what for what, orders in TROUBLES.items() if any("code" not in how or "after" in how for _, how in orders)]
