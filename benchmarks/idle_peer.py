"""Cloud Custodian's policy that comes nearest to the preset that is in force: it finds idle instances, and marks them.

It has no filter for in and out together, so each may be what ours may be together. Its filters of metrics look at the
datapoints that there are; a `missing-value` would stand for an instance that has none at all, not for missing days.
"""

import json
from pathlib import Path

from chalicelib.idle.rules import MB

NAME = "idle-instances"
POLICIES = f"""\
policies:
  - name: {NAME}
    resource: aws.ec2
    filters:
      - "State.Name": running
      - {{type: instance-age, op: ge, days: 14}}
      - &metric
        type: metrics
        name: CPUUtilization
        statistics: Maximum
        days: 14
        period: 86400
        op: less-than
        value: 5
      - {{<<: *metric, name: NetworkIn, statistics: Sum, value: {5 * MB}}}
      - {{<<: *metric, name: NetworkOut, statistics: Sum, value: {5 * MB}}}
    actions:
      - {{type: mark-for-op, op: stop, days: 7}}
"""


def found(folder: Path) -> set[str]:
    """Return the ids of the instances that the policy found, by what it has written into a folder."""
    return {each["InstanceId"] for each in json.loads((folder / NAME / "resources.json").read_text())}
