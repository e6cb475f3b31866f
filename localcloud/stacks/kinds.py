"""Resource types that moto's CloudFormation does not know: made through the services' own APIs.

API Gateway's are not made at all but kept, resolved, for the local cloud's own HTTP front to serve.
"""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from localcloud.stacks import layers

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

type Properties = dict[str, Any]


@dataclass
class RestApi:
    """A REST API as a template defines it, with every reference resolved."""

    body: Properties
    stages: set[str] = field(default_factory=set)
    minimum_compression: int | None = None
    method_settings: dict[str, list[Properties]] = field(default_factory=dict)
    """Of each stage."""


@dataclass(frozen=True)
class Surroundings:
    """Where resources are made."""

    client: Callable[[str, str], Any]
    """Makes a boto3 client of a service in a region."""
    rest_apis: dict[str, RestApi]


@dataclass(frozen=True)
class Kind:
    """How resources of one type are made; `create` also updates, when given the physical id of one."""

    create: Callable[[Surroundings, str, str, Properties], str]
    """Takes a region, a name and properties, and returns the physical id."""
    delete: Callable[[Surroundings, str, str, Properties], None]
    """Takes a region, the physical id and the properties."""
    name_property: str | None = None
    attributes: Mapping[str, str] = field(default_factory=dict)
    """What Fn::GetAtt answers, `{id}` standing for the physical id."""


def fitted(client: Any, operation: str, values: Properties) -> Properties:
    """Return properties as an operation's parameters: names it does not have left out, types as it wants them."""
    method = client.meta.method_to_api_mapping[operation]
    fit: Properties = _fit(client.meta.service_model.operation_model(method).input_shape, values)
    return fit


def _fit(shape: Any, value: Any) -> Any:
    match shape.type_name:
        case "structure":
            return {name: _fit(shape.members[name], each) for name, each in value.items() if name in shape.members}
        case "list":
            return [_fit(shape.member, each) for each in value]
        case "map":
            return {str(key): _fit(shape.value, each) for key, each in value.items()}
        case "integer" | "long":
            return int(value)
        case "float" | "double":
            return float(value)
        case "boolean":
            return str(value).lower() == "true"
        case _:
            return json.dumps(value) if isinstance(value, dict) else str(value)


def _put_alarm(around: Surroundings, region: str, name: str, properties: Properties) -> str:
    client = around.client("cloudwatch", region)
    client.put_metric_alarm(**fitted(client, "put_metric_alarm", {**properties, "AlarmName": name}))
    return name


def _delete_alarm(around: Surroundings, region: str, name: str, _: Properties) -> None:
    around.client("cloudwatch", region).delete_alarms(AlarmNames=[name])


def _subscribe(around: Surroundings, region: str, _: str, properties: Properties) -> str:
    client = around.client("sns", properties.get("Region", region))
    made = client.subscribe(
        TopicArn=properties["TopicArn"], Protocol=properties["Protocol"], Endpoint=properties["Endpoint"]
    )
    for name in ("FilterPolicy", "FilterPolicyScope", "RawMessageDelivery", "RedrivePolicy"):
        if name in properties:
            value = properties[name]
            text = json.dumps(value) if isinstance(value, dict | bool) else str(value)
            client.set_subscription_attributes(
                SubscriptionArn=made["SubscriptionArn"], AttributeName=name, AttributeValue=text
            )
    return str(made["SubscriptionArn"])


def _unsubscribe(around: Surroundings, region: str, arn: str, properties: Properties) -> None:
    around.client("sns", properties.get("Region", region)).unsubscribe(SubscriptionArn=arn)


def _put_queue_policy(around: Surroundings, region: str, name: str, properties: Properties) -> str:
    for url in properties["Queues"]:
        policy = json.dumps(properties["PolicyDocument"])
        around.client("sqs", region).set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})
    return name


def _drop_queue_policy(around: Surroundings, region: str, _: str, properties: Properties) -> None:
    for url in properties["Queues"]:
        around.client("sqs", region).set_queue_attributes(QueueUrl=url, Attributes={"Policy": ""})


def _put_topic_policy(around: Surroundings, region: str, name: str, properties: Properties) -> str:
    for arn in properties["Topics"]:
        policy = json.dumps(properties["PolicyDocument"])
        around.client("sns", region).set_topic_attributes(TopicArn=arn, AttributeName="Policy", AttributeValue=policy)
    return name


def _put_bucket_policy(around: Surroundings, region: str, name: str, properties: Properties) -> str:
    policy = json.dumps(properties["PolicyDocument"])
    around.client("s3", region).put_bucket_policy(Bucket=properties["Bucket"], Policy=policy)
    return name


def _drop_bucket_policy(around: Surroundings, region: str, _: str, properties: Properties) -> None:
    around.client("s3", region).delete_bucket_policy(Bucket=properties["Bucket"])


def _put_event_config(around: Surroundings, region: str, name: str, properties: Properties) -> str:
    client = around.client("lambda", region)
    client.put_function_event_invoke_config(**fitted(client, "put_function_event_invoke_config", properties))
    return name


def _drop_event_config(around: Surroundings, region: str, _: str, properties: Properties) -> None:
    around.client("lambda", region).delete_function_event_invoke_config(FunctionName=properties["FunctionName"])


def _put_bus_policy(around: Surroundings, region: str, _: str, properties: Properties) -> str:
    """Add a statement to a bus's policy; https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutPermission.html."""
    name = str(properties["StatementId"])
    client = around.client("events", region)
    bus = properties.get("EventBusName", "default")
    policy = json.loads(
        client.describe_event_bus(Name=bus).get("Policy") or '{"Version": "2012-10-17", "Statement": []}'
    )
    others = [statement for statement in policy["Statement"] if statement["Sid"] != name]
    policy["Statement"] = [*others, {"Sid": name, **properties["Statement"]}]
    client.put_permission(EventBusName=bus, Policy=json.dumps(policy))
    return name


def _drop_bus_policy(around: Surroundings, region: str, name: str, properties: Properties) -> None:
    bus = properties.get("EventBusName", "default")
    around.client("events", region).remove_permission(EventBusName=bus, StatementId=name)


def _keep_rest_api(around: Surroundings, _: str, name: str, properties: Properties) -> str:
    api_id = name if name in around.rest_apis else secrets.token_hex(5)
    before = around.rest_apis.get(name, RestApi({}))
    body = properties.get("Body", {})
    # The extension: https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-openapi-minimum-compression-size.html
    minimum = properties.get("MinimumCompressionSize", body.get("x-amazon-apigateway-minimum-compression-size"))
    compression = None if minimum is None else int(minimum)
    around.rest_apis[api_id] = RestApi(body, before.stages, compression, before.method_settings)
    return api_id


def _forget_rest_api(around: Surroundings, _: str, name: str, __: Properties) -> None:
    around.rest_apis.pop(name, None)


def _keep_stage(around: Surroundings, _: str, __: str, properties: Properties) -> str:
    stage = str(properties["StageName"])
    api = around.rest_apis[properties["RestApiId"]]
    api.stages.add(stage)
    api.method_settings[stage] = properties.get("MethodSettings", [])
    return stage


def _forget_stage(around: Surroundings, _: str, stage: str, properties: Properties) -> None:
    if api := around.rest_apis.get(properties["RestApiId"]):
        api.stages.discard(stage)


def _keep_name(_: Surroundings, __: str, name: str, ___: Properties) -> str:
    return name


def _let_go(_: Surroundings, __: str, ___: str, ____: Properties) -> None:
    pass


KINDS = {
    "AWS::ApiGateway::Deployment": Kind(_keep_name, _let_go),
    "AWS::ApiGateway::RestApi": Kind(_keep_rest_api, _forget_rest_api, attributes={"RootResourceId": "root"}),
    "AWS::ApiGateway::Stage": Kind(_keep_stage, _forget_stage),
    "AWS::CloudWatch::Alarm": Kind(_put_alarm, _delete_alarm, "AlarmName", {"Arn": "{id}"}),
    "AWS::Events::EventBusPolicy": Kind(_put_bus_policy, _drop_bus_policy),
    "AWS::Lambda::EventInvokeConfig": Kind(_put_event_config, _drop_event_config),
    layers.LAYER: Kind(layers.publish, layers.withdraw, "LayerName"),
    "AWS::S3::BucketPolicy": Kind(_put_bucket_policy, _drop_bucket_policy),
    "AWS::SNS::Subscription": Kind(_subscribe, _unsubscribe),
    "AWS::SNS::TopicPolicy": Kind(_put_topic_policy, _let_go),
    "AWS::SQS::QueuePolicy": Kind(_put_queue_policy, _drop_queue_policy),
}
