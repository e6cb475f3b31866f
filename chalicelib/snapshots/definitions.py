"""What operators define: policies, as YAML in which every fault has a line and a reason."""

import re
from collections.abc import Mapping
from datetime import time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from chalicelib.definition.forms import Form, did_you_mean, matching, time_zone, whole
from chalicelib.definition.places import Fields, Place, document
from chalicelib.snapshots.policies import DEFAULT_GRACE, NONE, Copy, Hooks, Keep, Policies, Policy
from chalicelib.snapshots.slots import FARTHEST_APART, HOURS, Schedule, SlotKind

MOST_POLICIES = 64
MOST_TAGS = 30  # EC2 takes 50, and ours are ten at the most
LEAST_FREEZE, LONGEST_FREEZE = 15, 60  # seconds
LONGEST_COMMAND = 4_000  # characters
_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_FIELDS = (
    "time-zone",
    "schedules",
    "root-volumes",
    "tags",
    "encryption",
    "shared-with",
    "grace",
    "gone",
    "copy",
    "hooks",
)
_OWN_FIELDS = {  # which fields the schedules of a kind have, besides at and keep
    SlotKind.HOURLY: ("every",),
    SlotKind.DAILY: (),
    SlotKind.WEEKLY: ("on",),
    SlotKind.MONTHLY: ("day",),
    SlotKind.YEARLY: ("date",),
}


def packaged() -> str:
    """Return the text of the policies that come with the application."""
    return Path(__file__).with_name("policies.yaml").read_text(encoding="utf-8")


def read(text: str | bytes, name: str = "policies.yaml") -> Policies:
    """Return what a text defines, by name.

    Raises:
        BadDefinition: the text is malformed; the message has ``name``, and a line and a reason for each fault.
    """
    with document(text, name) as root:
        fields = root.fields("a mapping with the field policies", ("policies",))
        place = fields.need_place("policies", "a mapping of names to policies")
        entries = place.entries("a mapping of names to policies", 1, MOST_POLICIES) if place else {}
        return {name: _policy(name, entry) for name, entry in entries.items()}


def _policy(name: str, place: Place) -> Policy:
    if _NAME.parse(name) is None or name == NONE:
        place.fault_of_key(f"wants a name of {_NAME.wants}; {NONE} is taken: it stands for no policy")
    said = place.fields("a mapping with the field schedules", _FIELDS)
    schedules, keep = _schedules(said, said.take("time-zone", time_zone(), ZoneInfo("UTC")))
    return Policy(
        name,
        schedules,
        keep,
        takes_roots=said.take("root-volumes", _INCLUDED, True),
        tags=_list(said, "tags", "a list of tags' keys such as [Owner, Project]", _TAG, MOST_TAGS),
        needs_encryption=said.take("encryption", _REQUIRED, False),
        shared_with=frozenset(_list(said, "shared-with", "a list of accounts' numbers", _ACCOUNT, 1_000)),
        grace=timedelta(hours=said.take("grace", _GRACE, DEFAULT_GRACE // timedelta(hours=1))),
        gone_days=said.take("gone", _GONE, 0),
        copy=_copy(said, keep),
        hooks=_hooks(said),
    )


def _schedules(said: Fields, zone: ZoneInfo) -> tuple[tuple[Schedule, ...], dict[SlotKind, Keep]]:
    place = said.need_place("schedules", _KINDS)
    schedules, keep = [], {}
    for kind, entry in _by_kind(place).items():
        fields = entry.fields("a mapping with the field keep", ("at", "keep", *_OWN_FIELDS[kind]))
        schedules.append(_schedule(kind, zone, fields))
        kept = fields.need_place("keep", _KEEP)
        keep[kind] = _keep(kind, kept) if kept else Keep()
    return tuple(schedules), keep


def _schedule(kind: SlotKind, zone: ZoneInfo, fields: Fields) -> Schedule:
    at = fields.take("at", _TIME, time()) if kind is SlotKind.HOURLY else fields.need("at", _TIME) or time()
    match kind:
        case SlotKind.HOURLY:
            return Schedule(kind, zone, at, every=fields.need("every", _EVERY) or 1)
        case SlotKind.DAILY:
            return Schedule(kind, zone, at)
        case SlotKind.WEEKLY:
            return Schedule(kind, zone, at, weekday=fields.take("on", _WEEKDAY, 0))
        case SlotKind.MONTHLY:
            return Schedule(kind, zone, at, day=fields.take("day", whole(1, 31), 1))
        case SlotKind.YEARLY:
            month, day = fields.take("date", _DATE, (1, 1))
            return Schedule(kind, zone, at, day=day, month=month)


def _by_kind(place: Place | None) -> dict[SlotKind, Place]:
    """Return the places below the names of kinds of slots; other names are faults."""
    entries = place.entries(_KINDS, 1, len(SlotKind)) if place else {}
    for name in [name for name in entries if name not in SlotKind]:
        entries.pop(name).fault_of_key(f"is no kind of slot: {did_you_mean(name, list(SlotKind))}")
    return {SlotKind(name): entry for name, entry in entries.items()}


def _keep(kind: SlotKind, place: Place) -> Keep:
    fields = place.fields(_KEEP, ("count", "days"))
    keep = Keep(fields.take("count", whole(1, 1_000), 0), fields.take("days", whole(1, 36_525), 0))
    if not (keep.count or keep.days) and fields.is_sound("count") and fields.is_sound("days"):
        place.fault(f"wants {_KEEP}: else nothing would be kept")
    least = FARTHEST_APART[kind] + (kind is not SlotKind.HOURLY)
    if not keep.count and 0 < keep.days < least:
        # A snapshot that goes before the next slot comes would leave its own slot unfilled.
        fields.fault("days", f"wants {least} at least, since {kind} slots are as far apart, or a count beside")
    return keep


def _copy(said: Fields, kept: Mapping[SlotKind, Keep]) -> Copy | None:
    if (place := said.place("copy")) is None:
        return None
    fields = place.fields("a mapping with the fields region and keep", ("region", "keep", "kms-key"))
    region = fields.need("region", _REGION) or ""
    keeping = fields.need_place("keep", _KINDS)
    entries = _by_kind(keeping)
    for kind, entry in entries.items():
        if kind not in kept:
            entry.fault_of_key(f"the policy has no {kind} slots: add them to its schedules, or leave this out")
    key = fields.take("kms-key", _KEY, "")
    if key.startswith("arn:") and region and key.split(":")[3] != region:
        fields.fault("kms-key", f"is a key of {key.split(':')[3]}, and the copies are in {region}: name one there")
    return Copy(region, {kind: _keep(kind, entry) for kind, entry in entries.items()}, key)


def _hooks(said: Fields) -> Hooks | None:
    if (place := said.place("hooks")) is None:
        return None
    fields = place.fields("a mapping with the fields freeze and thaw", ("freeze", "thaw", "seconds"))
    freeze, thaw = fields.need("freeze", _COMMAND), fields.need("thaw", _COMMAND)
    return Hooks(freeze or "", thaw or "", fields.take("seconds", whole(LEAST_FREEZE, LONGEST_FREEZE), 30))


def _list(said: Fields, name: str, wants: str, form: Form[str], most: int) -> tuple[str, ...]:
    place = said.place(name)
    found = [item.scalar(form) for item in place.items(wants, most)] if place else []
    return tuple(dict.fromkeys(each for each in found if each is not None))


def _time(text: str) -> time | None:
    found = re.fullmatch(r"([01]\d|2[0-3]):([0-5]\d)", text)
    return time(int(found[1]), int(found[2])) if found else None


def _date(text: str) -> tuple[int, int] | None:
    """Read a day of the year; February has 29."""
    found = re.fullmatch(r"(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])", text)
    if not found or int(found[2]) > (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)[int(found[1]) - 1]:
        return None
    return int(found[1]), int(found[2])


def _tag(text: str) -> str | None:
    is_ours = text.lower().startswith(("aws:", "groundskeeper:"))
    return text if 1 <= len(text) <= 128 and not is_ours else None


_NAME = matching(re.compile(r"[a-z0-9-]{1,32}"), "1 to 32 of a-z, 0-9 and -")
_TIME = Form("a time of day such as 03:00", _time)
_EVERY = Form(
    "a number of hours that divides a day: 1, 2, 3, 4, 6, 8 or 12",
    {str(hours): hours for hours in range(1, HOURS) if HOURS % hours == 0}.get,
)
_WEEKDAY = Form(
    f"a day of the week: {', '.join(_WEEKDAYS)}", {name: number for number, name in enumerate(_WEEKDAYS)}.get
)
_DATE = Form("a day of the year as MM-DD, such as 12-31", _date)
_INCLUDED = Form("include or exclude", {"include": True, "exclude": False}.get)
_REQUIRED = Form("required or any", {"required": True, "any": False}.get)
_GRACE = whole(1, 168)
_GONE = whole(1, 36_525)
_REGION = matching(re.compile(r"[a-z]{2,4}(-[a-z]+)+-\d"), "a region such as eu-central-1")
_KEY = matching(
    re.compile(r"(arn:[a-z-]+:kms:[a-z0-9-]+:\d{12}:)?(key|alias)/[\w/-]{1,256}|(mrk-)?[0-9a-f-]{32,36}"),
    "a KMS key's id, ARN or alias in that region, such as alias/backups",
)
_ACCOUNT = matching(re.compile(r"\d{12}"), "an account's number, of 12 digits")
_TAG = Form("a tag's key of 1 to 128 characters, which does not begin with aws: or groundskeeper:", _tag)
_COMMAND = Form(
    f"a shell command of at most {LONGEST_COMMAND} characters",
    lambda text: text if text.strip() and len(text) <= LONGEST_COMMAND else None,
)
_KINDS = f"a mapping of kinds of slots ({', '.join(SlotKind)}) to what is wanted of them"
_KEEP = "count, days, or both, such as {count: 7, days: 7}"
