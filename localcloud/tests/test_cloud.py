"""The local cloud as a whole: starting, waiting, stopping, and starting again."""

import socket
import threading

import pytest

from localcloud.cloud import LocalCloud, PortTakenError
from localcloud.tests.clouds import alive, eventually, make_function, make_queue, printed


def test_it_waits_until_everything_has_happened(cloud: LocalCloud) -> None:
    url, arn = make_queue(cloud)
    make_function(
        cloud,
        "import boto3\n"
        "def handler(event, context):\n"
        "    number = int(event['Records'][0]['body'])\n"
        "    print(number)\n"
        f"    if number: boto3.client('sqs').send_message(QueueUrl={url!r}, MessageBody=str(number - 1))\n",
    )
    cloud.client("lambda").create_event_source_mapping(FunctionName="f", EventSourceArn=arn)
    cloud.client("sqs").send_message(QueueUrl=url, MessageBody="3")
    cloud.wait_idle()
    assert printed(cloud, "f") == ["3", "2", "1", "0"]


def test_it_waits_for_what_is_on_its_way(cloud: LocalCloud) -> None:
    begun, held = threading.Event(), threading.Event()

    def deliver() -> None:
        begun.set()
        held.wait(10)

    def cause() -> None:
        with cloud.aws.gate:
            cloud.aws.gate.afterwards(deliver)

    cause_it = threading.Thread(target=cause)
    cause_it.start()
    begun.wait(10)
    with pytest.raises(TimeoutError):
        cloud.wait_idle(0.1)
    held.set()
    cloud.wait_idle()
    cause_it.join()


def test_waiting_has_an_end(cloud: LocalCloud) -> None:
    make_function(cloud, "import time\ndef handler(event, context): time.sleep(5)\n")
    cloud.functions.invoke_async("f", {})
    with pytest.raises(TimeoutError, match=r"not idle after 0\.1 s"):
        cloud.wait_idle(0.1)


def test_it_makes_public_and_private_zones(cloud: LocalCloud) -> None:
    public, private = cloud.create_zone("ex.test"), cloud.create_zone("ex.test", private=True)
    route53 = cloud.client("route53")
    assert public != private
    assert not route53.get_hosted_zone(Id=public)["HostedZone"]["Config"]["PrivateZone"]
    assert route53.get_hosted_zone(Id=private)["HostedZone"]["Config"]["PrivateZone"]


@pytest.mark.parametrize("variable", ["AWS_PORT", "API_PORT"])
def test_a_taken_port_is_named_and_nothing_stays_behind(variable: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ports = {"aws_port": port} if variable == "AWS_PORT" else {"api_port": port}
        with pytest.raises(PortTakenError, match=f"port {port} is taken: set {variable}"):
            LocalCloud(**ports).start()
    with LocalCloud() as cloud:
        assert cloud.client("sts").get_caller_identity()


def test_stopping_ends_functions_at_work_and_every_thread() -> None:
    before = set(threading.enumerate())
    with LocalCloud() as cloud:
        make_function(cloud, "import os, time\ndef handler(event, context): print(os.getpid()); time.sleep(60)\n")
        _, arn = make_queue(cloud)
        cloud.client("lambda").create_event_source_mapping(FunctionName="f", EventSourceArn=arn)
        cloud.functions.invoke_async("f", {})
        (pid,) = eventually(lambda: printed(cloud, "f"))
        assert alive(pid)
    assert not alive(pid)
    eventually(lambda: set(threading.enumerate()) <= before)


def test_a_second_cloud_begins_with_nothing() -> None:
    with LocalCloud() as first:
        first.create_zone("ex.test")
        endpoint = first.endpoint
    with LocalCloud() as second:
        assert second.client("route53").list_hosted_zones()["HostedZones"] == []
        assert second.endpoint != endpoint


def test_another_region_can_be_home() -> None:
    with LocalCloud(region="eu-central-1") as cloud:
        arn = make_function(cloud, "import os\ndef handler(event, context): return os.environ['AWS_REGION']\n")
        assert ":eu-central-1:" in arn
        assert cloud.functions.invoke("f", {}).payload == b'"eu-central-1"'
        assert cloud.functions.invoke(arn, {}).payload == b'"eu-central-1"'
