"""The wiring of names: zones, instances of every place, and the ledgers."""

from functools import cache, cached_property, partial
from typing import Any

import boto3
import botocore.session
from botocore.credentials import DeferredRefreshableCredentials, create_assume_role_refresher

from chalicelib.hosts.aws.sqs import DocumentQueue
from chalicelib.inventory.aws import Inventory
from chalicelib.inventory.model import View
from chalicelib.names.aws.ec2 import Ec2Instances
from chalicelib.names.aws.route53 import Identity, Route53Zone
from chalicelib.names.aws.sqs import RecheckQueue
from chalicelib.names.ledger import Ledger
from chalicelib.names.model import Place, Rules
from chalicelib.names.pace import Pace
from chalicelib.names.service import Names
from chalicelib.wiring.base import PATIENCE, PATIENT, READING, Base


class NamesWiring:
    """What names are made of."""

    def __init__(self, base: Base) -> None:
        self._base, self.settings = base, base.settings

    @cached_property
    def names(self) -> Names:
        """Return the names of this stack."""
        return Names(
            stack=self.settings.stack,
            instances=self._instances,
            zones=self.zones,
            rules=Rules(self.settings.ttl, self.settings.short_name_tag, self.settings.reserved_names),
            rechecks=RecheckQueue(self._base.client("sqs"), self.settings.instance_queue_url),
            is_dry_run=self.settings.dry_run,
            ledgers=self._ledgers,
        )

    @cached_property
    def zones(self) -> dict[str, Route53Zone]:
        """Return the hosted zones by view; they share an account's throttle."""
        pace = Pace()
        ids = {View.PUBLIC: self.settings.hosted_zone_id, View.PRIVATE: self.settings.private_hosted_zone_id}
        return {view.value: self._zone(view, id_, pace) for view, id_ in ids.items() if id_}

    def _zone(self, view: View, id_: str, pace: Pace) -> Route53Zone:
        identity = Identity(id_, view, self.settings.stack.lower(), self.settings.domain)
        return Route53Zone(
            self._base.client("route53", PATIENT), identity, partial(self._base.turn, f"zone {id_}"), pace
        )

    @property
    def _ledgers(self) -> dict[str, Ledger]:
        """Return a ledger for each zone; the only zone of a stack speaks for the other view too."""
        inventory = Inventory(self._base.client("dynamodb", PATIENT), self.settings.table, PATIENCE)
        announce = DocumentQueue(self._base.client("sqs"), self.settings.document_queue_url).announce
        views = {view: (View(view),) if len(self.zones) > 1 else tuple(View) for view in self.zones}
        return {view: Ledger(inventory, spoken_for, announce) for view, spoken_for in views.items()}

    @property
    def _instances(self) -> Ec2Instances:
        accounts = (self.settings.account, *self.settings.account_roles)
        places = [Place(account, region) for account in accounts for region in self.settings.regions]
        sessions = cache(self._in_account)

        def client(place: Place) -> Any:
            return sessions(place.account).client("ec2", region_name=place.region, config=READING)

        return Ec2Instances(cache(client), places, self.settings.short_name_tag)

    def _in_account(self, account: str) -> boto3.Session:
        session = self._base.session
        return session if account == self.settings.account else _assumed(session, self.settings.account_roles[account])


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
