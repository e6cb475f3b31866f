"""The inventory in DynamoDB: what is asked and what is written, every write on a condition or in a transaction."""

import random
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import batched
from typing import TYPE_CHECKING, Any, assert_never

from botocore.exceptions import ClientError

from chalicelib.aws import said_not_now
from chalicelib.errors import BadSettings, TryAgain
from chalicelib.inventory import items
from chalicelib.inventory.changes import Change, DeleteName, LeaveClaim, MarkComplete, NameChange, SetHolders
from chalicelib.inventory.model import Claim, Header, Name, Snapshot, View
from chalicelib.inventory.writes import Write

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

MOST_KEYS = 100  # https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchGetItem.html
MOST_WRITES = 100  # https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html
DAY = 86_400  # seconds: so long after its end DynamoDB may forget a claim; longer than any lease
VIEWS = tuple(view.value for view in View)
FIRST_PAUSE, LONGEST_PAUSE = 0.05, 1.0  # seconds
# Why a transaction was cancelled that may succeed a moment later
# (https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html).
PASSING = {"TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"}


class Inventory:
    """The inventory of one stack; ``clock`` tells the seconds since the epoch.

    Every method raises TryAgain where DynamoDB is busy or does not answer, for ``patience`` seconds.
    """

    def __init__(
        self,
        client: "DynamoDBClient",
        table: str,
        patience: float,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._client, self._table, self._patience = client, table, patience
        self._clock, self._sleep = clock, sleep

    def header(self) -> Header:
        """Return the header."""
        return self.some(()).header

    def some(self, labels: Collection[str]) -> Snapshot:
        """Return the header and those of the labels that there are."""
        wanted = [items.HEADER, *sorted(labels)]
        return items.known(item for some in batched(wanted, MOST_KEYS) for item in self._get(some))

    def everything(self) -> Snapshot:
        """Return every name; a page that fails ends the whole reading with an error."""
        return self._query("pk", {"S": items.PARTITION}, ConsistentRead=True)

    def claimed(self) -> Snapshot:
        """Return the names with a claim, as they were a moment ago; those whose lease has ended may be among them."""
        return self._query("claimed", items.CLAIMED, IndexName="claims")

    def write(self, changes: Sequence[Change], check: Callable[[], None] = lambda: None) -> None:
        """Write changes down, up to 99 labels at once; ``check`` is called before each write.

        Raises:
            TryAgain: somebody else writes to the same names just now; some of the changes may have been written.
        """
        marks = {c.view.value: {"S": c.domain} for c in changes if isinstance(c, MarkComplete)}
        of_names = [change for change in changes if not isinstance(change, MarkComplete)]
        for some in batched(of_names, MOST_WRITES - 1):
            check()
            self._must([self._write_of(change) for change in some])
        if marks:  # last of all: only then is everything there that they speak for
            check()
            self._must([], marks)

    def put_claim(self, seen: Name, claim: Claim) -> bool:
        """Put a claim on a name, unless the name has changed since it was seen; say whether it was put."""
        sets = {"claim": items.claim(claim), "claimed": items.CLAIMED, "forget_at": _seconds(claim.until + DAY)}
        return self._transact([_as_seen(seen, sets=sets)])

    def drop_claim(self, seen: Name) -> bool:
        """Take the claim off a name, unless the name has changed since it was seen; say whether it was taken off."""
        return self._transact([_as_seen(seen, deletes=True)])

    def renew_claim(self, seen: Name, until: float) -> bool:
        """Prolong the lease of a claim that else stays as it was seen, which is no news for the documents."""
        sets = {"claim.until": items.moment(until), "forget_at": _seconds(until + DAY)}
        write = _as_seen(seen, sets=sets)
        try:
            with self._speaking():
                self._client.update_item(**write.parameters(self._table))
        except self._client.exceptions.ConditionalCheckFailedException:
            return False
        return True

    def _query(self, key: str, value: Any, **options: Any) -> Snapshot:
        pages = self._client.get_paginator("query").paginate(
            TableName=self._table,
            KeyConditionExpression=f"{key} = :value",
            ExpressionAttributeValues={":value": value},
            **options,
        )
        with self._speaking():
            return items.known(item for page in pages for item in page["Items"])

    def _get(self, labels: Iterable[str]) -> Iterator[Mapping[str, Any]]:
        asked: Any = {self._table: {"Keys": [items.key(label) for label in labels], "ConsistentRead": True}}
        pauses = self._pauses("DynamoDB left keys unread")
        while asked:
            with self._speaking():
                answer = self._client.batch_get_item(RequestItems=asked)
            yield from answer["Responses"].get(self._table, ())
            if asked := answer.get("UnprocessedKeys"):
                next(pauses)

    def _write_of(self, change: NameChange) -> Write:
        """Return a change as a write; one that ends something does so only if nobody has begun it again meanwhile."""
        key, cleared = items.key(change.label), tuple(view.value for view in change.cleared)
        others = tuple(view for view in VIEWS if view not in cleared)
        match change:
            case SetHolders(holders=holders):
                sets = {view.value: items.held(held) for view, held in holders.items()}
                return Write(key, sets=sets, removes=(*cleared, "forget_at") if sets else cleared)
            case LeaveClaim():
                forget = {"forget_at": _seconds(self._clock() + 2 * DAY)}
                return Write(key, sets=forget, removes=cleared, absent=others)
            case DeleteName():
                return Write(key, deletes=True, absent=(*others, "claim"))
            case _:
                assert_never(change)

    def _must(self, writes: Iterable[Write], marks: Mapping[str, Any] | None = None) -> None:
        if not self._transact(writes, marks or {}):
            raise TryAgain("the inventory was changed by somebody else meanwhile")

    def _transact(self, writes: Iterable[Write], marks: Mapping[str, Any] | None = None) -> bool:
        """Write, and count the revision up, all or nothing; say whether the conditions held.

        TransactionConflict means that somebody else writes to one of the items at this moment
        (https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis.html).
        """
        header = Write(items.key(items.HEADER), sets=marks or {}, adds={"revision": {"N": "1"}})
        sent: Any = [{write.operation: write.parameters(self._table)} for write in (*writes, header)]
        pauses = self._pauses("others are writing to the inventory")
        while (done := self._attempt(sent)) is None:
            next(pauses)
        return done

    def _attempt(self, sent: Any) -> bool | None:
        """Send a transaction once; say whether its conditions held, or None where another try may succeed."""
        try:
            with self._speaking():
                self._client.transact_write_items(TransactItems=sent)
        except self._client.exceptions.TransactionCanceledException as error:
            reasons = {reason["Code"] for reason in error.response["CancellationReasons"]} - {"None"}
            if "ConditionalCheckFailed" in reasons:
                return False
            if reasons <= PASSING:
                return None
            raise
        return True

    def _pauses(self, trouble: str) -> Iterator[None]:
        """Sleep at each step, a little longer each time; raise TryAgain once patience is over."""
        end, pause = self._clock() + self._patience, FIRST_PAUSE
        while self._clock() < end:
            self._sleep(random.uniform(0, pause))
            pause = min(2 * pause, LONGEST_PAUSE)
            yield
        raise TryAgain(trouble)

    @contextmanager
    def _speaking(self) -> Iterator[None]:
        """Translate what DynamoDB answers, by its code."""
        try:
            with said_not_now("DynamoDB"):
                yield
        except ClientError as error:
            if error.response["Error"]["Code"] in ("AccessDeniedException", "ResourceNotFoundException"):
                raise BadSettings(f"table {self._table} cannot be used: {error}") from error
            raise


def _as_seen(seen: Name, **done: Any) -> Write:
    """Return a write to a name that no instance holds and whose claim is the one that was seen, or none."""
    key = items.key(seen.label)
    if seen.claim is None:
        return Write(key, absent=(*VIEWS, "claim"), **done)
    return Write(key, absent=VIEWS, same={"claim": items.claim(seen.claim)}, **done)


def _seconds(moment: float) -> dict[str, str]:
    """Return a moment as DynamoDB's time to live wants it: whole seconds."""
    return {"N": str(int(moment))}
