"""`snapshots coverage`: could every volume be restored, and which slots have nothing."""

import json
from collections.abc import Iterable
from datetime import datetime, timedelta
from itertools import takewhile
from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text

from chalicelib.snapshots.coverage import MOST_SHOWN, Cell, Row, Status
from chalicelib.snapshots.slots import SlotKind
from cli import screen, times
from cli.options import Json, Local, Profile, Region, Stack
from cli.screen import err, finish, out
from cli.snapshots import reach
from cli.times import At

MARKS = {Cell.FILLED: "█", Cell.PENDING: "▒", Cell.FAILED: "x", Cell.GAP: "·", Cell.NOT_YET: " "}
STYLES = {Cell.FILLED: "green", Cell.PENDING: "yellow", Cell.FAILED: "bold red", Cell.GAP: "bold red"}
LEGEND = "oldest slot first: █ completed  ▒ pending  x failed  · nothing; blank: none is to be expected yet"
LONGEST_NAME = 24
WORDS = {status: "without a policy" if status is Status.NO_POLICY else str(status) for status in Status}
ORDER = list(Status)[::-1]


def show(
    at: At = None,
    all_: Annotated[bool, typer.Option("--all", help="Volumes without a policy, too.")] = False,
    stack: Stack = None,
    local: Local = False,
    region: Region = None,
    profile: Profile = None,
    as_json: Json = False,
) -> None:
    """Say of each volume whether it could be restored as its policy promises, and which slots have nothing."""
    with reach.snapshots(stack, local, region, profile, "reading") as found:
        looking = times.as_if(found, at)
        swept = looking.cover()
    rows = [(name, row) for name, some in swept.rows.items() for row in some]
    chosen = [each for each in rows if all_ or each[1].status is not Status.NO_POLICY]
    if as_json:
        out.print_json(json.dumps([_as_json(name, row) for name, row in chosen]))
    else:
        _print(chosen, looking.clock())
    for trouble in swept.troubles:
        err.print(Text(f"! {trouble.snapshot.id} of {trouble.snapshot.volume}: {trouble.reason}", "bold red"))
    if not as_json:
        _sum_up([row for _, row in rows])
    finish(swept.errors, is_good=not swept.troubles and not any(row.is_at_risk for _, row in rows))


def _print(rows: list[tuple[str, Row]], now: datetime) -> None:
    kinds = [kind for kind in SlotKind if any(kind in row.cells for _, row in rows)]
    blank = {kind: min((_blank(row, kind) for _, row in rows), default=0) for kind in kinds}
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("volume", "name", "policy", "newest", *kinds):
        table.add_column(heading, no_wrap=True)
    for _, row in sorted(rows, key=lambda each: (ORDER.index(each[1].status), each[0], each[1].volume.id)):
        table.add_row(
            Text(row.volume.id, "bold red" if row.is_at_risk else ""),
            Text(_clipped(row.name or " ".join(row.volume.instances) or "-")),
            Text(row.policy or "none", "" if row.policy else "yellow"),
            _newest(row, now),
            *(_cells(row, kind, blank[kind]) for kind in kinds),
        )
    if rows:
        screen.show_whole(table)
        out.print(Text(LEGEND, "dim"))
    for name, row in rows:
        if row.is_at_risk:
            err.print(Text(f"! {name}  {row.volume.id} is not covered: {row.because}", "bold red"))


def _newest(row: Row, now: datetime) -> Text:
    if row.newest is None:
        return Text(
            "new" if row.status is Status.NEW else "never", "yellow" if row.status is Status.NEW else "bold red"
        )
    return Text(f"{_age(now - row.newest.taken)} ago", "bold red" if row.status is Status.UNCOVERED else "")


def _age(age: timedelta) -> str:
    hours = age // timedelta(hours=1)
    if age < timedelta(0):
        return "in the future, not"
    if hours >= 48:
        return f"{hours // 24} d"
    return f"{hours} h" if hours else f"{max(0, age // timedelta(minutes=1))} min"


def _clipped(name: str) -> str:
    return name if len(name) <= LONGEST_NAME else f"{name[: LONGEST_NAME - 1]}…"


def _blank(row: Row, kind: SlotKind) -> int:
    """Return how many slots at the beginning have nothing to show, but for the last one."""
    cells = [cell for _, cell in row.cells.get(kind, ())][:-1]
    return len(list(takewhile(lambda cell: cell is Cell.NOT_YET, cells))) if cells else MOST_SHOWN


def _cells(row: Row, kind: SlotKind, blank: int) -> Text:
    """Return a character for each slot, without those at the beginning at which no volume has anything to show."""
    text = Text()
    for _, cell in row.cells.get(kind, ())[blank:]:
        text.append(MARKS[cell], STYLES.get(cell, ""))
    return text


def _sum_up(rows: Iterable[Row]) -> None:
    counts = dict.fromkeys(Status, 0)
    gaps = 0
    for row in rows:
        counts[row.status] += 1
        gaps += row.gaps
    said = [f"{count:,} {WORDS[status]}" for status, count in counts.items() if count]
    more = f"; {gaps:,} slots have nothing" if gaps else ""
    out.print(f"volumes: {', '.join(said) or 'there are none'}{more}", style="bold")


def _as_json(name: str, row: Row) -> dict[str, object]:
    return {
        "region": name,
        "volume": row.volume.id,
        "name": row.name or None,
        "instances": list(row.volume.instances),
        "policy": row.policy or None,
        "status": row.status,
        "because": row.because,
        "newest": row.newest and row.newest.id,
        "taken": row.newest and row.newest.taken.isoformat(),
        "slots": {kind: {slot.period: cell for slot, cell in cells} for kind, cells in row.cells.items()},
    }
