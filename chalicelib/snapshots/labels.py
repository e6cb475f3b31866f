"""Labels: what our snapshots say of themselves, from the call that makes them on.

The description says what matters, since nobody can change it; tags say the same, and more, for people, filters and IAM.
A snapshot whose tags say something else than its description is ours, fills its slots, and is never deleted.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from chalicelib.snapshots.slots import SlotKind, is_name, kind_of

PREFIX = "groundskeeper:"
STACK = f"{PREFIX}stack"
CONSISTENCY = f"{PREFIX}consistency"
HOLD = f"{PREFIX}hold"
"""The tag by which anybody keeps a snapshot from being deleted."""
LONGEST_VALUE = 256  # https://docs.aws.amazon.com/tag-editor/latest/userguide/best-practices-and-strats.html
LONGEST_DESCRIPTION = 255  # https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateSnapshot.html
CRASH, APPLICATION = "crash-consistent", "application-consistent"
COPIES_SHOW = (
    "vol-ffffffff"  # mostly; AWS promises nothing: docs.aws.amazon.com/ebs/latest/userguide/ebs-copy-snapshot.html
)

_MOMENT = "%Y-%m-%dT%H:%M:%SZ"
_SAID = re.compile(
    r"Groundskeeper (?P<stack>\S+): (?P<policy>\S+) (?P<slots>[^( ]+(?: [^( ]+)*)"
    r"(?: \((?P<copy_of>snap-[0-9a-f]+) of (?P<volume>vol-[0-9a-f]+) at (?P<taken>\S+)\))?"
)
_FORBIDDEN = re.compile(r"[^\w\s+\-=.:/@]")


@dataclass(frozen=True, slots=True)
class Label:
    """What one of our snapshots says of itself; ``slots`` are those that it fills, such as ``daily/2026-11-26``.

    Only a copy has ``copy_of``, ``taken`` (when its source was taken) and always ``volume``: EC2 shows another.
    ``altered`` says what has become of its tags, where they are not as we wrote them.
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
    altered: str = ""

    def tags(self, stack: str) -> dict[str, str]:
        """Return the tags that say it; those that would be empty are left out."""
        more = {
            "because": shortened(self.because),
            "consistency": self.consistency,
            "product-codes": _as_many_as_fit(self.product_codes),
            "instance": self.instance,
        }
        said = self._bound(stack) | {PREFIX + name: value for name, value in more.items()}
        return {key: value for key, value in said.items() if value}

    def description(self, stack: str) -> str:
        """Return the description, by which it is known again."""
        source = f" ({self.copy_of} of {self.volume} at {self._moment})" if self.copy_of else ""
        return f"{begin(stack)}{self.policy} {' '.join(self.slots)}{source}"

    def period(self, kind: SlotKind) -> str:
        """Return the period of the slot of a kind that it fills; empty where there is none."""
        return next((slot.partition("/")[2] for slot in self.slots if slot.startswith(f"{kind}/")), "")

    @property
    def is_copy(self) -> bool:
        """Whether the snapshot is a copy of one in another region."""
        return bool(self.copy_of)

    @property
    def kinds(self) -> tuple[SlotKind, ...]:
        """Return the kinds of the slots that it fills."""
        return tuple(kind_of(slot) for slot in self.slots)

    def _bound(self, stack: str) -> dict[str, str]:
        """Return the tags that say what the description says; a copy's volume is said in both."""
        said = {
            "stack": stack,
            "policy": self.policy,
            "slots": " ".join(self.slots),
            "volume": self.volume,
            "copy-of": self.copy_of,
            "taken": self._moment,
        }
        return {PREFIX + name: value for name, value in said.items()}

    @property
    def _moment(self) -> str:
        return f"{self.taken:{_MOMENT}}" if self.taken else ""

    def changes(self, tags: Mapping[str, str], stack: str) -> str:
        """Return what has become of the tags that say what the description says; empty where nothing has."""
        wrong = [key for key, value in self._bound(stack).items() if tags.get(key, "") != value]
        return f"its tags are not as we wrote them ({', '.join(wrong)})" if wrong else ""


def begin(stack: str) -> str:
    """Return what the descriptions of a stack's snapshots begin with."""
    return f"Groundskeeper {stack}: "


def read(tags: Mapping[str, str], description: str, volume: str, stack: str) -> Label | str:
    """Return what a snapshot says of itself, of which EC2 shows a volume; or why it is not one that we made.

    Whoever copies one by hand gets another description, or at least another volume.
    """
    found = _SAID.fullmatch(description)
    if not found or found["stack"] != stack:
        return f"its description is not one that {stack} writes: somebody has made or copied it by hand"
    slots, taken = tuple(found["slots"].split()), _moment(found["taken"] or "")
    if not all(map(is_name, slots)):
        return f"there are no such slots as its description names: {found['slots']}"
    if found["copy_of"] and not taken:
        return f"its description names no time: {found['taken']}"
    if not found["copy_of"] and volume == COPIES_SHOW:
        return "it is a copy that we did not make"
    label = Label(
        policy=found["policy"],
        slots=slots,
        because=tags.get(f"{PREFIX}because", ""),
        consistency=tags.get(CONSISTENCY, CRASH),
        product_codes=tuple(tags.get(f"{PREFIX}product-codes", "").split()),
        instance=tags.get(f"{PREFIX}instance", ""),
        volume=found["volume"] or (volume if f"{PREFIX}volume" in tags else ""),
        copy_of=found["copy_of"] or "",
        taken=taken,
    )
    return replace(label, altered=label.changes(tags, stack))


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


def _moment(text: str) -> datetime | None:
    try:
        return datetime.strptime(text, _MOMENT).replace(tzinfo=UTC)
    except ValueError:
        return None
