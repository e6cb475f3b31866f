"""`idle define`: put rules in force, and say what that changes."""

from collections.abc import Iterator
from dataclasses import fields, replace

from rich.text import Text

from chalicelib.idle.documents.wording import idle_means
from chalicelib.idle.model import Verdict
from chalicelib.idle.rules import Rules
from chalicelib.idle.service import Idle
from chalicelib.wiring.base import Base
from chalicelib.wiring.for_idle import RULES, IdleWiring
from cli import defining
from cli.defining import Reached, comparing, show_changes
from cli.screen import err, out


def _reached(base: Base, local: bool) -> Reached[Rules]:
    wiring = IdleWiring(base)
    return comparing(wiring.rule_store, lambda: wiring.idle, _say, local=local)


define = defining.command(
    RULES,
    _reached,
    lambda: "In force from the next judgement on.",
    "Put a file of rules in force, once it is sound, and say what that changes.",
)


def _say(before: Rules | None, after: Rules, found: Idle) -> bool:
    if before == after:
        out.print("these rules say what those in force say")
        return False
    show_changes(("~", said) for said in _differences(before, after))
    then, now = (_idle(found, rules) for rules in (before or after, after))
    show_changes(("+", f"{id_} would be idle: {because}") for id_, because in now.items() if id_ not in then)
    show_changes(("-", f"{id_} would not be idle any more") for id_ in then if id_ not in now)
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
