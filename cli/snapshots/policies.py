"""`snapshots define`: put policies in force, and say what that changes, what would be deleted included."""

from collections.abc import Iterator
from dataclasses import replace

from rich.text import Text

from chalicelib.definition.aws import DefinitionStore
from chalicelib.snapshots.policies import Policies, Policy
from chalicelib.snapshots.service import Snapshots
from chalicelib.wiring.for_snapshots import DEFINABLE, SnapshotsWiring
from cli import connection, defining
from cli.defining import Default, DryRun, File, Show
from cli.options import Local, Profile, Region, Stack
from cli.screen import COLOURS, err, out
from cli.snapshots import reach


def define(
    file: File = None,
    show: Show = False,
    default: Default = False,
    dry_run: DryRun = False,
    stack: Stack = None,
    local: Local = False,
    region: Region = None,
    profile: Profile = None,
) -> None:
    """Put a file of policies in force, once it is sound, and say what that changes."""
    reached: list[SnapshotsWiring] = []

    def store() -> DefinitionStore[Policies]:
        base = connection.connect(stack=stack, local=local, region=region, profile=profile)
        reached.append(SnapshotsWiring(base))
        return reached[0].definition_store

    def say(before: Policies | None, after: Policies) -> bool:
        with reach.progress("comparing"):
            return _say(before or {}, after, reached[0].snapshots)

    if defining.define(DEFINABLE, store, say, file=file, show=show, default=default, dry_run=dry_run):
        out.print("In force within a minute.", style="bold")


def changed(before: Policies, after: Policies) -> Iterator[tuple[str, str]]:
    """Yield what changes, as pairs of a sign and a line."""
    for name in after:
        if name not in before:
            yield "+", f"{name}: new"
        elif said := ", ".join(_differences(before[name], after[name])):
            yield "~", f"{name}: {said}"
    for name in before:
        if name not in after:
            yield "-", f"{name}: removed; its snapshots are all kept, and no more are made"


def _differences(old: Policy, new: Policy) -> Iterator[str]:
    if old.schedules != new.schedules:
        yield f"slots are now {', '.join(str(schedule.kind) for schedule in new.schedules)}, at other times than before"
    for kind in new.keep:
        if old.keep.get(kind) != new.keep[kind]:
            yield f"of the {kind} ones it keeps {new.keep[kind]}"
    for kind in old.keep:
        if kind not in new.keep:
            yield f"the {kind} ones are not kept as such any more"
    if old.copy != new.copy:
        yield f"copies go to {new.copy.region}" if new.copy else "no copies are made any more, and those there stay"
    if replace(old, schedules=(), keep={}, copy=None) != replace(new, schedules=(), keep={}, copy=None):
        yield "other fields have changed"


def _say(before: Policies, after: Policies, found: Snapshots) -> bool:
    changes = list(changed(before, after))
    for sign, line in changes:
        out.print(Text(f"{sign} {line}", COLOURS[sign]))
    if not changes:
        out.print("these policies say what those in force say")
        return False
    now, then = (_deletions(found, policies) for policies in (before, after))
    if then > now:
        said = f"the next retirement would delete {then:,} snapshots; by those in force, {now:,}"
        err.print(Text(f"{said}: `groundskeeper plan snapshots` says which, once they are in force", "bold yellow"))
    return True


def _deletions(found: Snapshots, policies: Policies) -> int:
    cleared = replace(found, policies=lambda: policies).retire(is_dry_run=True)
    return sum(len(each.deletions) for each in cleared.retired.values())
