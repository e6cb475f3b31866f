"""The local cloud: an AWS account on loopback that runs the functions deployed to it."""

from __future__ import annotations

import os
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from localcloud.events.schedules import Schedules
from localcloud.functions import invoke as lambda_invoke
from localcloud.functions import kept_properties, package_limit
from localcloud.functions.pace import Pace
from localcloud.functions.role_clients import RoleClients
from localcloud.functions.service import Functions
from localcloud.http.server import HttpApi
from localcloud.iam import role_policies
from localcloud.logs.emf import Metrics
from localcloud.logs.kept import Logs, json_line
from localcloud.logs.log_groups import LogGroups
from localcloud.queues.depth import QueueState
from localcloud.queues.mappings import Queues
from localcloud.runtime.configuration import LambdaState
from localcloud.runtime.environments import Fleet
from localcloud.runtime.role_sessions import RoleSessions
from localcloud.server.aws import AwsServer
from localcloud.stacks import deploy as stack
from localcloud.stacks import ending_patches, intake_patches, storage_patches
from localcloud.stacks.kinds import RestApi, Surroundings

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime, timedelta

    from localcloud.stacks.deploy import Stack

RUNTIME = Path(__file__).resolve().parent.parent / ".venv" / "lambda-runtime"


class PortTakenError(OSError):
    """A port is in use already."""

    def __init__(self, port: int, variable: str) -> None:
        super().__init__(f"port {port} is taken: set {variable} to another one")


class LocalCloud:
    """Runs everything between `start` and `stop`; a process holds one at a time.

    Logs go to `workdir`, or are dropped at the end. `pace` says where it waits less than Lambda does.
    """

    def __init__(
        self,
        aws_port: int = 0,
        api_port: int = 0,
        region: str = "us-east-1",
        workdir: Path | None = None,
        pace: Pace | None = None,
        runtime: Path = RUNTIME,
    ) -> None:
        self.aws = AwsServer(aws_port, region)
        self._aws_port = aws_port
        self._api_port = api_port
        self._workdir = workdir
        self._pace = pace or Pace()
        self._runtime = runtime

    def start(self) -> Self:
        """Start; raise PortTakenError."""
        with ExitStack() as parts:
            scratch = Path(parts.enter_context(tempfile.TemporaryDirectory(prefix="localcloud-")))
            self._logs = self._start_logs(parts, (self._workdir or scratch) / "logs")
            try:
                parts.enter_context(self.aws)
            except OSError as error:
                raise PortTakenError(self._aws_port, "AWS_PORT") from error
            self._rest_apis: dict[str, RestApi] = {}
            self._start_functions(parts, scratch)
            self._start_queues(parts)
            self._patch(parts)
            self._start_api(parts)
            self._schedules = Schedules(self.aws.gate, self.aws.account_id, self.aws.event_targets, offset=self._offset)
            parts.callback(self._schedules.close)
            self.aws.on_fire = self._schedules.fire
            self._parts = parts.pop_all()
        return self

    def stop(self) -> None:
        """Stop everything that was started, functions at work included."""
        self._parts.close()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def endpoint(self) -> str:
        """Return the URL of all AWS APIs."""
        return self.aws.endpoint

    @property
    def api_url(self) -> str:
        """Return the URL of the deployed HTTP APIs."""
        return self._api.url

    def client(self, service: str, region: str | None = None) -> Any:
        """Make a boto3 client with an administrator's keys."""
        return self.aws.client(service, region)

    def facts(self, stack: str) -> dict[str, Any]:
        """Return what other programs need to find this cloud, and a stack of it: what `run.json` says."""
        return {
            "aws_endpoint": self.endpoint,
            "api_url": self.api_url,
            "access_key": self.aws.access_key,
            "secret_key": self.aws.secret_key,
            "region": self.aws.region,
            "account_id": self.aws.account_id,
            "stack": stack,
            "pid": os.getpid(),
        }

    def create_zone(self, domain: str, private: bool = False) -> str:
        """Make a hosted zone and return its id."""
        extra: dict[str, Any] = {"HostedZoneConfig": {"PrivateZone": private}}
        if private:
            vpc = self.aws.client("ec2", internal=True).describe_vpcs()["Vpcs"][0]["VpcId"]
            extra["VPC"] = {"VPCRegion": self.aws.region, "VPCId": vpc}
            extra["HostedZoneConfig"] = {"PrivateZone": True}  # AWS goes by the VPC alone, moto by this
        made = self.aws.client("route53", internal=True).create_hosted_zone(
            Name=domain, CallerReference=f"{domain}-{time.time_ns()}", **extra
        )
        return str(made["HostedZone"]["Id"]).removeprefix("/hostedzone/")

    def create_bucket(self, name: str) -> None:
        """Make a bucket in the cloud's region."""
        elsewhere = {"CreateBucketConfiguration": {"LocationConstraint": self.aws.region}}
        self.aws.client("s3", internal=True).create_bucket(
            Bucket=name, **({} if self.aws.region == "us-east-1" else elsewhere)
        )

    def deploy(self, package_dir: Path, stack_name: str, parameters: Mapping[str, str]) -> Stack:
        """Deploy a package of Chalice; raise DeploymentError."""
        return stack.deploy(self.aws, package_dir, stack_name, parameters)

    def delete_stack(self, name: str) -> None:
        """Delete a stack and all that it made; raise DeploymentError."""
        stack.delete(self.aws, name)

    def fire_schedule(self, name: str) -> None:
        """Fire a scheduled rule now, named by itself or by its function; raise LookupError."""
        self._schedules.fire(name)

    def lose_object(self, bucket: str, key: str) -> int | None:
        """Lose an object; raise LookupError. Return how many are told, None where its storage class tells nobody."""
        return self.aws.lose_object(bucket, key)

    def set_clock(self, moment: datetime | None) -> None:
        """Let the cloud's wall clock run on from a moment with its time zone; None: real time. Raise ValueError.

        By it go the processes of functions, from their next invocations on; what EC2, EBS, S3 and STS stamp; the
        times in events. In real time go on: whatever waits or is due (schedules, queues, timeouts), and the rest.
        What is at work goes on by the time before: `wait_idle` first, where two that disagree would do harm.
        """
        self.aws.clock.set(moment)

    def logs(self, function_name: str) -> list[str]:
        """Return what a function printed, line by line."""
        return self._logs.read(function_name)

    def said(self, function_name: str, message: str) -> list[dict[str, Any]]:
        """Return a function's structured log lines with a message."""
        lines = (json_line(line) for line in self.logs(function_name))
        return [line for line in lines if line.get("message") == message]

    def problems(self) -> dict[str, str]:
        """Return what keeps mapped queues from being served, by queue ARN."""
        return self._queues.problems()

    def wait_idle(self, timeout: float = 30.0) -> None:
        """Wait until no mapped queue holds a message, nothing is on its way, and no invocation runs or waits.

        Raise TimeoutError.
        """
        deadline = time.monotonic() + timeout
        while not self.idle:
            if time.monotonic() > deadline:
                raise TimeoutError(f"not idle after {timeout} s: {self.problems() or 'still at work'}")
            time.sleep(0.02)

    @property
    def idle(self) -> bool:
        """Tell whether nothing is going on."""
        # In the order in which one leads to the other.
        return not (self.aws.gate.busy or self.functions.busy) and self._queues.empty and not self.functions.busy

    def _offset(self) -> timedelta:
        return self.aws.clock.offset

    def _start_logs(self, parts: ExitStack, folder: Path) -> Logs:
        metrics = Metrics(lambda: self.aws.client("cloudwatch", internal=True))
        groups = LogGroups(self.aws.gate, self.aws.account_id, self.aws.region)
        logs = Logs(folder, [groups.see, metrics.see])
        parts.callback(logs.close)
        return logs

    def _start_functions(self, parts: ExitStack, scratch: Path) -> None:
        gate = self.aws.gate
        sessions = RoleSessions(gate)
        self._state = LambdaState(gate, self.aws.account_id, self.aws.region)
        self._clients = RoleClients(sessions, self.aws.endpoint)
        fleet = Fleet(scratch, self._runtime, self.aws.endpoint, sessions, self._logs.write, self._offset)
        self.functions = Functions(self._state, fleet, self._clients, pace=self._pace)
        parts.callback(self.functions.close)
        self.aws.on_lambda_target = lambda arn, event: void(self.functions.invoke_async(arn, event))
        self.aws.on_invoke = lambda request: lambda_invoke.answer(self.functions, request)

    def _start_queues(self, parts: ExitStack) -> None:
        gate = self.aws.gate
        self._queues = Queues(gate, self._state, QueueState(gate), self.functions, self._clients, self._pace)
        parts.callback(self._queues.close)

    def _start_api(self, parts: ExitStack) -> None:
        try:
            self._api = HttpApi(self.functions, self._rest_apis, self.aws.account_id, self.aws.region, self._api_port)
        except OSError as error:
            raise PortTakenError(self._api_port, "API_PORT") from error
        parts.callback(self._api.close)

    def _patch(self, parts: ExitStack) -> None:
        gate = self.aws.gate
        around = Surroundings(lambda service, region: self.aws.client(service, region, internal=True), self._rest_apis)
        for patch in (
            kept_properties.dead_letters_kept(),
            package_limit.packages_limited(),
            kept_properties.template_properties_kept(),
            kept_properties.one_event_configuration(),
            kept_properties.noticed_mappings(lambda: gate.afterwards(self._queues.follow)),
            intake_patches.json_read_as_json(),
            intake_patches.sam_understood(self.aws.region),
            intake_patches.further_types(gate, around),
            intake_patches.parameters_traced(),
            ending_patches.deleted_in_order(),
            ending_patches.failures_told(),
            ending_patches.retained_and_undeletable_kept(),
            storage_patches.buckets_complete(gate, around),
            storage_patches.tables_complete(gate, around),
            intake_patches.no_value_in_lists(),
            intake_patches.templates_found(self.endpoint),
            role_policies.template_roles_complete(),
            role_policies.aws_policies_known(),
        ):
            parts.enter_context(patch)


def void(_: object) -> None:
    """Drop a value where none is wanted."""
