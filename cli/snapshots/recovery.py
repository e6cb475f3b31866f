"""`snapshots restore-plan`: which snapshot brings a volume back, by which commands, and what stands in the way."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.text import Text

from chalicelib import reconcile
from chalicelib.errors import BadRequest
from chalicelib.snapshots.aws.reader import Reader
from chalicelib.snapshots.model import Snapshot, World
from chalicelib.snapshots.recovery import Recovery, Source, recover
from chalicelib.wiring.base import READING
from cli import connection, times
from cli.options import Json, Local, Profile, Region, Stack
from cli.screen import err, out
from cli.snapshots import reach


def restore_plan(
    volume: Annotated[str, typer.Argument(help="The volume's id, alive or gone.")],
    at: Annotated[
        str | None,
        typer.Option("--at", metavar="TIME", help="As it was then, such as 2026-11-20T12:00Z; now without it."),
    ] = None,
    from_: Annotated[
        list[str] | None,
        typer.Option(
            "--from", metavar="REGION", help="Look in this region, and not at the stack: its own may be out of reach."
        ),
    ] = None,
    stack: Stack = None,
    local: Local = False,
    region: Region = None,
    profile: Profile = None,
    as_json: Json = False,
) -> None:
    """Say which snapshot brings a volume back as it was at some time, and how; change nothing."""
    if not volume.startswith("vol-"):
        raise BadRequest(f"VOLUME must be a volume's id such as vol-0123456789abcdef0, and is {volume!r}")
    if from_:
        readers = _readers(from_, stack, local, profile)
        worlds, errors = reconcile.each(from_, lambda name: readers[name].look())
        now = datetime.now(UTC)
    else:
        with reach.snapshots(stack, local, region, profile, "reading") as found:
            names = found.all_regions(found.policies())
            worlds, errors = reconcile.each(names, lambda name: found.region(name).look())
            now = found.clock()
    for name, error in errors.items():
        err.print(Text(f"! {name} was not read, and may hold a later snapshot: {error}", "bold red"))
    recovery = _recovery(volume, times.moment(at, "--at") if at else now, worlds)
    if as_json:
        out.print_json(json.dumps(_as_json(recovery)))
    else:
        _print(recovery)
    if recovery.source is None:
        raise typer.Exit(1)


def _readers(regions: list[str], stack: str | None, local: bool, profile: str | None) -> dict[str, Reader]:
    """Return what reads regions by the labels of snapshots alone; raise BadRequest where no stack is named."""
    session, run = connection.session(local=local, region=regions[0], profile=profile)
    name = stack or run.get("stack")
    if not name:
        raise BadRequest("--from does not look at the stack, so name it with --stack")
    return {each: Reader(session.client("ec2", region_name=each, config=READING), each, name) for each in regions}


def _recovery(volume: str, at: datetime, worlds: Mapping[str, World]) -> Recovery:
    home = _home(volume, worlds)
    others = [(name, each) for name, world in worlds.items() if world is not home for each in world.snapshots]
    return recover(volume, at, home, [Source(each, name) for name, each in others if each.label.is_copy])


def _home(volume: str, worlds: Mapping[str, World]) -> World:
    """Return the region that a volume is in, or its snapshots; one without anything where only copies are seen."""
    here = [world for world in worlds.values() if volume in world.volumes]
    left = [world for world in worlds.values() if any(_is_original(each, volume) for each in world.snapshots)]
    return next(iter([*here, *left]), World("", {}, {}))


def _is_original(snapshot: Snapshot, volume: str) -> bool:
    return snapshot.volume == volume and not snapshot.label.is_copy


def _print(recovery: Recovery) -> None:
    if recovery.source is None:
        for obstacle in recovery.obstacles:
            err.print(Text(f"nothing to restore from: {obstacle}", "bold red"))
        return
    snapshot = recovery.source.snapshot
    out.print(Text(f"{snapshot.id}, taken {snapshot.taken:%Y-%m-%d %H:%M:%S} UTC", "bold green"))
    out.print(Text(f"  {snapshot.size} GiB in {recovery.source.region}, because {snapshot.label.because}", "dim"))
    for sibling in recovery.siblings:
        out.print(Text(f"  of the same instant: {sibling.id} of {sibling.volume}"))
    for obstacle in recovery.obstacles:
        out.print(Text(f"! {obstacle}", "yellow"))
    for command in recovery.commands:
        out.print(Text(f"  {command}"))


def _as_json(recovery: Recovery) -> dict[str, object]:
    source = recovery.source
    return {
        "snapshot": source and source.snapshot.id,
        "region": source and source.region,
        "taken": source and source.snapshot.taken.isoformat(),
        "siblings": {each.volume: each.id for each in recovery.siblings},
        "obstacles": list(recovery.obstacles),
        "commands": list(recovery.commands),
    }
