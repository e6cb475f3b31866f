"""Which volumes ask for which policy, by their own tag or their instance's."""

from collections.abc import Mapping
from dataclasses import dataclass

from chalicelib.definition.forms import did_you_mean, shown
from chalicelib.problem import Problem
from chalicelib.snapshots.model import Instance, Volume, World
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
    """Every volume that asks for a policy, in the order of their ids; why the others do not; and what is wrong.

    Those ``in_vain`` ask for one by a tag that names none.
    """

    selected: tuple[Selected, ...]
    others: Mapping[str, str]
    in_vain: frozenset[str]
    problems: tuple[Problem, ...]


def select(world: World, policies: Policies, tag: str) -> Selection:
    """Return which volumes are to be snapshotted; a tag that names no policy is a problem, and costs no snapshot."""
    choice = _Choice(world, policies, tag)
    found = {id_: choice.of(volume) for id_, volume in sorted(world.volumes.items())}
    return Selection(
        tuple(each for each in found.values() if isinstance(each, Selected)),
        {id_: each for id_, each in found.items() if isinstance(each, str)},
        frozenset(choice.in_vain),
        tuple(choice.problems),
    )


class _Choice:
    """Chooses the policy of one volume after another, and notes each problem once."""

    def __init__(self, world: World, policies: Policies, tag: str) -> None:
        self._world, self._policies, self._tag = world, policies, tag
        self.problems: dict[Problem, None] = {}
        self.in_vain: set[str] = set()

    def of(self, volume: Volume) -> Selected | str:
        """Return the policy of a volume, its own tag's or else its instance's; or why it has none."""
        instances = [self._world.instances[id_] for id_ in volume.instances if id_ in self._world.instances]
        own = volume.tags.get(self._tag, "").strip()
        if own.lower() == NONE:
            return f"its tag {self._tag} is {NONE}"
        if own and (policy := self._named(volume.id, own)):
            return Selected(volume, policy, volume.id, instances[0] if instances else None)
        if self._tag in volume.tags and not own:
            self._note(volume.id, f"its tag {self._tag} is empty")
        for id_, policy in self._taking(volume, instances).items():
            return Selected(volume, policy, id_, self._world.instances[id_])
        return self._why_none(volume, own, instances)

    def _taking(self, volume: Volume, instances: list[Instance]) -> dict[str, Policy]:
        """Return the policies of a volume's instances that take it, by instance."""
        asking = {each.id: policy for each in instances if (policy := self._of_instance(each))}
        taking = {id_: policy for id_, policy in asking.items() if policy.takes_roots or not self._is_root(volume, id_)}
        if len({policy.name for policy in taking.values()}) > 1:
            said = ", ".join(f"{id_} ({policy.name})" for id_, policy in taking.items())
            self._note(volume.id, f"its instances ask for different policies: {said}; the first one counts")
        return taking

    def _why_none(self, volume: Volume, own: str, instances: list[Instance]) -> str:
        """Return why a volume has no policy, and note whether it asks for one in vain."""
        named = [name for name in map(self._said, instances) if name and name.lower() != NONE]
        wrong = [name for name in (own, *named) if name and name not in self._policies]
        if wrong or self._tag in volume.tags:
            self.in_vain.add(volume.id)
            return (
                f"the tag {self._tag} is {shown(wrong[0])}, and no policy" if wrong else f"its tag {self._tag} is empty"
            )
        return (
            f"it is a root volume, and policy {named[0]} takes none"
            if named
            else "neither it nor an instance of it asks for one"
        )

    def _said(self, instance: Instance) -> str:
        return instance.tags.get(self._tag, "").strip()

    def _of_instance(self, instance: Instance) -> Policy | None:
        name = self._said(instance)
        return self._named(instance.id, name) if name and name.lower() != NONE else None

    def _is_root(self, volume: Volume, instance: str) -> bool:
        return volume.id == self._world.instances[instance].root_volume

    def _named(self, subject: str, name: str) -> Policy | None:
        if policy := self._policies.get(name):
            return policy
        self._note(
            subject, f"its tag {self._tag} is {shown(name)}, and no policy: {did_you_mean(name, self._policies)}"
        )
        return None

    def _note(self, subject: str, reason: str) -> None:
        self.problems[Problem(subject, reason)] = None
