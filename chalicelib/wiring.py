"""The composition root: settings, clients and repositories, each made once, when first asked for."""

import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import cache, cached_property, partial
from typing import Any

import boto3
import botocore.session
from botocore.config import Config
from botocore.credentials import DeferredRefreshableCredentials, create_assume_role_refresher

from chalicelib import settings
from chalicelib.access.aws import Tokens
from chalicelib.hosts.aws.dynamodb import Journals
from chalicelib.hosts.aws.s3 import Shelf
from chalicelib.hosts.aws.sqs import DocumentQueue
from chalicelib.hosts.desk import Desk
from chalicelib.hosts.job import Press
from chalicelib.inventory.aws import Inventory
from chalicelib.inventory.model import View
from chalicelib.lease.aws import Lease, Turn
from chalicelib.names.aws.ec2 import Ec2Instances
from chalicelib.names.aws.route53 import Identity, Route53Zone
from chalicelib.names.aws.sqs import RecheckQueue
from chalicelib.names.ledger import Ledger
from chalicelib.names.model import Place, Rules
from chalicelib.names.pace import Pace
from chalicelib.names.service import Names
from chalicelib.settings import Settings

# botocore's "standard" mode waits with full jitter and knows Throttling and PriorRequestNotComplete
# (https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html). Five tries of 13 seconds and the pauses
# between them stay below lease.aws.LONGEST_WRITE.
PATIENT = Config(retries={"mode": "standard", "total_max_attempts": 5}, connect_timeout=5, read_timeout=8)
READING = Config(retries={"mode": "standard", "total_max_attempts": 5}, connect_timeout=5, read_timeout=30)
# Presigned URLs must be signed this way (AWS Signature Version 4), and lead to the bucket's own region.
SIGNING = READING.merge(Config(signature_version="s3v4", s3={"addressing_style": "virtual"}))
LONGEST_RUN = 300.0  # seconds: also the timeout of the functions
LONGEST_WAIT = 120.0  # seconds for another run to end


class Wiring:
    """Everything made from one set of settings; ``remaining`` says how many seconds the current run still has."""

    def __init__(
        self, chosen: Settings, session: boto3.Session, remaining: Callable[[], float] = lambda: LONGEST_RUN
    ) -> None:
        self.settings, self._session, self._remaining = chosen, session, remaining

    @cached_property
    def names(self) -> Names:
        """Return the names of this stack."""
        return Names(
            stack=self.settings.stack,
            instances=self._instances,
            zones=self.zones,
            rules=Rules(self.settings.ttl, self.settings.short_name_tag, self.settings.reserved_names),
            rechecks=RecheckQueue(self._sqs, self.settings.instance_queue_url),
            is_dry_run=self.settings.dry_run,
            ledgers=self._ledgers,
        )

    @cached_property
    def press(self) -> Press:
        """Return what publishes the documents of this stack."""
        journals = Journals(self._dynamodb, self.settings.table, partial(self._turn, "documents"))
        port = self.settings.prometheus_port
        return Press(self.settings.stack, port, self._inventory, self.shelf, journals, self._document_queue)

    @cached_property
    def desk(self) -> Desk:
        """Return where names of this stack are claimed."""
        return Desk(self._inventory, self.settings.reserved_names, self._document_queue.announce)

    @cached_property
    def shelf(self) -> Shelf:
        """Return where the documents of this stack are kept."""
        return Shelf(self._session.client("s3", config=SIGNING), self.settings.document_bucket)

    @cached_property
    def tokens(self) -> Tokens:
        """Return the tokens of this stack."""
        return Tokens(self._dynamodb, self.settings.table)

    @cached_property
    def _ledgers(self) -> dict[str, Ledger]:
        """Return a ledger for each zone; the only zone of a stack speaks for the other view too."""
        views = {view: (View(view),) if len(self.zones) > 1 else tuple(View) for view in self.zones}
        announce = self._document_queue.announce
        return {view: Ledger(self._inventory, spoken_for, announce) for view, spoken_for in views.items()}

    @cached_property
    def _inventory(self) -> Inventory:
        return Inventory(self._dynamodb, self.settings.table, time.time)

    @cached_property
    def _document_queue(self) -> DocumentQueue:
        return DocumentQueue(self._sqs, self.settings.document_queue_url)

    @cached_property
    def _sqs(self) -> Any:
        return self._session.client("sqs", config=READING)

    @cached_property
    def zones(self) -> dict[str, Route53Zone]:
        """Return the hosted zones by view; they share an account's throttle."""
        pace = Pace()
        ids = {View.PUBLIC: self.settings.hosted_zone_id, View.PRIVATE: self.settings.private_hosted_zone_id}
        return {view.value: self._zone(view, id_, pace) for view, id_ in ids.items() if id_}

    def _zone(self, view: View, id_: str, pace: Pace) -> Route53Zone:
        identity = Identity(id_, view, self.settings.stack.lower(), self.settings.domain)
        route53 = self._session.client("route53", config=PATIENT)
        return Route53Zone(route53, identity, partial(self._turn, f"zone {id_}"), pace)

    @cached_property
    def _instances(self) -> Ec2Instances:
        accounts = (self.settings.account, *self.settings.account_roles)
        places = [Place(account, region) for account in accounts for region in self.settings.regions]
        sessions = cache(self._in_account)

        def client(place: Place) -> Any:
            return sessions(place.account).client("ec2", region_name=place.region, config=READING)

        return Ec2Instances(cache(client), places, self.settings.short_name_tag)

    def _in_account(self, account: str) -> boto3.Session:
        if account == self.settings.account:
            return self._session
        return _assumed(self._session, self.settings.account_roles[account])

    @cached_property
    def _dynamodb(self) -> Any:
        return self._session.client("dynamodb", config=READING)

    def _turn(self, name: str) -> AbstractContextManager[Turn]:
        seconds = min(self._remaining(), LONGEST_RUN)
        patience = min(seconds / 2, LONGEST_WAIT)
        return Lease(self._dynamodb, self.settings.table, name, seconds, patience).turn()


class _Clock:
    """Until when the current invocation may run."""

    deadline = 0.0

    def remaining(self) -> float:
        return self.deadline - time.monotonic()


_clock = _Clock()


@cache
def _deployed() -> Wiring:
    return Wiring(settings.read(), boto3.Session(), _clock.remaining)


def of_stack(context: Any = None) -> Wiring:
    """Return the wiring of the stack that this Lambda function belongs to, told how long the invocation may run."""
    left = context.get_remaining_time_in_millis() / 1000 if context else LONGEST_RUN
    _clock.deadline = time.monotonic() + left
    return _deployed()


def _assumed(session: boto3.Session, role_arn: str) -> boto3.Session:
    """Return a session that acts as a role, with credentials that renew themselves."""
    params = {"RoleArn": role_arn, "RoleSessionName": "groundskeeper"}
    refresh = create_assume_role_refresher(session.client("sts", config=READING), params)
    acting: Any = botocore.session.Session()
    # What AWS's services look like is read once and shared: it takes tens of megabytes.
    acting.register_component("data_loader", session._session.get_component("data_loader"))
    # botocore has no public way to give a session credentials that renew themselves.
    acting._credentials = DeferredRefreshableCredentials(refresh, "sts-assume-role")
    return boto3.Session(botocore_session=acting)
