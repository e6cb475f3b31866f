"""The Lambda service as its clients see it: invocations at once and later, retries, limits, changed functions."""

import base64
import json
import threading
from typing import Any

import pytest
from botocore.exceptions import ClientError

from localcloud.cloud import LocalCloud
from localcloud.tests.clouds import (
    ANYTHING,
    eventually,
    make_function,
    make_queue,
    make_role,
    printed,
    received,
    waiting,
    zipped,
)

ECHO = "def handler(event, context):\n    print('ran'); return event\n"
FAIL = "def handler(event, context):\n    print('ran'); raise ValueError('no good')\n"


def invoke(cloud: LocalCloud, payload: bytes = b"{}", name: str = "f", **arguments: Any) -> Any:
    return cloud.client("lambda").invoke(FunctionName=name, Payload=payload, **arguments)


def refusal(cloud: LocalCloud, **arguments: Any) -> Any:
    with pytest.raises(ClientError) as refused:
        invoke(cloud, **arguments)
    return refused.value.response


def test_a_client_invokes_a_function_and_reads_its_result_and_log(cloud: LocalCloud) -> None:
    make_function(cloud, ECHO)
    answer = invoke(cloud, b'{"a": 1}', LogType="Tail")
    assert json.load(answer["Payload"]) == {"a": 1}
    assert answer["StatusCode"] == 200
    assert "FunctionError" not in answer
    assert "\nran\n" in base64.b64decode(answer["LogResult"]).decode()


def test_a_functions_error_is_an_answer(cloud: LocalCloud) -> None:
    make_function(cloud, FAIL)
    answer = invoke(cloud)
    assert answer["FunctionError"] == "Unhandled"
    assert json.load(answer["Payload"])["errorMessage"] == "no good"


def test_an_unknown_function_is_not_found(cloud: LocalCloud) -> None:
    assert refusal(cloud, name="nobody")["Error"]["Code"] == "ResourceNotFoundException"


def test_a_payload_must_be_json(cloud: LocalCloud) -> None:
    make_function(cloud, ECHO)
    assert refusal(cloud, payload=b"{")["Error"]["Code"] == "InvalidRequestContentException"


def test_an_asynchronous_payload_has_a_smaller_limit(cloud: LocalCloud) -> None:
    make_function(cloud, ECHO)
    large = json.dumps("x" * 1024 * 1024).encode()
    assert refusal(cloud, payload=large, InvocationType="Event")["Error"]["Code"] == "RequestTooLargeException"
    assert invoke(cloud, large)["StatusCode"] == 200


def test_a_dry_run_runs_nothing(cloud: LocalCloud) -> None:
    make_function(cloud, ECHO)
    assert invoke(cloud, InvocationType="DryRun")["StatusCode"] == 204
    assert printed(cloud, "f") == []


def test_a_function_has_the_rights_of_its_own_role_and_no_more(cloud: LocalCloud) -> None:
    source = (
        "import boto3\n"
        "def handler(event, context):\n"
        "    print(boto3.client('sts').get_caller_identity()['Arn'])\n"
        "    boto3.client('s3').list_buckets()\n"
        "    boto3.client('ec2').describe_instances()\n"
    )
    make_function(cloud, source, statements=[{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}])
    error = json.load(invoke(cloud)["Payload"])
    assert "ec2:DescribeInstances" in error["errorMessage"]
    assert printed(cloud, "f")[0].endswith(":assumed-role/f-role/f")


def test_a_role_that_does_not_trust_lambda_cannot_be_used(cloud: LocalCloud) -> None:
    role = make_role(cloud, "for-ec2", service="ec2.amazonaws.com")
    make_function(cloud, ECHO, Role=role)
    answer = invoke(cloud)
    assert "cannot be assumed by Lambda" in json.load(answer["Payload"])["errorMessage"]


def test_new_code_and_configuration_take_effect_on_the_next_invocation(cloud: LocalCloud) -> None:
    client = cloud.client("lambda")
    make_function(cloud, "import os\ndef handler(event, context): return ['old', os.environ.get('X')]\n")
    assert json.load(invoke(cloud)["Payload"]) == ["old", None]
    client.update_function_configuration(FunctionName="f", Environment={"Variables": {"X": "1"}})
    assert json.load(invoke(cloud)["Payload"]) == ["old", "1"]
    new = zipped({"app.py": "import os\ndef handler(event, context): return ['new', os.environ.get('X')]\n"})
    client.update_function_code(FunctionName="f", ZipFile=new)
    assert json.load(invoke(cloud)["Payload"]) == ["new", "1"]


def test_an_environment_is_used_again_and_a_crashed_one_replaced(cloud: LocalCloud) -> None:
    make_function(
        cloud,
        "import os\ndef handler(event, context):\n    if event == 'die': os._exit(1)\n    return os.getpid()\n",
    )
    first, second = (json.load(invoke(cloud, b"1")["Payload"]) for _ in range(2))
    assert first == second
    assert invoke(cloud, b'"die"')["FunctionError"] == "Unhandled"
    assert json.load(invoke(cloud, b"1")["Payload"]) != first


def test_layers_are_mounted_in_order(cloud: LocalCloud) -> None:
    client = cloud.client("lambda")
    layers = [
        client.publish_layer_version(LayerName=name, Content={"ZipFile": zipped(files)})["LayerVersionArn"]
        for name, files in [
            ("one", {"python/shared.py": "name = 'one'", "python/first.py": "name = 'first'"}),
            ("two", {"python/shared.py": "name = 'two'"}),
        ]
    ]
    make_function(
        cloud,
        "import first, shared\ndef handler(event, context): return [first.name, shared.name]\n",
        Layers=layers,
    )
    assert json.load(invoke(cloud)["Payload"]) == ["first", "two"]


ASK = """
import boto3, json
def handler(event, context):
    answer = boto3.client("lambda").invoke(
        FunctionName=event["name"], InvocationType=event["type"], Payload=json.dumps({"for": event["name"]})
    )
    return [answer["StatusCode"], answer["Payload"].read().decode()]
"""


@pytest.mark.parametrize(("kind", "answer"), [("RequestResponse", [200, '{"for": "f"}']), ("Event", [202, ""])])
def test_a_function_may_invoke_another_if_its_role_says_so(cloud: LocalCloud, kind: str, answer: Any) -> None:
    invoked = make_function(cloud, ECHO)
    make_function(cloud, ECHO, "g")
    allowed = [{"Effect": "Allow", "Action": "lambda:InvokeFunction", "Resource": invoked}]
    make_function(cloud, ASK, "asking", allowed)
    for name in ("f", invoked):
        made = json.load(invoke(cloud, json.dumps({"name": name, "type": kind}).encode(), "asking")["Payload"])
        assert made == [answer[0], answer[1].replace('"f"', json.dumps(name))]
    cloud.wait_idle()
    assert printed(cloud, "f") == ["ran", "ran"]
    refused = invoke(cloud, json.dumps({"name": "g", "type": kind}).encode(), "asking")
    assert "not authorized to perform: lambda:InvokeFunction" in json.load(refused["Payload"])["errorMessage"]
    assert printed(cloud, "g") == []


def test_reserved_concurrency_turns_the_next_caller_away(cloud: LocalCloud) -> None:
    make_function(cloud, "import time\ndef handler(event, context): print('in'); time.sleep(event)\n")
    cloud.client("lambda").put_function_concurrency(FunctionName="f", ReservedConcurrentExecutions=1)
    caller = threading.Thread(target=invoke, args=(cloud, b"1"))
    caller.start()
    eventually(lambda: printed(cloud, "f") == ["in"])
    with pytest.raises(Exception, match="Rate Exceeded"):
        cloud.functions.invoke("f", 0)
    caller.join()
    assert not cloud.functions.invoke("f", 0).failed


def test_a_throttled_caller_is_told_which_limit_it_was(cloud: LocalCloud) -> None:
    make_function(cloud, ECHO)
    cloud.client("lambda").put_function_concurrency(FunctionName="f", ReservedConcurrentExecutions=0)
    response = refusal(cloud)
    assert response["Error"]["Code"] == "TooManyRequestsException"
    assert response["Reason"] == "ReservedFunctionConcurrentInvocationLimitExceeded"
    assert response["ResponseMetadata"]["HTTPStatusCode"] == 429


def test_an_event_is_accepted_at_once_and_run_later(cloud: LocalCloud) -> None:
    make_function(cloud, ECHO)
    assert invoke(cloud, b'"later"', InvocationType="Event")["StatusCode"] == 202
    cloud.wait_idle()
    assert printed(cloud, "f") == ["ran"]


def test_a_failed_event_is_tried_three_times_and_then_kept_whole(cloud: LocalCloud) -> None:
    url, arn = make_queue(cloud)
    make_function(cloud, FAIL, DeadLetterConfig={"TargetArn": arn})
    invoke(cloud, b'{"keep": "me"}', InvocationType="Event")
    (letter,) = received(cloud, url)
    assert json.loads(letter["Body"]) == {"keep": "me"}
    attributes = {name: value["StringValue"] for name, value in letter["MessageAttributes"].items()}
    assert attributes["ErrorMessage"] == "no good"
    assert attributes["ErrorCode"] == "200"
    assert len(attributes["RequestID"]) == 36
    cloud.wait_idle()
    assert printed(cloud, "f").count("ran") == 3


def test_a_failure_destination_gets_the_record_of_the_invocation(cloud: LocalCloud) -> None:
    url, arn = make_queue(cloud)
    function = make_function(cloud, FAIL)
    cloud.client("lambda").put_function_event_invoke_config(
        FunctionName="f", MaximumRetryAttempts=0, DestinationConfig={"OnFailure": {"Destination": arn}}
    )
    invoke(cloud, b'{"keep": "me"}', InvocationType="Event")
    record = json.loads(received(cloud, url)[0]["Body"])
    assert record["requestPayload"] == {"keep": "me"}
    assert record["responsePayload"]["errorMessage"] == "no good"
    assert record["responseContext"] == {
        "statusCode": 200,
        "executedVersion": "$LATEST",
        "functionError": "Unhandled",
    }
    context = record["requestContext"]
    assert context["condition"] == "RetriesExhausted"
    assert context["approximateInvokeCount"] == 1
    assert context["functionArn"] == f"{function}:$LATEST"
    assert record["version"] == "1.0"


def test_a_success_destination_gets_the_result(cloud: LocalCloud) -> None:
    topic = cloud.client("sns").create_topic(Name="done")["TopicArn"]
    url, arn = make_queue(cloud)
    cloud.client("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    make_function(cloud, ECHO)
    cloud.client("lambda").put_function_event_invoke_config(
        FunctionName="f", DestinationConfig={"OnSuccess": {"Destination": topic}}
    )
    invoke(cloud, b'"fine"', InvocationType="Event")
    record = json.loads(json.loads(received(cloud, url)[0]["Body"])["Message"])
    assert record["responsePayload"] == "fine"
    assert record["requestContext"]["condition"] == "Success"


def test_a_changed_configuration_of_events_replaces_the_old_one(cloud: LocalCloud) -> None:
    make_function(cloud, FAIL)
    client = cloud.client("lambda")
    client.put_function_event_invoke_config(FunctionName="f", MaximumRetryAttempts=0)
    client.put_function_event_invoke_config(FunctionName="f", MaximumRetryAttempts=1)
    invoke(cloud, InvocationType="Event")
    cloud.wait_idle()
    assert printed(cloud, "f").count("ran") == 2


def test_with_no_concurrency_at_all_events_go_straight_to_the_dead_letters(cloud: LocalCloud) -> None:
    url, arn = make_queue(cloud)
    make_function(cloud, ECHO, DeadLetterConfig={"TargetArn": arn})
    cloud.client("lambda").put_function_concurrency(FunctionName="f", ReservedConcurrentExecutions=0)
    invoke(cloud, b'"kept"', InvocationType="Event")
    assert received(cloud, url)[0]["Body"] == '"kept"'
    assert printed(cloud, "f") == []


def test_throttled_events_wait_for_their_turn(cloud: LocalCloud) -> None:
    make_function(cloud, "import time\ndef handler(event, context): print(event); time.sleep(0.05)\n")
    cloud.client("lambda").put_function_concurrency(FunctionName="f", ReservedConcurrentExecutions=1)
    for number in range(5):
        invoke(cloud, str(number).encode(), InvocationType="Event")
    cloud.wait_idle()
    assert sorted(printed(cloud, "f")) == ["0", "1", "2", "3", "4"]


def test_a_dead_letter_needs_the_roles_permission_to_send(cloud: LocalCloud, caplog: pytest.LogCaptureFixture) -> None:
    url, arn = make_queue(cloud)
    make_function(cloud, FAIL, statements=None, DeadLetterConfig={"TargetArn": arn})
    cloud.functions.invoke_async("f", {})
    cloud.wait_idle()
    assert waiting(cloud, url) == 0
    assert "AccessDenied" in caplog.text or "not authorized" in caplog.text


def test_a_topic_and_a_rule_invoke_a_function(cloud: LocalCloud) -> None:
    arn = make_function(cloud, "def handler(event, context): print('Records' in event, event.get('detail'))\n")
    topic = cloud.client("sns").create_topic(Name="news")["TopicArn"]
    cloud.client("sns").subscribe(TopicArn=topic, Protocol="lambda", Endpoint=arn)
    cloud.client("sns").publish(TopicArn=topic, Message="hello")
    events = cloud.client("events")
    events.put_rule(Name="r", EventPattern=json.dumps({"source": ["test"]}))
    events.put_targets(Rule="r", Targets=[{"Id": "1", "Arn": arn}])
    events.put_events(Entries=[{"Source": "test", "DetailType": "d", "Detail": '{"x": 1}'}])
    cloud.wait_idle()
    assert sorted(printed(cloud, "f")) == ["False {'x': 1}", "True None"]


def test_a_function_may_invoke_another_one(cloud: LocalCloud) -> None:
    make_function(cloud, ECHO, name="inner")
    make_function(
        cloud,
        "import boto3\n"
        "def handler(event, context):\n"
        "    answer = boto3.client('lambda').invoke(FunctionName='inner', Payload=b'[1]')\n"
        "    return answer['Payload'].read().decode()\n",
        statements=ANYTHING,
    )
    assert json.load(invoke(cloud)["Payload"]) == "[1]"
