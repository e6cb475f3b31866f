"""The wiring of hosts: documents and claims."""

from functools import cached_property, partial

from botocore.config import Config

from chalicelib.hosts.aws.dynamodb import StateStore
from chalicelib.hosts.aws.s3 import DocumentStore
from chalicelib.hosts.aws.sqs import DocumentQueue
from chalicelib.hosts.claim_service import ClaimService
from chalicelib.hosts.job import Publisher
from chalicelib.inventory.aws import Inventory
from chalicelib.wiring.base import ANSWERING, PATIENCE, PATIENT, SHORT_PATIENCE, Base

# Presigned URLs must be signed this way (AWS Signature Version 4), and lead to the bucket's own region.
SIGNING = Config(signature_version="s3v4", s3={"addressing_style": "virtual"})


class HostsWiring:
    """What documents and claims are made of."""

    def __init__(self, base: Base) -> None:
        self._base, self.settings = base, base.settings

    @cached_property
    def publisher(self) -> Publisher:
        """Return what publishes the documents of this stack."""
        table, port = self.settings.table, self.settings.prometheus_port
        client = self._base.client("dynamodb", PATIENT)
        states = StateStore(client, table, partial(self._base.turn, "documents", SHORT_PATIENCE))
        store = DocumentStore(self._base.client("s3", PATIENT), self.settings.document_bucket)
        queue = DocumentQueue(self._base.client("sqs", PATIENT), self.settings.document_queue_url)
        return Publisher(self.settings.stack, port, Inventory(client, table, PATIENCE), store, states, queue)

    @cached_property
    def store(self) -> DocumentStore:
        """Return where clients find the documents of this stack."""
        return DocumentStore(self._base.client("s3", ANSWERING.merge(SIGNING)), self.settings.document_bucket)

    @cached_property
    def claim_service(self) -> ClaimService:
        """Return where names of this stack are claimed."""
        return ClaimService(self.inventory, self.settings.reserved_names, self.queue.announce)

    @cached_property
    def queue(self) -> DocumentQueue:
        """Return where it is said that the inventory has changed."""
        return DocumentQueue(self._base.client("sqs", ANSWERING), self.settings.document_queue_url)

    @cached_property
    def inventory(self) -> Inventory:
        """Return what is called what in this stack."""
        return Inventory(self._base.client("dynamodb", ANSWERING), self.settings.table, SHORT_PATIENCE)
