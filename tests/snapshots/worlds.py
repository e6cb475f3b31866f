"""Small worlds: policies, volumes, instances and snapshots, so that a test of them is three lines."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from chalicelib.problem import Problem
from chalicelib.snapshots import definitions, retention
from chalicelib.snapshots.changes import Asked, Create, Plan
from chalicelib.snapshots.labels import Label
from chalicelib.snapshots.model import Instance, Snapshot, Volume, World
from chalicelib.snapshots.plan import plan
from chalicelib.snapshots.policies import Policies, Policy
from chalicelib.snapshots.retention import Delete, Ties

TAG, STACK, HERE, THERE = "Snapshot", "garden", "eu-west-1", "eu-central-1"
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)  # a Thursday
TODAY, YESTERDAY = "daily/2026-11-26", "daily/2026-11-25"


def policy(name: str = "daily", *more: str, keep: str = "count: 7") -> str:
    """Return the text of a policy with daily slots, and more fields."""
    return f"{name}: {{{', '.join([f"schedules: {{daily: {{at: '03:00', keep: {{{keep}}}}}}}", *more])}}}"


DAILY = policy()
TAGGED = policy("daily", "tags: [Owner, Project]")
HOOKED = policy("daily", "hooks: {freeze: cut, thaw: mend, seconds: 30}")
COPIED = policy("daily", f"copy: {{region: {THERE}, keep: {{daily: {{count: 30}}}}}}")
NO_ROOTS = policy("daily", "root-volumes: exclude")
ALL_KINDS = """all:
  schedules:
    hourly: {every: 1, keep: {count: 24}}
    daily: {at: '03:00', keep: {count: 7}}
    weekly: {at: '03:00', keep: {count: 4}}
    monthly: {at: '03:00', keep: {count: 12}}
    yearly: {at: '03:00', keep: {count: 5}}"""


def moment(text: str) -> datetime:
    """Read a moment of UTC such as ``2026-11-26 03:00``."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@cache
def defined(*texts: str) -> Policies:
    """Read policies that are written as YAML, each by itself."""
    lines = [line for text in texts or (DAILY,) for line in text.splitlines()]
    return definitions.read("policies:\n" + "\n".join(f"  {line}" for line in lines))


def only(text: str) -> Policy:
    """Read one policy."""
    (found,) = defined(text).values()
    return found


def volume(number: int, tag: str = "", **said: Any) -> Volume:
    """Return a volume that is attached to nothing, and asks for the policy in its tag."""
    usual = Volume(f"vol-{number:017x}", "gp3", "available", LONG_AGO, tags={TAG: tag} if tag else {})
    return replace(usual, **said)


def instance(number: int, *volumes: Volume, tag: str = "", **said: Any) -> Instance:
    """Return an instance with some volumes; unless it is said, none is its root."""
    tags = {TAG: tag} if tag else {}
    return replace(
        Instance(
            f"i-{number:017x}",
            "running",
            {each.id: f"/dev/sd{chr(97 + n)}" for n, each in enumerate(volumes)},
            tags=tags,
        ),
        **said,
    )


def snapshot(number: int, of: Volume | str, slots: str = TODAY, policy: str = "daily", **said: Any) -> Snapshot:
    """Return a completed snapshot of ours, taken as its last daily slot says at 03:00, or else at NOW."""
    label = Label(policy, tuple(slots.split()), "a test wants it")
    own = ("copy_of", "taken", "instance", "altered")
    label = replace(label, **{name: said.pop(name) for name in own if name in said})
    day = next((slot.removeprefix("daily/") for slot in label.slots if slot.startswith("daily/")), "")
    started = moment(f"{day} 03:00") if day else NOW
    usual = Snapshot(f"snap-{number:017x}", of if isinstance(of, str) else of.id, "completed", started, label)
    return replace(usual, **said)


def copy(number: int, source: Snapshot, **said: Any) -> Snapshot:
    """Return a completed copy of ours, which was begun an hour after its source."""
    label = replace(source.label, volume=source.volume, copy_of=source.id, taken=source.taken)
    started = source.started + timedelta(hours=1)
    return replace(Snapshot(f"snap-c{number:016x}", source.volume, "completed", started, label), **said)


def world(*things: Volume | Instance | Snapshot, **said: Any) -> World:
    """Return a region in which volumes know the instances that they are attached to."""
    instances = [thing for thing in things if isinstance(thing, Instance)]
    volumes = {}
    for each in [thing for thing in things if isinstance(thing, Volume)]:
        users = each.instances or tuple(user.id for user in instances if each.id in user.volumes)
        volumes[each.id] = replace(each, instances=users, state="in-use" if _is_used(each, users) else each.state)
    snapshots = tuple(thing for thing in things if isinstance(thing, Snapshot))
    return replace(World(HERE, volumes, {each.id: each for each in instances}, snapshots), **said)


def planned(seen: World, *texts: str, now: datetime = NOW, asked: Asked | None = None) -> Plan:
    """Plan what to create."""
    return plan(seen, defined(*texts), TAG, now, asked or {})


def shape(made: Plan) -> list[tuple[set[str], set[str]]]:
    """Return of each call the ids of its volumes, and its slots."""
    return [(ids(create), set(map(str, create.slots))) for create in made.creates]


def ids(create: Create) -> set[str]:
    """Return the ids of the volumes that a call makes snapshots of."""
    return {each.id for each in create.volumes}


def reasons(found: Iterable[Problem]) -> dict[str, str]:
    """Return reasons by what they are about."""
    return {problem.subject: problem.reason for problem in found}


def deleted(
    snapshots: Iterable[Snapshot],
    *texts: str,
    now: datetime = NOW,
    held: Mapping[str, str] | None = None,
    gone: Iterable[Volume] = (),
    region: str = HERE,
) -> set[str]:
    """Return the ids of the snapshots that retention deletes."""
    ties = Ties(held or {}, frozenset(each.id for each in gone))
    verdicts = retention.plan(snapshots, ties, defined(*texts), region, now)
    return {verdict.snapshot.id for verdict in verdicts if isinstance(verdict, Delete)}


def history(count: int, of: Volume | str = "", last: str = "2026-11-26") -> list[Snapshot]:
    """Return a snapshot for each of the last days, numbered from 1, the newest first."""
    first = moment(last) - timedelta(days=count - 1)
    newest_first = reversed(days(f"{first:%Y-%m-%d}", count))
    return [snapshot(number, of or volume(1), f"daily/{day}") for number, day in enumerate(newest_first, start=1)]


def days(first: str, count: int) -> list[str]:
    """Return so many days in their order."""
    start = moment(first)
    return [f"{start + timedelta(days=number):%Y-%m-%d}" for number in range(count)]


def _is_used(each: Volume, users: tuple[str, ...]) -> bool:
    return bool(users) and each.state == "available"


def is_kept(each: Snapshot, rivals: Iterable[Snapshot], kind: str, count: int, age: int, now: datetime) -> bool:
    """Say the rule of retention again, in other words: few later periods of the kind are filled, or it is young.

    ``rivals`` are all completed ones of its volume and policy.
    """

    def periods(of: Snapshot) -> set[str]:
        return {slot for slot in of.label.slots if slot.startswith(kind)}

    later = {slot for other in rivals for slot in periods(other) for own in periods(each) if slot > own}
    is_young = bool(age) and now < each.taken + timedelta(days=age)
    return bool(periods(each)) and (len(later) < count or is_young)
