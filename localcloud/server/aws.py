"""An AWS on loopback: moto's server in process, with access control on, and strict where moto is lenient."""

from __future__ import annotations

import io
import threading
import time
from collections import Counter
from functools import cache
from typing import TYPE_CHECKING, Any, Self

from moto.awslambda import urls as lambda_urls
from moto.cloudwatch import urls as cloudwatch_urls
from moto.moto_api._internal.models import moto_api_backend
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from moto.route53 import urls as route53_urls
from moto.ssm import urls as ssm_urls

from localcloud import own_api_client
from localcloud.cloudwatch.api import metrics_api
from localcloud.cloudwatch.control import Ec2Metrics
from localcloud.cloudwatch.states import followed
from localcloud.ebs.clock import utc
from localcloud.ebs.control import Ebs
from localcloud.ebs.patches import ebs_as_in_aws
from localcloud.ec2.events import ec2_events
from localcloud.ec2.lifecycle import forget_terminated
from localcloud.ec2.patches import instances_as_in_aws
from localcloud.ec2.shapes import Shapes
from localcloud.events.bus import EventBridge
from localcloud.events.delivery import EventTargets
from localcloud.functions.invoke_wire import InvokeAnswer, InvokeHook, InvokeRequest, LambdaTarget, lambda_response
from localcloud.functions.shared_code import code_kept_once
from localcloud.functions.sns import sns_invokes_functions
from localcloud.ground.call_log import CallLog
from localcloud.ground.clock import Clock
from localcloud.ground.gate import Gate
from localcloud.ground.patching import applied, replaced_api
from localcloud.ground.web_server import WebServer
from localcloud.iam import needed as targets
from localcloud.iam import presigned
from localcloud.iam.access import BODY
from localcloud.iam.admins import INTERNAL, Admins
from localcloud.pricing.api import prices_listed
from localcloud.pricing.price_list import PriceList
from localcloud.route53.api import route53_response
from localcloud.route53.throttle import Throttle
from localcloud.s3 import lost
from localcloud.s3.notifications import Notifications
from localcloud.s3.patches import s3_as_in_aws
from localcloud.server import dynamodb_patches, faults, own_api
from localcloud.server import moto_patches as patches
from localcloud.server.moto_speed import linear_time
from localcloud.sns.messages import messages_checked
from localcloud.sns.subscribers import Subscribers, subscriptions_confirmed
from localcloud.ssm.agents import Agents
from localcloud.ssm.api import run_command

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from contextlib import ExitStack
    from datetime import datetime

    from _typeshed.wsgi import StartResponse, WSGIEnvironment

__all__ = ["INTERNAL", "AwsServer"]
_one_server = threading.Lock()


class AwsServer:
    """Serve the AWS APIs on 127.0.0.1; starting forgets all that an earlier server in this process held.

    One process holds one started server at a time, because moto's state is global. Whoever reaches moto's
    objects directly holds `gate` meanwhile.
    """

    account_id = "123456789012"

    def __init__(self, port: int = 0, region: str = "us-east-1", clock: Callable[[], float] = time.monotonic) -> None:
        self.region = region
        self.calls = CallLog()
        self.faults = faults.Faults()
        self.clock = Clock()
        self.ssm = Agents(self.clock_now)
        self.gate = Gate()
        self.event_targets = EventTargets(self.gate, lambda: self.on_lambda_target)
        self.eventbridge = EventBridge(self.gate, self.event_targets, self.clock_now)
        self.ebs = Ebs(self.gate, self.eventbridge.emit, utc(lambda: self.clock_now()))
        self.metrics = Ec2Metrics(self.gate, self.clock_now)
        self.ec2_shapes = Shapes(self.gate)
        self.price_list = PriceList(self.clock_now)
        self.subscribers = Subscribers(self.gate)
        self.notifications = Notifications(self.gate, lambda: self.on_lambda_target, self.eventbridge.emit)
        self.route53_throttle = Throttle(clock)
        self.on_lambda_target: LambdaTarget = _no_functions
        self.on_invoke: InvokeHook = _no_invocations
        self.on_fire: Callable[[str], None] = _no_schedules
        self._own = {
            own_api_client.LOSE: own_api.losing(self.lose_object),
            own_api_client.CLOCK: own_api.telling(self.clock),
            own_api_client.FIRE: own_api.firing(lambda name: self.on_fire(name)),
        }
        self._port = port
        self._route53_tokens: Counter[str] = Counter()
        self._stopping = threading.Event()

    def start(self) -> Self:
        """Start serving; raise `OSError` when the port is taken, `RuntimeError` when another server runs."""
        if not _one_server.acquire(blocking=False):
            raise RuntimeError("an AwsServer runs already in this process")
        try:
            self._web = WebServer(self._serve, self._port)
        except BaseException:
            _one_server.release()
            raise
        self._stopping.clear()
        self._patches = self._patched()
        moto_api_backend.reset()
        self.ebs.start()
        self.metrics.forget()
        self._application = _Dispatcher(create_backend_app)
        self._admins = Admins(self.gate, self.endpoint, self.region)
        self._web.start()
        return self

    def stop(self) -> None:
        """Stop serving: long polls return, connections close, the port is free again."""
        self._stopping.set()
        self.gate.changed()
        self._web.stop()
        self.ebs.stop()
        self._patches.close()
        _one_server.release()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def endpoint(self) -> str:
        """The URL that clients use as their endpoint, for every service."""
        return f"http://127.0.0.1:{self._web.port}"

    @property
    def access_key(self) -> str:
        """The access key id of the account's administrator."""
        return str(self._admins.key(self.account_id).access_key_id)

    @property
    def secret_key(self) -> str:
        """The secret access key of the account's administrator."""
        return str(self._admins.key(self.account_id).secret_access_key)

    def client(
        self, service: str, region: str | None = None, account: str | None = None, internal: bool = False
    ) -> Any:
        """Return a boto3 client with an administrator's keys, of another account if one is named.

        The same client is returned again; threads may share it. What an internal client calls is not counted
        in `calls`.
        """
        return self._admins.client(service, region or self.region, account or self.account_id, internal)

    @property
    def route53_tokens(self) -> int:
        """The Route 53 change tokens that all batches so far have cost."""
        return self._route53_tokens.total()

    def clock_now(self) -> datetime:
        """Return what the cloud's clock shows, in UTC."""
        return self.clock.now()

    def throttle_route53(self, on: bool) -> None:
        """Throttle Route 53 as AWS does, or stop doing so."""
        self.route53_throttle.on = on

    def forget_terminated(self) -> None:
        """Drop terminated instances from every listing, as AWS does within an hour."""
        with self.gate:
            forget_terminated()

    def lose_object(self, bucket: str, key: str) -> int | None:
        """Lose an object, as S3 may; raise `NotThereError`, a LookupError.

        Return how many destinations are told; None where the storage class is one of which nobody is told.
        """
        with self.gate:
            return lost.lose(self.notifications, self.account_id, bucket, key)

    def _patched(self) -> ExitStack:
        route53 = route53_response(self.route53_throttle, self._route53_tokens)
        return applied(
            patches.enforced_access(self._saw, self._admitted),
            patches.bucket_policies_with_conditions(),
            patches.stamped_by(self.clock_now),
            patches.waiting_outside(self.gate, self._stopping.is_set),
            patches.queues_left_alone(self.gate),
            patches.functions_run_elsewhere(self.gate, lambda: self.on_lambda_target),
            code_kept_once(),
            replaced_api(lambda_urls, lambda_response(self.gate, lambda: self.on_invoke)),
            replaced_api(cloudwatch_urls, metrics_api(self.metrics)),
            replaced_api(route53_urls, route53),
            replaced_api(ssm_urls, run_command(self.ssm)),
            self.eventbridge.in_place_of_motos(),
            dynamodb_patches.transactions_applied_once(),
            dynamodb_patches.transactions_undone_by_item(),
            linear_time(),
            instances_as_in_aws(utc(self.clock_now)),
            ec2_events(self.eventbridge.emit),
            followed(self.metrics.see),
            ebs_as_in_aws(self.ebs),
            sns_invokes_functions(self.gate, lambda: self.on_lambda_target),
            subscriptions_confirmed(),
            messages_checked(),
            prices_listed(self.price_list),
            s3_as_in_aws(self.notifications),
        )

    def _serve(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        # The body is read before the gate: a slow client must not hold up the others.
        environ[BODY] = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        environ["wsgi.input"] = io.BytesIO(environ[BODY])
        if act := self._own.get(environ["PATH_INFO"]):
            return own_api.serve(environ, start_response, self.secret_key, act)
        presigned.unfold(environ, self.clock_now().timestamp())
        if "HTTP_AUTHORIZATION" not in environ:
            return _unsigned(start_response)
        with self.gate:
            return faults.serve(environ, start_response, self._application)

    def _saw(self, request: Any) -> None:
        if not _internal(request):
            self.calls.record(targets.api_call(request), request.get_access_key())

    def _admitted(self, request: Any) -> None:
        if not _internal(request):
            self.faults.meet(request)


class _Dispatcher(DomainDispatcherApplication):  # type: ignore[misc]  # moto is untyped here
    """Remembers which service a host is of: moto goes through its own folder and 200 patterns at each request."""

    def __init__(self, create_app: Callable[[Any], Any]) -> None:
        super().__init__(create_app)
        self.get_backend_for_host = cache(super().get_backend_for_host)


def _internal(request: Any) -> bool:
    return INTERNAL in request.headers.get("User-Agent", "")


def _unsigned(start_response: StartResponse) -> Iterable[bytes]:
    start_response("403 Forbidden", [("Content-Type", "application/xml")])
    message = "Request is missing Authentication Token"
    error = f"<Error><Code>MissingAuthenticationToken</Code><Message>{message}</Message></Error>"
    return [f"<ErrorResponse>{error}</ErrorResponse>".encode()]


def _no_schedules(name: str) -> None:
    raise LookupError(f"nothing fires schedules here, and {name} is none")


def _no_functions(function_arn: str, _event: dict[str, Any]) -> None:
    raise RuntimeError(f"nothing runs Lambda functions here, but an event came for {function_arn}")


def _no_invocations(request: InvokeRequest) -> InvokeAnswer:
    raise RuntimeError(f"nothing runs Lambda functions here, but {request.function_arn} was invoked")
