"""Labels: what our snapshots carry as tags, from the call that makes them on, so that a look tells what they are.

https://docs.aws.amazon.com/tag-editor/latest/userguide/best-practices-and-strats.html: a value has 256 characters at
the most.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache

from chalicelib.snapshots.slots import SlotKind

PREFIX = "groundskeeper:"
STACK = f"{PREFIX}stack"
SLOTS = f"{PREFIX}slots"
POLICY = f"{PREFIX}policy"
COPY_OF = f"{PREFIX}copy-of"
CONSISTENCY = f"{PREFIX}consistency"
LONGEST_VALUE = 256
CRASH, APPLICATION = "crash-consistent", "application-consistent"
COPIES_SHOW = (
    "vol-ffffffff"  # mostly; AWS promises nothing: docs.aws.amazon.com/ebs/latest/userguide/ebs-copy-snapshot.html
)

_PERIODS = {  # how the period of each kind is written, for strptime; a week has no day of its own
    SlotKind.HOURLY: (re.compile(r"\d{4}-\d\d-\d\dT\d\dZ"), "%Y-%m-%dT%HZ"),
    SlotKind.DAILY: (re.compile(r"\d{4}-\d\d-\d\d"), "%Y-%m-%d"),
    SlotKind.WEEKLY: (re.compile(r"\d{4}-W\d\d"), "%G-W%V %u"),
    SlotKind.MONTHLY: (re.compile(r"\d{4}-\d\d"), "%Y-%m"),
    SlotKind.YEARLY: (re.compile(r"\d{4}"), "%Y"),
}
_VOLUME = re.compile(r"vol-[0-9a-f]+")
_SNAPSHOT = re.compile(r"snap-[0-9a-f]+")
_FORBIDDEN = re.compile(r"[^\w\s+\-=.:/@]")


@dataclass(frozen=True, slots=True)
class Label:
    """What one of our snapshots says of itself; ``slots`` are those that it fills, such as ``daily/2026-11-26``.

    Only a copy has ``copy_of``, ``taken`` (when its source was taken) and always ``volume``: EC2 shows another.
    """

    policy: str
    slots: tuple[str, ...]
    because: str
    consistency: str = CRASH
    product_codes: tuple[str, ...] = ()
    instance: str = ""
    volume: str = ""
    copy_of: str = ""
    taken: datetime | None = None

    def tags(self, stack: str) -> dict[str, str]:
        """Return the tags that say it; those that would be empty are left out."""
        said = {
            "stack": stack,
            "policy": self.policy,
            "slots": " ".join(self.slots),
            "because": shortened(self.because),
            "consistency": self.consistency,
            "product-codes": _as_many_as_fit(self.product_codes),
            "instance": self.instance,
            "volume": self.volume,
            "copy-of": self.copy_of,
            "taken": f"{self.taken:%Y-%m-%dT%H:%M:%SZ}" if self.taken else "",
        }
        return {PREFIX + name: value for name, value in said.items() if value}

    def description(self, stack: str) -> str:
        """Return the description: it bears witness too, since whoever copies a snapshot by hand gets another one."""
        what = f"copy of {self.copy_of}" if self.copy_of else " ".join(self.slots)
        return f"{_witness(stack)}{what}"[:LONGEST_VALUE]

    def period(self, kind: SlotKind) -> str:
        """Return the period of the slot of a kind that it fills; empty where there is none."""
        return next((slot.partition("/")[2] for slot in self.slots if slot.startswith(f"{kind}/")), "")

    @property
    def kinds(self) -> tuple[SlotKind, ...]:
        """Return the kinds of the slots that it fills."""
        return tuple(SlotKind(slot.partition("/")[0]) for slot in self.slots)


def read(tags: Mapping[str, str], description: str, volume: str, stack: str) -> Label | str:
    """Return what a snapshot with the stack's tag says of itself, or why it is not one that we made.

    Tags are easily copied along: with a snapshot that somebody copies, or by a tool. So everything must fit together.
    """
    said = {key.removeprefix(PREFIX): value for key, value in tags.items() if key.startswith(PREFIX)}
    slots = tuple(said.get("slots", "").split())
    copy_of, source = said.get("copy-of", ""), said.get("volume", volume)
    if said.get("stack") != stack:
        return f"its tag {STACK} is not {stack}"
    if not description.startswith(_witness(stack)):
        return f"its description is not one that {stack} writes: somebody has made or copied it by hand"
    if not said.get("policy") or not slots or not all(map(_is_slot, slots)):
        return f"its tags {PREFIX}policy and {SLOTS} do not say what it is for"
    if not _VOLUME.fullmatch(source) or (copy_of and not said.get("volume")):
        return f"its tag {PREFIX}volume is {said.get('volume', '')!r}"
    if not copy_of and (volume != source or volume == COPIES_SHOW):
        return f"it is of {volume}, and its tags say {source}: it is a copy that we did not make"
    if copy_of and not _SNAPSHOT.fullmatch(copy_of):
        return f"its tag {PREFIX}copy-of is {copy_of!r}"
    taken = _moment(said.get("taken", ""))
    if bool(copy_of) != bool(taken):
        return f"its tag {PREFIX}taken is {said.get('taken', '')!r}"
    return Label(
        policy=said["policy"],
        slots=slots,
        because=said.get("because", ""),
        consistency=said.get("consistency", CRASH),
        product_codes=tuple(said.get("product-codes", "").split()),
        instance=said.get("instance", ""),
        volume=said.get("volume", ""),
        copy_of=copy_of,
        taken=taken,
    )


def shortened(text: str) -> str:
    """Return a text as a tag's value may be: with the characters that every service takes, and not too long."""
    plain = " ".join(_FORBIDDEN.sub(" ", text).split())
    return plain if len(plain) <= LONGEST_VALUE else f"{plain[: LONGEST_VALUE - 3]}..."


def _as_many_as_fit(words: Iterable[str]) -> str:
    text = ""
    for word in words:
        longer = f"{text} {word}".lstrip()
        text = longer if len(longer) <= LONGEST_VALUE else text
    return text


def _witness(stack: str) -> str:
    return f"Groundskeeper {stack}: "


@lru_cache(maxsize=100_000)  # the same slots come thousands of times
def _is_slot(text: str) -> bool:
    kind, _, period = text.partition("/")
    if kind not in SlotKind:
        return False
    written, form = _PERIODS[SlotKind(kind)]
    whole = f"{period} 1" if kind == SlotKind.WEEKLY else period
    return bool(written.fullmatch(period)) and _parsed(whole, form) is not None


def _moment(text: str) -> datetime | None:
    return _parsed(text, "%Y-%m-%dT%H:%M:%SZ")


def _parsed(text: str, form: str) -> datetime | None:
    try:
        return datetime.strptime(text, form).replace(tzinfo=UTC)
    except ValueError:
        return None
