"""The digest: the one message a day that tells owners what of theirs is idle, and what happens if nobody objects."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from chalicelib.idle.documents import digest_text
from chalicelib.idle.documents.digest_text import is_new
from chalicelib.idle.documents.wording import number, visible
from chalicelib.idle.findings import Finding, OwnerTotal, Report

# SNS takes 256 KiB unless a topic says otherwise, and subjects of less than 100 characters on one
# line; that they are ASCII is what mail takes everywhere: https://docs.aws.amazon.com/sns/latest/api/API_Publish.html
LARGEST = 200 * 1024  # bytes
LONGEST_SUBJECT = 99
MOST_STOPPED = 200  # of those that were stopped before; the others are in the next message


@dataclass(frozen=True)
class Digest:
    """A message; ``named`` are the instances in it, by region and id: of others nobody has been told."""

    subject: str
    body: str
    named: frozenset[tuple[str, str]]
    owners: tuple[str, ...]
    """Whose instances are in it: those who waste most first, and last those who only had some stopped."""


def write(report: Report, day: date) -> Digest | None:
    """Write the digest of a day; None where nothing is idle or was stopped, and every region was read."""
    idle, owners = report.idle, report.owners
    if not idle and not report.errors and not report.stopped:
        return None
    stopped = report.stopped[:MOST_STOPPED]
    head, foot = (
        "\n".join([*digest_text.head(report, day), *digest_text.stopped(stopped)]),
        "\n".join(digest_text.foot(report, day)),
    )
    chosen = _as_many_as_fit(_in_turns(idle, owners, day), owners, day, LARGEST - _size(head) - _size(foot))
    wasting = [total.owner for total in owners if total.owner in chosen]
    return Digest(
        _subject(report, day),
        "\n\n".join([head, *_sections(owners, chosen, day), foot]) + "\n",
        frozenset(
            [
                *((each.region, each.judgement.instance.id) for some in chosen.values() for each in some),
                *((each.region, each.instance.id) for each in stopped),
            ]
        ),
        tuple(dict.fromkeys([*wasting, *(each.owner for each in stopped)])),
    )


def _subject(report: Report, day: date) -> str:
    said = visible(f"Groundskeeper: {digest_text.summary(report, day)} (account {report.account})")
    return said.encode("ascii", "replace").decode()[:LONGEST_SUBJECT]


def _in_turns(idle: Sequence[Finding], owners: Sequence[OwnerTotal], day: date) -> list[Finding]:
    """Return instances in the order in which room is given to them: one of each owner, then the next of each.

    Those of which nobody has been told come before all others, so that the turn comes to each on some day.
    """
    ranks = {total.owner: rank for rank, total in enumerate(owners)}
    turns: Counter[tuple[bool, str]] = Counter()
    keyed = []
    for each in idle:
        is_known = not is_new(each, day)
        turns[is_known, each.owner] += 1
        keyed.append(((is_known, turns[is_known, each.owner], ranks[each.owner]), each))
    return [each for _, each in sorted(keyed, key=lambda pair: pair[0])]


def _as_many_as_fit(
    idle: Sequence[Finding], owners: Sequence[OwnerTotal], day: date, room: int
) -> dict[str, list[Finding]]:
    """Return those that are named, by owner."""
    headings = {
        total.owner: _size(digest_text.heading(total)) + 1 + _size(digest_text.more(total.instances))
        for total in owners
    }
    room -= 3 + _size(_of_others(owners))
    chosen: dict[str, list[Finding]] = {}
    for each in idle:
        room -= _size(digest_text.entry(each, day)) + (0 if each.owner in chosen else headings[each.owner])
        if room < 0:
            break
        chosen.setdefault(each.owner, []).append(each)
    return chosen


def _sections(owners: Sequence[OwnerTotal], chosen: Mapping[str, list[Finding]], day: date) -> Iterator[str]:
    for total in owners:
        if some := chosen.get(total.owner):
            yield "\n".join(
                [digest_text.heading(total), *(digest_text.entry(each, day) for each in some), *_left_out(total, some)]
            )
    if others := [total for total in owners if total.owner not in chosen]:
        yield _of_others(others)


def _of_others(owners: Sequence[OwnerTotal]) -> str:
    return digest_text.more(sum(total.instances for total in owners), f" of {number(len(owners), 'other owner')}")


def _left_out(total: OwnerTotal, some: Sequence[Finding]) -> list[str]:
    return [digest_text.more(total.instances - len(some))] if len(some) < total.instances else []


def _size(text: str) -> int:
    return len(text.encode()) + 1
