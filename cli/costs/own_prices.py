"""`costs define`: put an operator's own prices in force, for the reports of a stack."""

from collections.abc import Iterator

from chalicelib.economics.book import Overrides
from chalicelib.wiring.base import Base
from chalicelib.wiring.for_idle import PRICES, IdleWiring
from cli import defining
from cli.defining import Reached, show_changes
from cli.screen import out


def _reached(base: Base, _local: bool) -> Reached[Overrides]:
    return Reached(IdleWiring(base).price_store, _say)


define = defining.command(
    PRICES,
    _reached,
    lambda: "In force from the next report on.",
    "Put a file of your own prices in force for a stack's reports of idle instances, once it is sound.",
)


def _say(before: Overrides | None, after: Overrides) -> bool:
    if before == after:
        out.print("these prices are those in force")
        return False
    show_changes(_changed(before or Overrides(), after))
    return True


def _changed(before: Overrides, after: Overrides) -> Iterator[tuple[str, str]]:
    for name, patch in after.regions.items():
        if before.regions.get(name) != patch:
            yield "~" if name in before.regions else "+", f"prices of {name}"
    for name in before.regions:
        if name not in after.regions:
            yield "-", f"prices of {name}: those of AWS count again"
