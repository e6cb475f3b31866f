"""`costs define`: put an operator's own prices in force, for the reports of a stack."""

from functools import cache

from rich.text import Text

from chalicelib.definition.aws import DefinitionStore
from chalicelib.economics.book import Overrides
from chalicelib.wiring.for_idle import PRICES, IdleWiring
from cli import connection, defining
from cli.defining import Default, DryRun, File, Show
from cli.options import Local, Profile, Region, Stack
from cli.screen import COLOURS, out


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
    """Put a file of your own prices in force for a stack's reports of idle instances, once it is sound."""

    @cache
    def store() -> DefinitionStore[Overrides]:
        return IdleWiring(connection.connect(stack=stack, local=local, region=region, profile=profile)).price_store

    if defining.define(PRICES, store, _say, file=file, show=show, default=default, dry_run=dry_run):
        out.print("In force from the next report on.", style="bold")


def _say(before: Overrides | None, after: Overrides) -> bool:
    if before == after:
        out.print("these prices are those in force")
        return False
    then = before.regions if before else {}
    for name, patch in after.regions.items():
        if then.get(name) != patch:
            out.print(Text(f"{'~' if name in then else '+'} prices of {name}", COLOURS["~" if name in then else "+"]))
    for name in then:
        if name not in after.regions:
            out.print(Text(f"- prices of {name}: those of AWS count again", COLOURS["-"]))
    return True
