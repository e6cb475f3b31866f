"""The wiring of idle instances: what each region is made of, and where owners, prices and reports are."""

from datetime import UTC, date, datetime
from functools import cached_property, partial

from chalicelib.definition.aws import Definable, DefinitionStore
from chalicelib.economics import aws as price_list
from chalicelib.economics import definitions as price_definitions
from chalicelib.economics.aws import PriceList
from chalicelib.economics.book import Overrides
from chalicelib.economics.quotes import Quotes
from chalicelib.errors import TryAgain
from chalicelib.idle import definitions, report
from chalicelib.idle.aws.cloudwatch import Metrics
from chalicelib.idle.aws.ec2 import Region
from chalicelib.idle.aws.s3 import ReportStore
from chalicelib.idle.aws.sns import Topic
from chalicelib.idle.hours.job import HoursPlace
from chalicelib.idle.hours.service import Hours
from chalicelib.idle.job import Place
from chalicelib.idle.judging import not_to_be_stopped
from chalicelib.idle.rules import Rules
from chalicelib.idle.service import Idle
from chalicelib.pace import TokenBucket
from chalicelib.position.aws import Position
from chalicelib.wiring.base import PATIENT, READING, Base

RULES = Definable("definitions/idle.yaml", definitions.read, definitions.packaged)
PRICES = Definable("definitions/prices.yaml", price_definitions.read, price_definitions.packaged)
# Requests a second that look at one instance alone, and that change some; EC2 has a bucket for each action:
# https://docs.aws.amazon.com/ec2/latest/devguide/ec2-api-throttling.html
LOOKS, CHANGES, BURST = 10, 5, 50
RESERVE = 240.0  # seconds that must be left for what comes after looks: flags, prices, the report, the digest


class IdleWiring:
    """What idle instances are made of."""

    def __init__(self, base: Base) -> None:
        self._base, self.settings = base, base.settings

    @cached_property
    def idle(self) -> Idle:
        """Return the idle instances of this stack."""
        return Idle(
            stack=self.settings.stack,
            account=self.settings.account,
            regions=self.settings.regions,
            rules=self.rules,
            place=self._place,
            prices=self._prices,
            topic=Topic(self._base.client("sns", PATIENT), self.settings.idle_topic),
            store=ReportStore(self._base.client("s3", PATIENT), self.settings.document_bucket),
            last_told=Position(self._base.client("dynamodb"), self.settings.table, "idle digest"),
            turn=partial(self._base.turn, "idle"),
            parks=self.settings.parks_idle,
            is_dry_run=self.settings.dry_run,
        )

    @cached_property
    def hours(self) -> Hours:
        """Return the running hours of this stack."""
        return Hours(
            self.settings.stack,
            self.settings.regions,
            self.rules,
            self._hours_place,
            is_kept=self.settings.keeps_hours,
            is_dry_run=self.settings.dry_run,
        )

    def rules(self) -> Rules:
        """Return the rules in force; those that were refused are reported."""
        return self._in_force(self.rule_store)

    @cached_property
    def rule_store(self) -> DefinitionStore[Rules]:
        """Return where the operator's rules are."""
        return DefinitionStore(self._base.client("s3", PATIENT), self.settings.document_bucket, RULES)

    @cached_property
    def price_store(self) -> DefinitionStore[Overrides]:
        """Return where the operator's own prices are."""
        return DefinitionStore(self._base.client("s3", PATIENT), self.settings.document_bucket, PRICES)

    def _prices(self) -> Quotes:
        live = PriceList(self._base.client("pricing", READING, price_list.ENDPOINT), self._today)
        return Quotes(
            price_definitions.packaged_book(),
            live if self.settings.asks_for_prices else None,
            self._in_force(self.price_store),
        )

    @staticmethod
    def _in_force[D](store: DefinitionStore[D]) -> D:
        found = store.in_force()
        if store.refused:
            report.refused(store.refused)
        return found

    @staticmethod
    def _today() -> date:
        return datetime.now(UTC).date()

    def _place(self, name: str) -> Place:
        metrics = Metrics(self._base.client("cloudwatch", READING, name), name)
        return Place(self.region(name), metrics, flagging=self.settings.flags_idle)

    def _hours_place(self, name: str) -> HoursPlace:
        turn = partial(self._base.turn, f"running hours {name}")
        return HoursPlace(self.region(name), turn, not_to_be_stopped)

    def region(self, name: str) -> Region:
        """Return a region."""
        reading, patient = (self._base.client("ec2", config, name) for config in (READING, PATIENT))
        looks = TokenBucket(LOOKS, BURST)

        def pace_look() -> None:
            if self._base.remaining() < RESERVE:
                raise TryAgain("the time of this run is nearly over")
            looks.take(1)

        return Region(reading, patient, name, pace_look, partial(TokenBucket(CHANGES, BURST).take, 1))
