"""Event source mappings of queues, with real queues and functions: batches, windows, failures, limits."""

import json
import time
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from localcloud.cloud import LocalCloud
from localcloud.functions.pace import Pace
from localcloud.tests.clouds import eventually, make_function, make_queue, printed, received, waiting

PRINT = (
    "import json\n"
    "def handler(event, context):\n"
    "    print(json.dumps([record['body'] for record in event['Records']]))\n"
)
FAIL = f"{PRINT}    raise ValueError('no good')\n"
FAIL_BAD = (
    f"{PRINT}"
    "    bad = [r['messageId'] for r in event['Records'] if r['body'].startswith('bad')]\n"
    "    return {'batchItemFailures': [{'itemIdentifier': each} for each in bad]}\n"
)


def map_queue(cloud: LocalCloud, arn: str, **options: Any) -> Any:
    return cloud.client("lambda").create_event_source_mapping(FunctionName="f", EventSourceArn=arn, **options)


def send(cloud: LocalCloud, url: str, *bodies: Any, **options: Any) -> Any:
    sqs = cloud.client("sqs")
    for start in range(0, len(bodies), 10):
        entries = [
            {"Id": str(number), "MessageBody": body, **options}
            for number, body in enumerate(bodies[start : start + 10])
        ]
        sqs.send_message_batch(QueueUrl=url, Entries=entries)


def batches(cloud: LocalCloud) -> Any:
    return [json.loads(line) for line in printed(cloud, "f") if line.startswith("[") and "ERROR" not in line]


def with_dead_letters(cloud: LocalCloud, receives: int = 2, name: str = "q", **attributes: Any) -> Any:
    """Make a queue with a dead-letter queue; return URL, ARN and the other's URL."""
    fifo = ".fifo" if name.endswith(".fifo") else ""
    dead_url, dead_arn = make_queue(cloud, f"dead{fifo}", **({"FifoQueue": "true"} if fifo else {}))
    policy = json.dumps({"deadLetterTargetArn": dead_arn, "maxReceiveCount": receives})
    return *make_queue(cloud, name, RedrivePolicy=policy, **attributes), dead_url


def test_a_message_reaches_the_function_and_is_deleted(cloud: LocalCloud) -> None:
    make_function(cloud, PRINT)
    url, arn = make_queue(cloud)
    map_queue(cloud, arn)
    send(cloud, url, "hello")
    cloud.wait_idle()
    assert batches(cloud) == [["hello"]]
    assert waiting(cloud, url) == 0


def test_a_delayed_message_comes_when_its_delay_is_over(cloud: LocalCloud) -> None:
    make_function(cloud, "import time\ndef handler(event, context): print(time.time())\n")
    url, arn = make_queue(cloud)
    map_queue(cloud, arn)
    began = time.time()
    cloud.client("sqs").send_message(QueueUrl=url, MessageBody="later", DelaySeconds=2)
    cloud.wait_idle()
    (came,) = printed(cloud, "f")
    assert 2 <= float(came) - began < 3.2


def test_a_message_may_be_delayed_by_a_quarter_of_an_hour_and_no_more(cloud: LocalCloud) -> None:
    url, _ = make_queue(cloud)
    sqs = cloud.client("sqs")
    sqs.send_message(QueueUrl=url, MessageBody="x", DelaySeconds=900)
    assert "Messages" not in sqs.receive_message(QueueUrl=url)
    assert waiting(cloud, url) == 1
    with pytest.raises(ClientError, match="InvalidParameterValue"):
        sqs.send_message(QueueUrl=url, MessageBody="x", DelaySeconds=901)


def test_the_event_has_lambdas_shape(cloud: LocalCloud) -> None:
    make_function(cloud, "import json\ndef handler(event, context): print(json.dumps(event))\n")
    url, arn = make_queue(cloud)
    map_queue(cloud, arn)
    attribute = {"DataType": "String", "StringValue": "new"}
    sent = cloud.client("sqs").send_message(QueueUrl=url, MessageBody="hello", MessageAttributes={"kind": attribute})
    cloud.wait_idle()
    ((record,),) = [json.loads(line)["Records"] for line in printed(cloud, "f")]
    assert record.pop("receiptHandle")
    times = {name: record["attributes"].pop(name) for name in ("SentTimestamp", "ApproximateFirstReceiveTimestamp")}
    assert all(len(value) == 13 for value in times.values())
    assert record["attributes"].pop("SenderId")
    assert record["attributes"] == {"ApproximateReceiveCount": "1"}
    assert record["messageAttributes"]["kind"]["stringValue"] == "new"
    assert record["messageAttributes"]["kind"]["dataType"] == "String"
    assert record["messageId"] == sent["MessageId"]
    assert record["md5OfBody"] == "5d41402abc4b2a76b9719d911017c592"
    assert (record["eventSource"], record["eventSourceARN"]) == ("aws:sqs", arn)
    assert record["awsRegion"] == "us-east-1"


def test_a_window_gathers_a_batch_and_a_full_one_does_not_wait(cloud: LocalCloud) -> None:
    make_function(cloud, PRINT)
    url, arn = make_queue(cloud)
    map_queue(cloud, arn, BatchSize=15, MaximumBatchingWindowInSeconds=1)
    send(cloud, url, *(str(number) for number in range(20)))
    cloud.wait_idle()
    assert sorted(map(len, batches(cloud))) == [5, 15]


def test_a_window_is_as_long_as_the_pace_allows(tmp_path: Path) -> None:
    with LocalCloud(workdir=tmp_path, pace=Pace(longest_window=0.1)) as cloud:
        make_function(cloud, PRINT)
        url, arn = make_queue(cloud)
        map_queue(cloud, arn, MaximumBatchingWindowInSeconds=300)
        send(cloud, url, "soon")
        cloud.wait_idle()
        assert batches(cloud) == [["soon"]]


def test_without_a_window_what_is_there_goes_at_once_in_batches_of_the_size(cloud: LocalCloud) -> None:
    make_function(cloud, PRINT)
    url, arn = make_queue(cloud)
    send(cloud, url, *"abcdefg")
    map_queue(cloud, arn, BatchSize=3)
    cloud.wait_idle()
    assert sorted(map(len, batches(cloud))) == [1, 3, 3]


def test_only_the_messages_reported_as_failed_come_back(cloud: LocalCloud) -> None:
    make_function(cloud, FAIL_BAD)
    url, arn, dead = with_dead_letters(cloud)
    send(cloud, url, "good", "bad", "fine")
    map_queue(cloud, arn, FunctionResponseTypes=["ReportBatchItemFailures"])
    cloud.wait_idle()
    assert [letter["Body"] for letter in received(cloud, dead)] == ["bad"]
    assert [sorted(batch) for batch in batches(cloud)] == [["bad", "fine", "good"], ["bad"]]


def test_a_partial_response_counts_only_if_the_mapping_says_so(cloud: LocalCloud) -> None:
    make_function(cloud, FAIL_BAD)
    url, arn = make_queue(cloud)
    send(cloud, url, "good", "bad")
    map_queue(cloud, arn)
    cloud.wait_idle()
    assert len(batches(cloud)) == 1


def test_a_failed_batch_comes_back_whole_and_ends_among_the_dead_letters(cloud: LocalCloud) -> None:
    make_function(cloud, FAIL)
    url, arn, dead = with_dead_letters(cloud, receives=3)
    send(cloud, url, "a", "b")
    map_queue(cloud, arn)
    assert sorted(letter["Body"] for letter in received(cloud, dead, 2)) == ["a", "b"]
    cloud.wait_idle()
    assert [body for batch in batches(cloud) for body in batch].count("a") == 3


def test_a_failed_message_stays_invisible_for_the_queues_visibility_timeout(tmp_path: Path) -> None:
    fail_and_tell_when_sent = (
        "import json\n"
        "def handler(event, context):\n"
        "    print(json.dumps([int(record['attributes']['SentTimestamp']) for record in event['Records']]))\n"
        "    raise ValueError('no good')\n"
    )
    with LocalCloud(workdir=tmp_path) as cloud:
        make_function(cloud, fail_and_tell_when_sent, Timeout=1)
        url, arn = make_queue(cloud, VisibilityTimeout="2")
        map_queue(cloud, arn)
        send(cloud, url, "again")
        eventually(lambda: len(batches(cloud)) == 2)
        [[sent], _] = batches(cloud)
        # Measured from the sending: a cold start may lie between the first receive and the first line.
        assert _log_times(cloud)[1] - sent >= 2000


def _log_times(cloud: Any) -> list[int]:
    events = cloud.client("logs").filter_log_events(logGroupName="/aws/lambda/f", filterPattern="START")["events"]
    return [event["timestamp"] for event in events]


def test_a_disabled_mapping_reads_nothing_until_it_is_enabled(cloud: LocalCloud) -> None:
    make_function(cloud, PRINT)
    url, arn = make_queue(cloud)
    mapping = map_queue(cloud, arn, Enabled=False)["UUID"]
    send(cloud, url, "wait")
    cloud.wait_idle()
    assert batches(cloud) == []
    cloud.client("lambda").update_event_source_mapping(UUID=mapping, Enabled=True)
    cloud.wait_idle()
    assert batches(cloud) == [["wait"]]


def test_a_deleted_mapping_reads_nothing_any_more(cloud: LocalCloud) -> None:
    make_function(cloud, PRINT)
    url, arn = make_queue(cloud)
    mapping = map_queue(cloud, arn)["UUID"]
    cloud.client("lambda").delete_event_source_mapping(UUID=mapping)
    send(cloud, url, "left")
    cloud.wait_idle()
    assert waiting(cloud, url) == 1


def test_a_delayed_message_is_waited_for(cloud: LocalCloud) -> None:
    make_function(cloud, PRINT)
    url, arn = make_queue(cloud)
    map_queue(cloud, arn)
    send(cloud, url, "slow", DelaySeconds=1)
    assert not cloud.idle
    cloud.wait_idle()
    assert batches(cloud) == [["slow"]]


def test_a_fifo_queue_keeps_the_order_of_each_group_over_failures(cloud: LocalCloud) -> None:
    make_function(cloud, FAIL_BAD)
    url, arn, dead = with_dead_letters(cloud, name="q.fifo", FifoQueue="true", ContentBasedDeduplication="true")
    map_queue(cloud, arn, BatchSize=1, FunctionResponseTypes=["ReportBatchItemFailures"])
    for body in ("1", "bad", "2"):
        for group in "xy":
            cloud.client("sqs").send_message(QueueUrl=url, MessageBody=f"{body}{group}", MessageGroupId=group)
    cloud.wait_idle()
    seen = [body for batch in batches(cloud) for body in batch]
    for group in "xy":
        mine = [body for body in seen if body.endswith(group)]
        assert mine == [f"{body}{group}" for body in ("1", "bad", "bad", "2")]
    assert waiting(cloud, dead) == 2


def test_a_maximum_concurrency_is_kept_and_nothing_more_is_received(cloud: LocalCloud) -> None:
    make_function(
        cloud,
        "import time\ndef handler(event, context):\n    print('in'); time.sleep(0.2); print('out')\n",
    )
    url, arn = make_queue(cloud)
    send(cloud, url, *"abcdefgh")
    map_queue(cloud, arn, BatchSize=1, ScalingConfig={"MaximumConcurrency": 2})
    cloud.wait_idle()
    running = peak = 0
    for line in printed(cloud, "f"):
        running += 1 if line == "in" else -1
        peak = max(peak, running)
    assert peak == 2
    assert printed(cloud, "f").count("out") == 8


def test_a_throttled_batch_waits_for_a_place(cloud: LocalCloud) -> None:
    make_function(cloud, "import time\ndef handler(event, context): print('ran'); time.sleep(0.05)\n")
    cloud.client("lambda").put_function_concurrency(FunctionName="f", ReservedConcurrentExecutions=1)
    url, arn = make_queue(cloud)
    send(cloud, url, *"abcde")
    map_queue(cloud, arn, BatchSize=1)
    cloud.wait_idle()
    assert printed(cloud, "f") == ["ran"] * 5


@pytest.mark.parametrize("missing", ["sqs:ReceiveMessage", "sqs:DeleteMessage"])
def test_the_role_needs_the_permissions_that_lambda_asks_for(cloud: LocalCloud, missing: str) -> None:
    needed = {"sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"}
    allowed = [{"Effect": "Allow", "Action": sorted(needed - {missing}), "Resource": "*"}]
    make_function(cloud, PRINT, statements=allowed)
    url, arn = make_queue(cloud)
    map_queue(cloud, arn)
    send(cloud, url, "hello")
    problem = eventually(lambda: cloud.problems().get(arn))
    assert missing in problem
    assert waiting(cloud, url) == 1
