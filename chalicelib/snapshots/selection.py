"""Which volumes ask for which policy, by their own tag or their instance's."""

from collections.abc import Iterator
from dataclasses import dataclass

from chalicelib.definition.forms import did_you_mean, shown
from chalicelib.snapshots.model import Instance, Problem, Volume, World
from chalicelib.snapshots.policies import NONE, Policies, Policy


@dataclass(frozen=True)
class Selected:
    """A volume, its policy, which tag asks for it, and the instance that it is attached to, if any."""

    volume: Volume
    policy: Policy
    asked_by: str
    instance: Instance | None


@dataclass(frozen=True)
class Selection:
    """Every volume that asks for a policy, in the order of their ids; and tags that cannot be understood."""

    selected: tuple[Selected, ...]
    problems: tuple[Problem, ...]


def select(world: World, policies: Policies, tag: str) -> Selection:
    """Return which volumes are to be snapshotted; a tag that names no policy is a problem, and costs no snapshot."""
    choice = _Choice(world, policies, tag)
    selected = [found for _, volume in sorted(world.volumes.items()) if (found := choice.of(volume))]
    return Selection(tuple(selected), tuple(choice.problems.values()))


class _Choice:
    """Chooses the policy of one volume after another, and notes each problem once."""

    def __init__(self, world: World, policies: Policies, tag: str) -> None:
        self._world, self._policies, self._tag = world, policies, tag
        self.problems: dict[str, Problem] = {}

    def of(self, volume: Volume) -> Selected | None:
        """Return the policy of a volume: its own tag's; without one that can be understood, its instance's."""
        instances = [self._world.instances[id_] for id_ in volume.instances if id_ in self._world.instances]
        own = volume.tags.get(self._tag, "").strip()
        if own.lower() == NONE:
            return None
        if own and (policy := self._named(volume.id, own)):
            return Selected(volume, policy, volume.id, instances[0] if instances else None)
        asking = dict(self._asking(volume, instances))
        if len({policy.name for policy in asking.values()}) > 1:
            said = ", ".join(f"{id_} ({policy.name})" for id_, policy in asking.items())
            self._note(volume.id, f"its instances ask for different policies: {said}; the first one counts")
        for id_, policy in asking.items():
            return Selected(volume, policy, id_, self._world.instances[id_])
        return None

    def _asking(self, volume: Volume, instances: list[Instance]) -> Iterator[tuple[str, Policy]]:
        for instance in instances:
            name = instance.tags.get(self._tag, "").strip()
            policy = self._named(instance.id, name) if name and name.lower() != NONE else None
            if policy and (policy.takes_roots or volume.id != instance.root_volume):
                yield instance.id, policy

    def _named(self, subject: str, name: str) -> Policy | None:
        if policy := self._policies.get(name):
            return policy
        self._note(
            subject, f"its tag {self._tag} is {shown(name)}, and no policy: {did_you_mean(name, self._policies)}"
        )
        return None

    def _note(self, subject: str, reason: str) -> None:
        self.problems[subject] = Problem(subject, reason)


def name_of(thing: Volume | Instance) -> str:
    """Return what people call a volume or an instance: its tag Name."""
    return thing.tags.get("Name", "")
