"""What each campaign looks for in the family of a source, and what would put it right."""

from collections.abc import Callable, Iterable, Mapping

from chalicelib.derived.audit import Fault, Finding, Inspected
from chalicelib.derived.definitions import Definitions
from chalicelib.derived.job import Task
from chalicelib.derived.listing import Family
from chalicelib.derived.model import Kind, Transformation
from chalicelib.errors import BadRequest
from cli.derived.campaign import Looked


def to_audit(inspected: Inspected) -> Looked:
    """Return what is wrong, for nothing to be done about it."""
    return Looked(inspected.source_key, inspected.findings, inspected.to_repair)


def to_repair(inspected: Inspected, family: Family, known: Mapping[str, Transformation], *, retry: bool) -> Looked:
    """Return what is wrong, and the tasks that put it right; with ``retry`` also what could not be made before."""
    key, entombed = inspected.source_key, _entombed(inspected, family) if retry else []
    tried = [Finding(Fault.MISSING, each.key, f"it is tried again: {each.because}") for each in entombed]
    whole = [Task(key, (), whole_family=True)] if inspected.to_repair else []
    again = [Task(key, tuple(known[each.key.transformation] for each in entombed))] if entombed else []
    return Looked(
        key,
        (*(each for each in inspected.findings if each not in entombed), *tried),
        (*inspected.to_repair, *tried),
        tasks=(*whole, *again),
        tombstones=tuple(each.key.tombstone for each in entombed),
        deletes=inspected.is_orphaned,
    )


def to_backfill(family: Family, wanted: Iterable[Transformation], sniff: Callable[[str], Kind | None]) -> Looked:
    """Return what a source lacks of what is wanted and fits it; what could not be made before is not missing."""
    key, listed = family.source_key, {child.leaf for child in family.children}
    lacking = [each for each in wanted if not {each.of(key).leaf, each.of(key).tombstone.leaf} & listed]
    kind = sniff(key) if family.source and lacking else None
    fitting = tuple(each for each in lacking if each.kind == kind)
    missing = tuple(Finding(Fault.MISSING, each.of(key), "it is missing") for each in fitting)
    return Looked(key, missing, missing, tasks=(Task(key, fitting),) if fitting else ())


def named(names: Iterable[str], definitions: Definitions) -> tuple[Transformation, ...]:
    """Return transformations by their names; raise BadRequest for a name that is not defined."""
    known = definitions.transformations
    if unknown := [name for name in names if name not in known]:
        raise BadRequest(f"there is no transformation {unknown[0]!a}: there are {', '.join(known)}")
    return tuple(known[name] for name in dict.fromkeys(names))


def _entombed(inspected: Inspected, family: Family) -> list[Finding]:
    """Return what is left alone because a tombstone stands in its place; one of no defined transformation stays."""
    leaves = {child.leaf for child in family.children}
    return [
        finding
        for finding in inspected.findings
        if finding.fault is Fault.LEFT_ALONE and inspected.has_source and not finding.key.is_tombstone
        if finding.key.tombstone.leaf in leaves and finding.key.leaf not in leaves
    ]
