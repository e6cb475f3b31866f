"""An event names instances, or is refused with a reason."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from chalicelib.errors import BadEvent
from chalicelib.names import events
from chalicelib.names.model import Ref
from tests.names.fakes import HERE, NOW, instance

ID = instance(1).id
STATE_CHANGE: dict[str, Any] = {
    "version": "0",
    "id": "7bf73129-1428-4cd3-a780-95db273d1602",
    "detail-type": "EC2 Instance State-change Notification",
    "source": "aws.ec2",
    "account": HERE.account,
    "time": "2026-11-20T12:00:00Z",
    "region": HERE.region,
    "resources": [f"arn:aws:ec2:{HERE.region}:{HERE.account}:instance/{ID}"],
    "detail": {"instance-id": ID, "state": "running"},
}


def read(**changes: object) -> events.Notice:
    event = {key: value for key, value in {**STATE_CHANGE, **changes}.items() if value is not None}
    return events.read("m1", json.dumps(event))


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({}, id="a state change"),
        pytest.param({"detail": {"changed-tag-keys": ["ShortName"]}}, id="a tag change: in resources only"),
        pytest.param({"resources": []}, id="in detail only"),
        pytest.param({"resources": None}, id="no resources at all"),
        pytest.param({"resources": [STATE_CHANGE["resources"][0].replace("arn:aws:", "arn:aws-cn:")]}, id="China"),
    ],
)
def test_an_event_names_its_instance(changes: dict[str, object]):
    notice = read(**changes)
    assert notice.refs == {Ref(HERE, ID)}
    assert notice.at == datetime(2026, 11, 20, 12, tzinfo=UTC)
    assert notice.event == STATE_CHANGE["id"]


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        pytest.param("{not json", "is not JSON", id="malformed JSON"),
        pytest.param("[]", "not a JSON object but list", id="a list"),
        pytest.param("null", "not a JSON object but NoneType", id="null"),
        pytest.param("", "is not JSON", id="empty"),
        pytest.param("{}", "names no instance", id="an event without an id"),
        pytest.param(
            json.dumps({**STATE_CHANGE, "resources": [], "detail": {"instance-id": "web"}}), "names no", id="no id"
        ),
        pytest.param(json.dumps({**STATE_CHANGE, "resources": "x", "detail": None}), "names no", id="wrong types"),
        pytest.param(json.dumps({**STATE_CHANGE, "resources": [], "account": None}), "names no", id="no account"),
        pytest.param(json.dumps({**STATE_CHANGE, "time": "yesterday"}), "no time in ISO 8601", id="no time"),
        pytest.param("[" * 100_000, "is not JSON", id="nested too deep"),
    ],
)
def test_what_cannot_be_read_is_refused_with_the_reason(body: str, reason: str):
    with pytest.raises(BadEvent, match=reason):
        events.read("m1", body)


def test_a_recheck_is_read_back_as_one():
    notice = events.read("m1", events.Recheck(Ref(HERE, ID), NOW).body())
    assert (notice.refs, notice.at, notice.is_recheck) == (frozenset({Ref(HERE, ID)}), NOW, True)
    assert not read().is_recheck
