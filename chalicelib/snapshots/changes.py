"""What is asked for: snapshots of volumes, each call with the slots that it fills; and plans of such calls."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from chalicelib.problem import Problem
from chalicelib.snapshots.labels import APPLICATION, CRASH, Label
from chalicelib.snapshots.model import Instance, Volume
from chalicelib.snapshots.policies import Policy
from chalicelib.snapshots.slots import Slot

MOST_TRIES = 3  # for a slot or a copy: each that fails takes a place among those that may be pending

type Asked = Mapping[str, datetime]
"""When something was asked for, by its key, that EC2 may not show yet."""


@dataclass(frozen=True)
class Create:
    """One call that makes a snapshot of each of some volumes: all of one instance at one instant, or one alone."""

    volumes: tuple[Volume, ...]
    policy: Policy
    slots: tuple[Slot, ...]
    because: str
    instance: Instance | None = None

    @property
    def subject(self) -> str:
        """Return what it is about: an instance, or a volume alone."""
        return self.instance.id if self.instance and self.is_set else self.volumes[0].id

    @property
    def excluded(self) -> tuple[str, ...]:
        """Return the data volumes of the instance that are to be left out."""
        wanted = {volume.id for volume in self.volumes}
        others = self.instance.volumes if self.instance else ()
        return tuple(id_ for id_ in others if id_ not in wanted and id_ != self._root)

    @property
    def takes_root(self) -> bool:
        """Whether the instance's root volume is one of those."""
        return any(volume.id == self._root for volume in self.volumes)

    def label(self, *, frozen: bool) -> Label:
        """Return what the snapshots say of themselves; EC2 gives those of one call the same tags.

        So only the snapshot of one volume alone can name it in a tag; EC2 shows of which volume each is.
        """
        return Label(
            policy=self.policy.name,
            slots=tuple(map(str, self.slots)),
            because=self.because,
            consistency=APPLICATION if frozen else CRASH,
            product_codes=self.instance.product_codes if self.instance else (),
            instance=self.instance.id if self.instance else "",
            volume="" if self.is_set else self.volumes[0].id,
        )

    def one_by_one(self) -> "list[Create]":
        """Return a call for each of its volumes alone."""
        return [replace(self, volumes=(volume,)) for volume in self.volumes]

    @property
    def keys(self) -> list[str]:
        """Return what it asks for, of which each must come once."""
        return keys(self.volumes, self.slots)

    @property
    def seconds(self) -> float:
        """Return how long its hooks may take."""
        return 2.0 * self.policy.hooks.seconds if self.policy.hooks else 0.0

    def copied_tags(self) -> dict[str, dict[str, str]]:
        """Return by volume the tags that its snapshot is to get from it, or else from the instance."""
        return {volume.id: self._copied(volume) for volume in self.volumes}

    def _copied(self, volume: Volume) -> dict[str, str]:
        tags = {**(self.instance.tags if self.instance else {}), **volume.tags}
        return {key: tags[key] for key in self.policy.tags if key in tags}

    def common_tags(self) -> dict[str, str]:
        """Return those of the copied tags that all have, which the one call can give them."""
        first, *rest = self.copied_tags().values()
        return {key: value for key, value in first.items() if all(other.get(key) == value for other in rest)}

    @property
    def is_set(self) -> bool:
        """Whether it is made through the instance; a volume alone is asked for by its own id, with the same result."""
        return self.instance is not None and len(self.volumes) > 1

    @property
    def _root(self) -> str:
        return self.instance.root_volume if self.instance else ""


@dataclass(frozen=True)
class Skip:
    """A volume with a slot that is due and cannot be filled now, and why."""

    volume: str
    because: str


@dataclass(frozen=True)
class Plan:
    """What is to be created, those in most need first; what is left for a later run; and what is wrong."""

    creates: tuple[Create, ...] = ()
    skips: tuple[Skip, ...] = ()
    problems: tuple[Problem, ...] = ()


def keys(volumes: Iterable[Volume], slots: Iterable[Slot]) -> list[str]:
    """Return a key for each slot of each volume: what must come once."""
    return [f"{volume.id} {slot}" for volume in volumes for slot in slots]
