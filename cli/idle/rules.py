"""`idle define`: put rules in force, and say what that changes."""

from collections.abc import Iterator
from dataclasses import fields, replace
from functools import cache

from rich.text import Text

from chalicelib.definition.aws import DefinitionStore
from chalicelib.idle.documents.wording import idle_means
from chalicelib.idle.model import Verdict
from chalicelib.idle.rules import Rules
from chalicelib.idle.service import Idle
from chalicelib.wiring.for_idle import RULES, IdleWiring
from cli import connection, defining, times
from cli.defining import Default, DryRun, File, Show
from cli.options import Local, Profile, Region, Stack
from cli.screen import COLOURS, err, out, progress


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
    """Put a file of rules in force, once it is sound, and say what that changes."""

    @cache
    def wiring() -> IdleWiring:
        return IdleWiring(connection.connect(stack=stack, local=local, region=region, profile=profile))

    def store() -> DefinitionStore[Rules]:
        return wiring().rule_store

    def say(before: Rules | None, after: Rules) -> bool:
        with progress("comparing"):
            return _say(before, after, times.told_the_time(wiring().idle, local=local))

    if defining.define(RULES, store, say, file=file, show=show, default=default, dry_run=dry_run):
        out.print("In force from the next judgement on.", style="bold")


def _say(before: Rules | None, after: Rules, found: Idle) -> bool:
    if before == after:
        out.print("these rules say what those in force say")
        return False
    for said in _differences(before, after):
        out.print(Text(f"~ {said}", COLOURS["~"]))
    then, now = (_idle(found, rules) for rules in (before or after, after))
    for id_, because in now.items():
        if id_ not in then:
            out.print(Text(f"+ {id_} would be idle: {because}", COLOURS["+"]))
    for id_ in then:
        if id_ not in now:
            out.print(Text(f"- {id_} would not be idle any more", COLOURS["-"]))
    return True


def _differences(before: Rules | None, after: Rules) -> Iterator[str]:
    if before is None or before.preset != after.preset:
        yield f"idle: {idle_means(after)} (preset {after.preset.name})"
    for each in fields(Rules):
        is_ = getattr(after, each.name)
        if each.name != "preset" and (before is None or getattr(before, each.name) != is_):
            yield f"{each.name.replace('_', '-')}: {', '.join(sorted(is_)) if isinstance(is_, frozenset) else is_}"


def _idle(found: Idle, rules: Rules) -> dict[str, str]:
    """Return which instances are idle by some rules, and why; say which regions cannot be read."""
    judged = replace(found, rules=lambda: rules).preview()
    for name, error in judged.errors.items():
        err.print(Text(f"! {name} was not read, so nothing is said of it: {error}", "bold red"))
    judgements = (each.judgement for each in judged.report.findings)
    return {each.instance.id: each.because for each in judgements if each.verdict is Verdict.IDLE}
