"""The tags of idle instances: what people wish, and what we have noted; whatever is malformed protects."""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime

from chalicelib.definition.forms import shown
from chalicelib.idle.model import FLAG, NOTICED, WISH, Instance

KEEP, PARK = "keep", "park"
WISHES = f"{KEEP}, {KEEP} until a day such as 2027-01-31, or {PARK}"
LONGEST_VALUE = 256  # characters: https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/Using_Tags.html
_MOMENT = "%Y-%m-%dT%H:%MZ"
_FLAG = re.compile(r"(\S+) (i-[0-9a-f]+) ([a-z0-9-]+) since (\S+): (.*)")
_NOTICE = re.compile(r"(\S+?)(?: of a stop on (\S+), idle on (\S+?)(, stopping)?)?")
_KEEP_UNTIL = re.compile(rf"{KEEP} until (\d{{4}}-\d\d-\d\d)")
# Of what tags may hold everywhere (letters, digits, spaces and + - = . _ : / @) the rest is left out.
_UNFIT = re.compile(r"[^\w +\-=.:/@]")


@dataclass(frozen=True, slots=True)
class Wish:
    """What people want to become of an instance: it is kept, for a reason (a fault is one too), or may be parked."""

    kept: str = ""
    parks: bool = False
    fault: str = ""


def wish(instance: Instance, today: date) -> Wish:
    """Return what an instance's tag says; what cannot be read keeps it, and so does the last day that is named."""
    if WISH not in instance.tags:
        return Wish()
    said = instance.tags[WISH].lower()  # blanks count: IAM compares the tag as it is, but for the case
    if said == PARK:
        return Wish(parks=True)
    if said == KEEP:
        return Wish(kept=f"its tag {WISH} says {KEEP}")
    if (until := _KEEP_UNTIL.fullmatch(said)) and (last := _day(until[1])):
        return Wish(kept=f"its tag {WISH} says {said}") if today <= last else Wish()
    fault = f"its tag {WISH} is {shown(instance.tags[WISH])}, and wants {WISHES}"
    return Wish(kept=f"{fault}: until then it is left alone", fault=fault)


@dataclass(frozen=True, slots=True)
class Flag:
    """What our tag says of an idle instance: when it was flagged, by which preset, idle since when, and why."""

    at: datetime
    preset: str
    since: date
    because: str

    def value(self, instance: str) -> str:
        """Return the tag's value; it has the instance's id, since tags are copied to others, by images for example."""
        because = _UNFIT.sub("", self.because.replace("%", "percent"))
        return f"{self.at:{_MOMENT}} {instance} {self.preset} since {self.since}: {because}"[:LONGEST_VALUE]


def flag(instance: Instance, now: datetime) -> Flag | None:
    """Return an instance's flag; None where it has none, another's, or one from before its last start or after ``now``.

    Who starts an instance that was flagged, or parked, wants it: whatever was noted before counts no more.
    """
    found = _FLAG.fullmatch(instance.tags.get(FLAG, ""))
    if not found or found[2] != instance.id:
        return None
    at, since = _moment(found[1]), _day(found[4])
    if at is None or since is None or not instance.launched <= at <= now:
        return None
    return Flag(at, found[3], since, found[5])


@dataclass(frozen=True, slots=True)
class Notice:
    """What our tag says of when an owner was told of a flag, and of the day on which it is stopped, if that was said.

    Of one that is to be stopped it says, too, on which day it was last seen idle: so that no day is overlooked on which
    nobody looked; and whether we have set out to stop it, of which its owner has not been told.
    """

    at: datetime
    stop: date | None = None
    idle_on: date | None = None
    is_stopping: bool = False

    @property
    def value(self) -> str:
        """Return the tag's value, the same for all that were told of the same in one message."""
        said = f"{self.at.astimezone(UTC):{_MOMENT}}"
        if self.stop:
            said += f" of a stop on {self.stop}, idle on {self.idle_on}{', stopping' if self.is_stopping else ''}"
        return said

    @property
    def of_flag_alone(self) -> "Notice":
        """Return what is left of it where no stop is to come, or another."""
        return Notice(self.at)


def notice(instance: Instance, flagged: Flag, now: datetime) -> Notice | None:
    """Return what the owner was told of this flag; None where nothing was: an older note is of another flag."""
    found = _NOTICE.fullmatch(instance.tags.get(NOTICED, ""))
    at = _moment(found[1]) if found else None
    if not found or at is None or not flagged.at <= at <= now:
        return None
    stop, idle_on = _day(found[2] or ""), _day(found[3] or "")
    if found[2] and not (stop and idle_on):
        return None
    return Notice(at, stop, idle_on, bool(found[4]))


def stopping(instance: Instance, now: datetime) -> Notice | None:
    """Return what our tags say of an instance that is stopped, if we have set out to do that, and told nobody."""
    flagged = flag(instance, now)
    found = notice(instance, flagged, now) if flagged else None
    return found if found and found.is_stopping else None


STOPPING = "*, stopping"
"""What a filter of EC2 finds such notices by: https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/Using_Filtering.html"""


def _moment(text: str) -> datetime | None:
    """Return a moment; None where it is not written just as we write one."""
    try:
        moment = datetime.strptime(text, _MOMENT).replace(tzinfo=UTC)
    except ValueError:
        return None
    return moment if f"{moment:{_MOMENT}}" == text else None


def _day(text: str) -> date | None:
    """Return a day; None where it is not written as 2026-11-26 is."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if str(day) == text else None
