"""Deployment of a packaged application: what the template asks for is there, works, changes and goes."""

import json
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from localcloud.cloud import LocalCloud
from localcloud.stacks import sam
from localcloud.stacks.deploy import DeploymentError, Stack
from localcloud.stacks.parameters import ParameterError, completed
from localcloud.tests.clouds import eventually, printed, received, zipped


def configuration(cloud: LocalCloud, name: str) -> Any:
    return cloud.client("lambda").get_function(FunctionName=name)["Configuration"]


def test_the_packaged_application_is_deployed_as_it_is(cloud: LocalCloud, tiny: Stack) -> None:
    assert tiny.name == "tiny"
    assert tiny.functions["Plain"] == "tiny-plain"
    assert set(tiny.functions) >= {"OnMessages", "OnNotice", "OnHappening", "OnTime", "Gatekeeper", "APIHandler"}
    assert tiny.not_emulated == ()
    assert tiny.outputs["QueueUrl"].endswith("/tiny-queue")
    assert tiny.outputs["EndpointURL"].startswith("https://")
    answer = cloud.functions.invoke("tiny-plain", {"x": 1})
    assert json.loads(answer.payload) == {"event": {"x": 1}, "greeting": "hello", "optional": None}


def test_a_functions_properties_all_arrive(cloud: LocalCloud, tiny: Stack) -> None:
    made = configuration(cloud, "tiny-plain")
    assert (made["Timeout"], made["MemorySize"], made["Handler"]) == (7, 128, "app.plain")
    assert made["DeadLetterConfig"]["TargetArn"].endswith(":tiny-dead")
    client = cloud.client("lambda")
    assert client.get_function_concurrency(FunctionName="tiny-plain")["ReservedConcurrentExecutions"] == 3
    assert client.get_function_event_invoke_config(FunctionName="tiny-plain")["MaximumRetryAttempts"] == 1
    (mapping,) = client.list_event_source_mappings()["EventSourceMappings"]
    assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert mapping["ScalingConfig"] == {"MaximumConcurrency": 2}
    assert mapping["MaximumBatchingWindowInSeconds"] == 1


def test_every_trigger_of_the_application_works(cloud: LocalCloud, tiny: Stack) -> None:
    sns, events = cloud.client("sns"), cloud.client("events")
    cloud.client("sqs").send_message(QueueUrl=tiny.outputs["QueueUrl"], MessageBody="m")
    (topic,) = [each["TopicArn"] for each in sns.list_topics()["Topics"] if each["TopicArn"].endswith(":tiny-topic")]
    sns.publish(TopicArn=topic, Message="n")
    events.put_events(Entries=[{"Source": "tiny.test", "DetailType": "d", "Detail": '{"e": 1}'}])
    cloud.fire_schedule(tiny.functions["OnTime"])
    cloud.wait_idle()
    assert printed(cloud, tiny.functions["OnMessages"]) == ['batch ["m"]']
    assert printed(cloud, tiny.functions["OnNotice"]) == ["notice n"]
    assert printed(cloud, tiny.functions["OnHappening"]) == ['happening {"e": 1}']
    assert "Scheduled Event" in printed(cloud, tiny.functions["OnTime"])[0]


def test_failed_messages_of_the_application_end_among_its_dead_letters(cloud: LocalCloud, tiny: Stack) -> None:
    sqs = cloud.client("sqs")
    dead = sqs.get_queue_url(QueueName="tiny-dead")["QueueUrl"]
    for body in ("fine", "fail"):
        sqs.send_message(QueueUrl=tiny.outputs["QueueUrl"], MessageBody=body)
    cloud.wait_idle()
    assert [letter["Body"] for letter in received(cloud, dead)] == ["fail"]


def test_types_that_moto_does_not_know_are_made_too(cloud: LocalCloud, tiny: Stack) -> None:
    (alarm,) = cloud.client("cloudwatch").describe_alarms()["MetricAlarms"]
    assert alarm["AlarmDescription"] == "a-b"  # the list's default, joined
    assert alarm["Dimensions"] == [{"Name": "QueueName", "Value": "tiny-dead"}]
    assert (alarm["Threshold"], alarm["Period"], alarm["AlarmActions"]) == (0.0, 300, [])
    policy = cloud.client("sqs").get_queue_attributes(QueueUrl=tiny.outputs["QueueUrl"], AttributeNames=["Policy"])
    assert "events.amazonaws.com" in policy["Attributes"]["Policy"]
    sns = cloud.client("sns")
    (to_queue,) = [each for each in sns.list_subscriptions()["Subscriptions"] if each["Protocol"] == "sqs"]
    attributes = sns.get_subscription_attributes(SubscriptionArn=to_queue["SubscriptionArn"])["Attributes"]
    assert attributes["RawMessageDelivery"] == "true"
    assert json.loads(attributes["FilterPolicy"]) == {"kind": ["raw"]}


def test_what_happens_to_objects_reaches_a_function_through_a_topic_of_the_template(
    cloud: LocalCloud, tiny: Stack
) -> None:
    s3, bucket = cloud.client("s3"), tiny.outputs["Pictures"]
    s3.put_object(Bucket=bucket, Key="in/a b.jpg", StorageClass="REDUCED_REDUNDANCY")
    s3.put_object(Bucket=bucket, Key="out/c.jpg")
    assert cloud.lose_object(bucket, "in/a b.jpg") == 1
    cloud.wait_idle()
    told = [json.loads(line.removeprefix("change ")) for line in printed(cloud, tiny.functions["OnChange"])]
    records = [record for message in told for record in message.get("Records", [])]
    assert sorted((each["eventName"], each["s3"]["object"]["key"]) for each in records) == [
        ("ObjectCreated:Put", "in/a+b.jpg"),
        ("ReducedRedundancyLostObject", "in/a+b.jpg"),
    ]


def test_a_notification_configuration_follows_the_template(
    cloud: LocalCloud, tiny: Stack, package: Path, tmp_path: Path
) -> None:
    def change(template: dict[str, Any]) -> None:
        del template["Resources"]["Pictures"]["Properties"]["NotificationConfiguration"]

    s3, bucket = cloud.client("s3"), tiny.outputs["Pictures"]
    assert len(s3.get_bucket_notification_configuration(Bucket=bucket)["TopicConfigurations"]) == 2
    cloud.deploy(changed_package(package, tmp_path / "changed", change), "tiny", {})
    assert "TopicConfigurations" not in s3.get_bucket_notification_configuration(Bucket=bucket)


def test_a_bucket_that_may_not_tell_the_topic_fails_the_stack(cloud: LocalCloud, package: Path, tmp_path: Path) -> None:
    def change(template: dict[str, Any]) -> None:
        del template["Resources"]["ChangesPolicy"], template["Resources"]["Pictures"]["DependsOn"]

    with pytest.raises(
        DeploymentError, match=r"Pictures .*Unable to validate the following destination configurations"
    ):
        cloud.deploy(changed_package(package, tmp_path / "changed", change), "tiny", {})


def test_layers_of_the_package_are_there_for_the_functions_that_list_them(cloud: LocalCloud, tiny: Stack) -> None:
    answer = cloud.functions.invoke(tiny.functions["Drawer"], {"thing": "!"})
    assert json.loads(answer.payload) == "p!b"
    layers = [each["Arn"].split(":")[6] for each in configuration(cloud, tiny.functions["Drawer"])["Layers"]]
    assert layers[0].startswith("tiny-pencil")
    assert len(layers) == 2
    assert not configuration(cloud, "tiny-plain").get("Layers")


def test_a_changed_layer_reaches_its_functions(cloud: LocalCloud, tiny: Stack, package: Path, tmp_path: Path) -> None:
    changed = changed_package(package, tmp_path / "changed", lambda _: None)
    (changed / "layer-pencil.zip").write_bytes(zipped({"python/pencil.py": "MARK = 'P'"}))
    (changed / "layer-brush.zip").write_bytes(zipped({"python/brush.py": "MARK = 'B'"}))
    made = cloud.deploy(changed, "tiny", {})
    assert json.loads(cloud.functions.invoke(made.functions["Drawer"], {"thing": "!"}).payload) == "P!B"


def test_code_and_layers_have_a_limit_together(cloud: LocalCloud, package: Path, tmp_path: Path) -> None:
    changed = changed_package(package, tmp_path / "changed", lambda _: None)
    with zipfile.ZipFile(changed / "layer-pencil.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("python/pencil.py", bytes(250 * 1024 * 1024))
    with pytest.raises(DeploymentError, match=r"combined with layers exceeds the maximum allowed size of 262144000"):
        cloud.deploy(changed, "tiny", {})
    assert cloud.client("lambda").list_functions()["Functions"] == []


def test_a_layer_that_is_not_in_the_package_is_named(cloud: LocalCloud, package: Path, tmp_path: Path) -> None:
    changed = changed_package(package, tmp_path / "changed", lambda _: None)
    (changed / "layer-pencil.zip").unlink()
    with pytest.raises(DeploymentError, match=r"layer-pencil\.zip, which is not in the package"):
        cloud.deploy(changed, "tiny", {})


def test_what_fails_asynchronously_is_kept_where_the_template_says(cloud: LocalCloud, tiny: Stack) -> None:
    cloud.client("lambda").invoke(FunctionName=tiny.functions["Drawer"], InvocationType="Event", Payload=b'{"a": 1}')
    dead = cloud.client("sqs").get_queue_url(QueueName="tiny-dead")["QueueUrl"]
    (letter,) = received(cloud, dead)
    record = json.loads(letter["Body"])
    assert (record["requestPayload"], record["requestContext"]["condition"]) == ({"a": 1}, "RetriesExhausted")
    assert record["requestContext"]["approximateInvokeCount"] == 1
    assert record["responsePayload"]["errorMessage"] == "there is nothing to draw"


def test_a_changed_parameter_reaches_the_functions(cloud: LocalCloud, tiny: Stack, package: Path) -> None:
    cloud.deploy(package, "tiny", {"Greeting": "bye", "Optional": "here", "Words": "x,y,z"})
    answer = json.loads(cloud.functions.invoke("tiny-plain", {}).payload)
    assert (answer["greeting"], answer["optional"]) == ("bye", "here")
    (alarm,) = cloud.client("cloudwatch").describe_alarms()["MetricAlarms"]
    assert alarm["AlarmDescription"] == "x-y-z"
    assert len(alarm["AlarmActions"]) == 1
    cloud.deploy(package, "tiny", {"Greeting": "bye"})
    assert json.loads(cloud.functions.invoke("tiny-plain", {}).payload)["optional"] is None


def test_deploying_the_same_again_changes_nothing(cloud: LocalCloud, tiny: Stack, package: Path) -> None:
    before = configuration(cloud, "tiny-plain")
    again = cloud.deploy(package, "tiny", {})
    assert again == tiny
    assert configuration(cloud, "tiny-plain") == before


def changed_package(package: Path, folder: Path, change: Callable[[dict[str, Any]], None]) -> Any:
    shutil.copytree(package, folder)
    template = json.loads((folder / "sam.json").read_text())
    change(template)
    (folder / "sam.json").write_text(json.dumps(template))
    return folder


def test_a_changed_template_adds_changes_and_removes(
    cloud: LocalCloud, tiny: Stack, package: Path, tmp_path: Path
) -> None:
    def change(template: dict[str, Any]) -> None:
        resources = template["Resources"]
        del resources["Alarm"], resources["Bucket"]
        resources["Plain"]["Properties"]["Timeout"] = 9
        resources["Plain"]["Properties"]["MemorySize"] = 256
        policy = resources["DefaultRole"]["Properties"]["Policies"][0]["PolicyDocument"]
        policy["Statement"] = [{"Effect": "Allow", "Action": "logs:*", "Resource": "*"}]
        resources["More"] = {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "more"}}

    api = tiny.outputs["RestAPIId"]
    changed = cloud.deploy(changed_package(package, tmp_path / "changed", change), "tiny", {})
    assert changed.outputs["RestAPIId"] == api
    made = configuration(cloud, "tiny-plain")
    assert (made["Timeout"], made["MemorySize"]) == (9, 256)
    assert cloud.client("cloudwatch").describe_alarms()["MetricAlarms"] == []
    assert cloud.client("sqs").get_queue_url(QueueName="more")
    cloud.client("sqs").send_message(QueueUrl=tiny.outputs["QueueUrl"], MessageBody="m")
    eventually(cloud.problems)  # the role may read no queue any more


def test_deleting_a_stack_deletes_what_it_made(cloud: LocalCloud, tiny: Stack) -> None:
    cloud.delete_stack("tiny")
    assert cloud.client("lambda").list_functions()["Functions"] == []
    assert cloud.client("lambda").list_event_source_mappings()["EventSourceMappings"] == []
    assert cloud.client("sqs").list_queues().get("QueueUrls", []) == []
    assert cloud.client("sns").list_topics()["Topics"] == []
    assert cloud.client("sns").list_subscriptions()["Subscriptions"] == []
    assert cloud.client("events").list_rules()["Rules"] == []
    assert cloud.client("cloudwatch").describe_alarms()["MetricAlarms"] == []
    assert cloud.client("dynamodb").list_tables()["TableNames"] == []
    assert cloud.client("iam").list_roles()["Roles"] == []
    with pytest.raises(ClientError, match="does not exist"):
        cloud.client("cloudformation").describe_stacks(StackName="tiny")


def test_a_deployment_that_fails_names_the_resource_and_the_reason_and_leaves_nothing(
    cloud: LocalCloud, package: Path, tmp_path: Path
) -> None:
    def change(template: dict[str, Any]) -> None:
        event = template["Resources"]["OnMessages"]["Properties"]["Events"]["OnMessagesSqsEventSource"]
        event["Properties"]["Queue"] = "arn:aws:sqs:us-east-1:123456789012:nobody"

    broken = changed_package(package, tmp_path / "broken", change)
    with pytest.raises(DeploymentError) as failure:
        cloud.deploy(broken, "tiny", {})
    assert "ROLLBACK_COMPLETE" in str(failure.value)
    assert "OnMessagesOnMessagesSqsEventSource (AWS::Lambda::EventSourceMapping)" in str(failure.value)
    assert "Invalid EventSourceArn" in str(failure.value)
    assert cloud.client("lambda").list_functions()["Functions"] == []


def test_a_template_that_breaks_sams_rules_is_refused(cloud: LocalCloud, package: Path, tmp_path: Path) -> None:
    def change(template: dict[str, Any]) -> None:
        del template["Resources"]["Plain"]["Properties"]["Handler"]

    with pytest.raises(DeploymentError, match="Plain"):
        cloud.deploy(changed_package(package, tmp_path / "broken", change), "tiny", {})


def test_a_type_that_is_not_emulated_is_named_and_left_out(
    cloud: LocalCloud, package: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    def change(template: dict[str, Any]) -> None:
        template["Resources"]["Odd"] = {"Type": "AWS::Odd::Thing", "Properties": {}}

    with pytest.warns(UserWarning, match="AWS::Odd::Thing"):
        made = cloud.deploy(changed_package(package, tmp_path / "odd", change), "tiny", {})
    assert made.not_emulated == ("AWS::Odd::Thing",)
    assert "not emulated, hence left out: AWS::Odd::Thing" in caplog.text


@pytest.mark.parametrize(
    ("declared", "value", "words"),
    [
        pytest.param({"AllowedPattern": "Z[0-9]+"}, "x", "must match pattern Z", id="pattern"),
        pytest.param({"AllowedValues": [1, 2]}, "3", "must be one of 1, 2", id="allowed values"),
        pytest.param({"MaxLength": 2}, "abc", "0 to 2 characters", id="length"),
        pytest.param({"Type": "Number"}, "many", "must be a number", id="number"),
        pytest.param({"Type": "Number", "MinValue": 5, "MaxValue": 9}, "4", "must be from 5 to 9", id="range"),
        pytest.param({"AllowedPattern": "Z", "ConstraintDescription": "must be Z"}, "x", "must be Z$", id="own words"),
    ],
)
def test_a_parameter_must_keep_the_templates_constraints(declared: dict[str, Any], value: str, words: str) -> None:
    with pytest.raises(ParameterError, match=f"Parameter P failed to satisfy constraint: .*{words}"):
        completed({"Parameters": {"P": {"Type": "String", **declared}}}, {"P": value})


def test_parameters_are_completed_by_defaults_and_must_all_be_there() -> None:
    template = {"Parameters": {"A": {"Type": "Number", "Default": 3}, "B": {"Type": "String"}}}
    assert completed(template, {"B": ""}) == {"A": "3", "B": ""}
    with pytest.raises(ParameterError, match=r"\[B\] must have values"):
        completed(template, {})
    with pytest.raises(ParameterError, match=r"\[C\] do not exist"):
        completed(template, {"B": "", "C": ""})


def test_a_refused_parameter_makes_no_stack(cloud: LocalCloud, package: Path) -> None:
    with pytest.raises(DeploymentError, match="do not exist in the template"):
        cloud.deploy(package, "tiny", {"Nobody": "x"})
    assert cloud.client("cloudformation").list_stacks()["StackSummaries"] == []


def test_any_client_may_deploy_a_sam_template_by_a_change_set(cloud: LocalCloud) -> None:
    template = {
        "Transform": sam.TRANSFORM,
        "Parameters": {"Name": {"Type": "String"}},
        "Resources": {
            "F": {
                "Type": "AWS::Serverless::Function",
                "Properties": {
                    "FunctionName": {"Ref": "Name"},
                    "Runtime": "python3.13",
                    "Handler": "index.handler",
                    "InlineCode": "def handler(event, context): return 'inline'",
                },
            }
        },
    }
    cloudformation = cloud.client("cloudformation")
    cloudformation.create_change_set(
        StackName="s",
        ChangeSetName="c",
        ChangeSetType="CREATE",
        TemplateBody=json.dumps(template),
        Parameters=[{"ParameterKey": "Name", "ParameterValue": "inline"}],
        Capabilities=["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"],
    )
    cloudformation.execute_change_set(StackName="s", ChangeSetName="c")
    assert cloud.functions.invoke("inline", {}).payload == b'"inline"'


def test_a_template_may_lie_in_a_bucket(cloud: LocalCloud) -> None:
    template = {"Resources": {"Q": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "from-a-bucket"}}}}
    s3 = cloud.client("s3")
    s3.create_bucket(Bucket="templates")
    s3.put_object(Bucket="templates", Key="a/t.json", Body=json.dumps(template))
    url = f"{cloud.endpoint}/templates/a/t.json"
    cloudformation = cloud.client("cloudformation")
    cloudformation.create_change_set(StackName="b", ChangeSetName="c", ChangeSetType="CREATE", TemplateURL=url)
    cloudformation.execute_change_set(StackName="b", ChangeSetName="c")
    assert cloud.client("sqs").get_queue_url(QueueName="from-a-bucket")["QueueUrl"]


def test_a_change_set_that_fails_says_why(cloud: LocalCloud) -> None:
    template = {"Resources": {"P": {"Type": "AWS::SQS::QueuePolicy", "Properties": {"Queues": ["no"]}}}}
    cloudformation = cloud.client("cloudformation")
    cloudformation.create_change_set(
        StackName="s", ChangeSetName="c", ChangeSetType="CREATE", TemplateBody=json.dumps(template)
    )
    cloudformation.execute_change_set(StackName="s", ChangeSetName="c")
    (stack,) = cloudformation.describe_stacks(StackName="s")["Stacks"]
    assert stack["StackStatus"] == "ROLLBACK_COMPLETE"
    events = cloudformation.describe_stack_events(StackName="s")["StackEvents"]
    assert ("P", "CREATE_FAILED") in [(each["LogicalResourceId"], each["ResourceStatus"]) for each in events]


def test_an_unknown_stack_is_no_error_to_delete(cloud: LocalCloud) -> None:
    cloud.delete_stack("nobody")
    with pytest.raises(ClientError):
        cloud.client("cloudformation").describe_stacks(StackName="nobody")


def test_resources_come_in_the_order_of_their_references() -> None:
    resources = {
        "A": {"Properties": {"x": {"Fn::Sub": "arn:${B.Arn}:${!not}:${AWS::Region}"}}},
        "B": {"DependsOn": ["C"], "Properties": {"y": {"Fn::If": ["Never", {"Ref": "D"}, {"Ref": "AWS::NoValue"}]}}},
        "C": {"Properties": {"z": [{"Fn::GetAtt": ["D", "Arn"]}]}},
        "D": {"Properties": {}},
    }
    assert list(sam.ordered(resources)) == ["D", "C", "B", "A"]


def test_resources_in_a_circle_are_refused() -> None:
    with pytest.raises(sam.TemplateError, match="Circular"):
        sam.ordered({"A": {"DependsOn": "B"}, "B": {"Properties": {"x": {"Ref": "A"}}}})
