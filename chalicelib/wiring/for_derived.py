"""The wiring of derived objects."""

from collections.abc import Callable, Iterable
from functools import cached_property
from typing import TYPE_CHECKING, cast

from botocore.config import Config

from chalicelib.definition.aws import Definable, DefinitionStore
from chalicelib.derived import definitions, report
from chalicelib.derived.aws.functions import Maker
from chalicelib.derived.aws.sources import OpenObject, Sources
from chalicelib.derived.aws.sqs import RequestQueue
from chalicelib.derived.aws.store import DerivedStore
from chalicelib.derived.definitions import Definitions
from chalicelib.derived.job import Workplace
from chalicelib.derived.keys import Keys, Origin
from chalicelib.derived.listing import Family, families
from chalicelib.derived.model import Kind
from chalicelib.derived.renderer import Renderer
from chalicelib.derived.serving import Gallery
from chalicelib.errors import NotFound
from chalicelib.position.aws import Position
from chalicelib.wiring.base import PATIENT, Base

if TYPE_CHECKING:
    from mypy_boto3_s3.literals import StorageClassType

DEFINABLE = Definable("definitions/transformations.yaml", definitions.read, definitions.packaged)
AUDIT_RESERVE = 90.0  # seconds
THREADS = 32  # connections, for an audit's threads
# A client waits for what is being made, and asks once: API Gateway gives up after 29 seconds.
WAITING = Config(retries={"total_max_attempts": 1}, connect_timeout=2, read_timeout=20)
# Presigned URLs must be signed this way (AWS Signature Version 4), and lead to the bucket's own region.
SIGNING = Config(signature_version="s3v4", s3={"addressing_style": "virtual"})


class DerivedWiring:
    """What derived objects are made of."""

    def __init__(self, base: Base, config: Config = PATIENT) -> None:
        self._base, self.settings = base, base.settings
        self._config = config.merge(SIGNING).merge(Config(max_pool_connections=THREADS))
        self.stack = self.settings.stack
        self.is_on = bool(self.settings.source_bucket)

    @property
    def origin(self) -> Origin:
        """Return where sources are, and where what is derived of them is; raise NotFound where nothing is derived."""
        if not self.is_on:
            raise NotFound(f"stack {self.stack} has no SourceBucket, so nothing is derived")
        return Origin(self.settings.source_bucket, self.settings.derived_bucket, Keys(self.settings.derived_prefix))

    def definitions(self) -> Definitions:
        """Return the definitions in force; those that were refused are reported."""
        found = self.definition_store.in_force()
        if self.definition_store.refused:
            report.refused(self.definition_store.refused)
        return found

    def workplace(self) -> Workplace[OpenObject]:
        """Return what the job works with."""
        return Workplace(
            self.origin,
            self.definitions(),
            self.sources,
            self.store,
            Renderer(self.settings.memory),
            keeps_orphans=self.settings.keep_derived,
            is_dry_run=self.settings.dry_run,
        )

    def has_time(self) -> bool:
        """Say whether an audit can go on: what it has found must be asked for before the function ends."""
        return self._base.remaining() > AUDIT_RESERVE

    def families(self, after: str, enough: Callable[[], bool] = lambda: False, prefix: str = "") -> Iterable[Family]:
        """Return the sources behind a key, and what is derived of each."""
        sources = (
            each
            for each in self.sources.listed(prefix, after)
            if not self.origin.is_derived(self.origin.source_bucket, each.key)
        )
        return families(sources, self.store.listed(prefix, after), enough)

    def sniff(self, source_key: str) -> Kind | None:
        """Return what a source is, by its first bytes."""
        return Renderer(self.settings.memory).kind(self.sources.first_bytes(source_key))

    @cached_property
    def sources(self) -> Sources:
        """Return the bucket of sources."""
        return Sources(self._base.client("s3", self._config), self.settings.source_bucket)

    @cached_property
    def store(self) -> DerivedStore:
        """Return where derived objects are."""
        return DerivedStore(
            self._base.client("s3", self._config),
            self.origin,
            cast("StorageClassType", self.settings.derived_storage_class),
            self.settings.derived_cache_control,
        )

    @cached_property
    def definition_store(self) -> DefinitionStore[Definitions]:
        """Return where the operator's definitions are."""
        return DefinitionStore(self._base.client("s3", self._config), self.settings.document_bucket, DEFINABLE)

    @cached_property
    def queue(self) -> RequestQueue:
        """Return where requests wait."""
        return RequestQueue(self._base.client("sqs", self._config), self.settings.transform_queue_url)

    def maker(self, config: Config) -> Maker:
        """Return who makes derived objects while somebody waits, as long as a client's configuration says."""
        client = self._base.client("lambda", config)
        return Maker(client, f"{self.settings.stack}-derive", self.settings.source_bucket)

    @cached_property
    def gallery(self) -> Gallery:
        """Return what serves clients."""
        return Gallery(self.origin, self.definitions, self.store, self.maker(WAITING))

    @cached_property
    def position(self) -> Position:
        """Return how far the daily audit has come."""
        return Position(self._base.client("dynamodb"), self.settings.table, "derived")
