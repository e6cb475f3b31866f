"""`snapshots define`: put policies in force, and say what that changes: who loses snapshots by it, and which."""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from rich.text import Text

from chalicelib.errors import GroundskeeperError
from chalicelib.snapshots.policies import Policies, Policy, copy_regions
from chalicelib.snapshots.service import Snapshots
from chalicelib.wiring.base import Base
from chalicelib.wiring.for_snapshots import DEFINABLE, SnapshotsWiring
from cli import defining
from cli.defining import Reached, comparing, show_changes
from cli.screen import err, out

MOST_NAMED = 10  # volumes


def _reached(base: Base, local: bool) -> Reached[Policies]:
    wiring = SnapshotsWiring(base)
    return comparing(wiring.definition_store, lambda: wiring.snapshots, _say, local=local)


define = defining.command(
    DEFINABLE,
    _reached,
    lambda: "In force within a minute.",
    "Put a file of policies in force, once it is sound, and say what that changes.",
)


def changed(before: Policies, after: Policies) -> Iterator[tuple[str, str]]:
    """Yield what changes, as pairs of a sign and a line."""
    for name in after:
        if name not in before:
            yield "+", f"{name}: new"
        else:
            yield from (("~", f"{name}: {said}") for said in _differences(before[name], after[name]))
    for name in before:
        if name not in after:
            yield "-", f"{name}: removed; its snapshots are all kept, and no more are made"


def _differences(old: Policy, new: Policy) -> Iterator[str]:
    then, now = ({schedule.kind: schedule for schedule in policy.schedules} for policy in (old, new))
    yield from (f"{kind} slots are new" for kind in now if kind not in then)
    yield from (f"there are no {kind} slots any more" for kind in then if kind not in now)
    yield from (f"{kind} slots come at other times" for kind in now if kind in then and then[kind] != now[kind])
    for kind, keep in new.keep.items():
        if kind in old.keep and old.keep[kind] != keep:
            yield f"of the {kind} ones it keeps {keep}; it kept {old.keep[kind]}"
    if old.copy != new.copy:
        yield f"copies go to {new.copy.region}" if new.copy else "no copies are made any more, and those there stay"
    was, is_ = _plain(old), _plain(new)
    yield from (f"{field}: {was[field]} -> {is_[field]}" for field in is_ if was[field] != is_[field])


def _plain(policy: Policy) -> dict[str, object]:
    """Return the fields that are shown as they are."""
    return {
        "root-volumes": "include" if policy.takes_roots else "exclude",
        "encryption": "required" if policy.needs_encryption else "any",
        "tags": " ".join(policy.tags) or "none",
        "shared-with": " ".join(sorted(policy.shared_with)) or "nobody",
        "grace": policy.grace,
        "gone": policy.gone_days or "as long as keep says",
        "hooks": policy.hooks or "none",
    }


def _say(before: Policies | None, after: Policies, found: Snapshots) -> bool:
    before = before or {}
    if not show_changes(changed(before, after)):
        out.print("these policies say what those in force say")
        return False
    for warning in (*_losers(found, before, after), *_deletions(found, before, after), *_useless(found, after)):
        err.print(Text(f"! {warning}", "bold yellow"))
    return True


def _losers(found: Snapshots, before: Policies, after: Policies) -> Iterator[str]:
    """Say which volumes get snapshots now, and would get none."""
    then, now = _by(found, before).cover(), _by(found, after).cover()
    yield from _errors(then.errors)
    asking = {row.volume.id for rows in then.rows.values() for row in rows if row.policy}
    lost = {row.volume.id: row.because for rows in now.rows.values() for row in rows if not row.policy}
    losers = sorted(asking & lost.keys())
    for id_ in losers[:MOST_NAMED]:
        yield f"{id_} would get no snapshots any more: {lost[id_]}"
    if more := losers[MOST_NAMED:]:
        yield f"nor would {len(more)} other volumes"


def _deletions(found: Snapshots, before: Policies, after: Policies) -> Iterator[str]:
    """Say how many snapshots the next retirement would delete, where they are more than by the policies in force."""
    then, now = _by(found, before).retire(is_dry_run=True), _by(found, after).retire(is_dry_run=True)
    yield from _errors(now.errors)
    was, is_ = (sum(len(each.deletions) for each in cleared.retired.values()) for cleared in (then, now))
    if is_ > was:
        refused = " and would refuse to, without --force" if any(r.unsafe for r in now.retired.values()) else ""
        yield f"the next retirement would delete {is_:,} snapshots{refused}; by the policies in force, {was:,}"


def _by(found: Snapshots, policies: Policies) -> Snapshots:
    return replace(found, policies=lambda: policies)


def _useless(found: Snapshots, after: Policies) -> Iterator[str]:
    """Say what the stack as it is deployed will not do."""
    for region in copy_regions(after):
        if region in found.regions:
            yield f"a policy copies to {region}, where the stack makes snapshots itself: those are not copied"
    hooked = [name for name, policy in after.items() if policy.hooks]
    if hooked and not found.runs_hooks:
        yield f"{', '.join(hooked)}: hooks are not run, since the stack was deployed with SnapshotHooks=0"


def _errors(errors: Mapping[str, GroundskeeperError]) -> Iterator[str]:
    yield from (f"{where} was not read, so nothing is said of it: {error}" for where, error in errors.items())
