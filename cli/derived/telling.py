"""What S3 should tell the stack: a bucket's notification configuration with ours in it, and everybody else's untouched.

Shapes are boto3's. S3 takes no two that share an event where a key could fit both
(https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-how-to-filtering.html).
"""

from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from typing import Any
from urllib.parse import quote_plus, unquote_plus

from chalicelib.derived.definitions import Definitions
from chalicelib.errors import BadRequest

KINDS = ("TopicConfigurations", "QueueConfigurations", "LambdaFunctionConfigurations")
TOPICS, QUEUES, _ = KINDS
OF_SOURCES = ["s3:ObjectCreated:*", "s3:ObjectRemoved:*", "s3:LifecycleExpiration:*"]
OF_LOSSES = ["s3:ReducedRedundancyLostObject"]
# "Filter rules with special characters": all others are encoded, and a space is a plus.
PLAIN = "/!-_.*'()"
MOST = 100  # https://docs.aws.amazon.com/general/latest/gr/s3.html

type Entry = dict[str, Any]
type Configuration = dict[str, Any]


def prefixes(definitions: Definitions) -> list[str]:
    """Return the fewest prefixes that begin the keys of all sources of which a rule makes something."""
    found: list[str] = []
    for prefix in sorted(rule.prefix for rule in definitions.rules if rule.transformations):
        if not found or not prefix.startswith(found[-1]):
            found.append(prefix)
    return found


def of_sources(stack: str, queue_arn: str, definitions: Definitions) -> Configuration:
    """Return what tells a queue of the sources that rules make something of."""
    said = enumerate(prefixes(definitions), 1)
    entries = [
        _entry(f"{_mark(stack)}sources-{number}", "QueueArn", queue_arn, OF_SOURCES, each) for number, each in said
    ]
    return {QUEUES: entries}


def of_losses(stack: str, topic_arn: str, derived_prefix: str) -> Configuration:
    """Return what tells a topic of lost derived objects."""
    return {TOPICS: [_entry(f"{_mark(stack)}lost-objects", "TopicArn", topic_arn, OF_LOSSES, derived_prefix)]}


def tells_of(configuration: Configuration, prefix: str) -> bool:
    """Say whether it tells of some keys that begin with a prefix."""
    edges = [_edge(entry, "prefix") for entry in _entries(configuration)]
    return any(edge.startswith(prefix) or prefix.startswith(edge) for edge in edges)


def is_ours(entry: Mapping[str, Any], stack: str) -> bool:
    """Say whether a stack has put an entry there. No stack's name has a dot, so none begins with another's mark."""
    return str(entry.get("Id", "")).startswith(_mark(stack))


def replaced(there: Configuration, ours: Iterable[Configuration], stack: str) -> Configuration:
    """Return what is there with ours instead of what the stack has put there before.

    Raises:
        BadRequest: somebody else's stands in the way; the message names it.
    """
    others = {kind: [each for each in there.get(kind, ()) if not is_ours(each, stack)] for kind in KINDS}
    added = {kind: list(chain.from_iterable(each.get(kind, ()) for each in ours)) for kind in KINDS}
    _check(added, others)
    merged = {kind: [*others[kind], *added[kind]] for kind in KINDS}
    return _without_empty({**there, **merged})


def lines(before: Configuration, after: Configuration) -> list[str]:
    """Return a line for each entry that comes or goes, in whatever order and spelling S3 returns them."""
    old, new = ([_line(entry) for entry in _entries(each)] for each in (before, after))
    return [*(f"- {line}" for line in old if line not in new), *(f"+ {line}" for line in new if line not in old)]


def _check(ours: Configuration, others: Configuration) -> None:
    entries = list(_entries(ours))
    if (count := len(entries) + len(list(_entries(others)))) > MOST:
        raise BadRequest(f"S3 takes {MOST} notifications for a bucket, and these would be {count}: merge rules")
    for other in _entries(others):
        for entry in entries:
            if _share_an_event(entry, other) and _share_a_key(entry, other):
                raise BadRequest(
                    f"the bucket has the notification {other.get('Id', '')!a} already, of {', '.join(other['Events'])} "
                    f"for keys that begin with {_edge(other, 'prefix')!a}, and S3 takes no other that shares an event "
                    "and a key with it: narrow its prefix, or let it tell an SNS topic for both (docs/operations.md)"
                )


def _entry(id_: str, field: str, arn: str, events: list[str], prefix: str) -> Entry:
    entry: Entry = {"Id": id_, field: arn, "Events": events}
    if prefix:
        entry["Filter"] = {"Key": {"FilterRules": [{"Name": "prefix", "Value": quote_plus(prefix, safe=PLAIN)}]}}
    return entry


def _mark(stack: str) -> str:
    return f"{stack}."


def _entries(configuration: Configuration) -> Iterator[Entry]:
    return chain.from_iterable(configuration.get(kind, ()) for kind in KINDS)


def _edge(entry: Entry, name: str) -> str:
    """Return the prefix or the suffix of keys that an entry is for; S3 spells their names as it likes."""
    rules = entry.get("Filter", {}).get("Key", {}).get("FilterRules", ())
    return next((unquote_plus(str(rule["Value"])) for rule in rules if rule["Name"].lower() == name), "")


def _share_an_event(one: Entry, other: Entry) -> bool:
    return any(_covers(mine, its) or _covers(its, mine) for mine in one["Events"] for its in other["Events"])


def _covers(wide: str, narrow: str) -> bool:
    return wide == narrow or (wide.endswith("*") and narrow.startswith(wide[:-1]))


def _share_a_key(one: Entry, other: Entry) -> bool:
    prefix, its = _edge(one, "prefix"), _edge(other, "prefix")
    return prefix.startswith(its) or its.startswith(prefix)  # ours have no suffix, so any suffix fits


def _without_empty(configuration: Configuration) -> Configuration:
    return {name: value for name, value in configuration.items() if value != []}


def _line(entry: Entry) -> str:
    arn = next(str(value) for name, value in entry.items() if name.endswith("Arn"))
    edges = f"keys {_edge(entry, 'prefix')}*{_edge(entry, 'suffix')}"
    return f"{entry.get('Id', '')}: {', '.join(sorted(entry['Events']))} of {edges} to {arn}"
