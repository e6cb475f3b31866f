"""The commands about tokens: give access to the API, limit it, renew it, end it."""

import json
import re
import sys
import time
from dataclasses import replace
from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text

from chalicelib.access import tokens
from chalicelib.access.aws import Tokens
from chalicelib.access.model import Token, checked_scopes
from chalicelib.errors import BadRequest
from chalicelib.wiring.for_hosts import HostsWiring
from cli import connection
from cli.options import Json, Local, Profile, Region, Stack
from cli.screen import err, out

app = typer.Typer(help="Give access to the API, limit it, renew it, end it.", no_args_is_help=True)
UNITS = {"m": 60, "h": 3600, "d": 86_400}
CACHED = (
    360  # seconds that API Gateway may still let a token in (app.py), and that a link is good (derived/aws/store.py)
)

Id = Annotated[str, typer.Argument(help="The token's id, as `tokens list` shows it.")]
Expires = Annotated[str, typer.Option(help="For how long it is good: 90d, 12h, 30m.")]


@app.command("create")
def create(
    name: Annotated[str, typer.Argument(help="Whom or what it is for.")],
    scope: Annotated[
        list[str],
        typer.Option(
            help="hosts:read:private, hosts:read:public, claims:write:PATTERN, claims:force, derived:read:PATTERN, "
            "derived:write:PATTERN; may be repeated."
        ),
    ],
    expires: Expires = "90d",
    stack: Stack = None,
    local: Local = False,
    region: Region = None,
    profile: Profile = None,
) -> None:
    """Make a token and print it; it is kept nowhere, and never shown again."""
    try:
        scopes = checked_scopes(scope)
    except ValueError as reason:
        raise BadRequest(str(reason)) from reason
    if not name.isprintable() or not 1 <= len(name) <= 64:
        raise BadRequest("a token's name is 1 to 64 printable characters")
    made, text = tokens.create(name, scopes, time.time(), _seconds(expires, "--expires"))
    _kept(stack, local, region, profile).add(made)
    _show_once(text, f"token {made.id} for {name}: {' '.join(scopes)}; good until {_moment(made.until)}")


@app.command("list")
def list_(
    stack: Stack = None,
    local: Local = False,
    region: Region = None,
    profile: Profile = None,
    as_json: Json = False,
) -> None:
    """List every token: whose it is, what for, until when."""
    found, now = _kept(stack, local, region, profile).everything(), time.time()
    if as_json:
        out.print_json(json.dumps([_as_json(token, now) for token in found]))
        return
    table = Table("id", "state", "good until", "name", "scopes", box=None, pad_edge=False)
    for token in found:
        row = (token.id, _state(token, now), _moment(token.until), token.name, "\n".join(token.scopes))
        table.add_row(*map(Text, row))
    out.print(table if found else "no tokens: make one with `groundskeeper tokens create`")


@app.command("rotate")
def rotate(
    id_: Id,
    grace: Annotated[str, typer.Option(help="For how long the token before it is still good.")] = "1d",
    expires: Annotated[str | None, typer.Option(help="For how long it is good; without it, as long as before.")] = None,
    stack: Stack = None,
    local: Local = False,
    region: Region = None,
    profile: Profile = None,
) -> None:
    """Print a new token of the same id, name, scopes and end; the one before it is good for a while."""
    kept, now = _kept(stack, local, region, profile), time.time()
    seen = _good(kept, id_, now)
    lifetime = _seconds(expires, "--expires") if expires else seen.until - now
    made, text = tokens.rotate(seen, now, lifetime, _seconds(grace, "--grace"))
    kept.replace(seen, made)
    old, new = made.secrets
    if sum(now < secret.until for secret in seen.secrets) > 1:
        err.print(f"token {id_} was being rotated: the oldest of the three has ended now", style="bold yellow")
    _show_once(
        text,
        f"token {id_}: the new one is good until {_moment(new.until)}, the one before it until {_moment(old.until)}",
    )


@app.command("revoke")
def revoke(
    id_: Id,
    stack: Stack = None,
    local: Local = False,
    region: Region = None,
    profile: Profile = None,
) -> None:
    """End a token and its claims, and nobody else's; API Gateway forgets it in a minute, its links end later."""
    base, now = connection.connect(stack=stack, local=local, region=region, profile=profile), time.time()
    wiring, seen = HostsWiring(base), _known(base.tokens, id_)
    if seen.revoked is None:
        base.tokens.replace(seen, replace(seen, revoked=now))
    ended = _moment((seen.revoked or now) + CACHED)
    out.print(
        Text(f"token {id_} of {seen.name} is revoked: in a minute nobody gets in with it; its links end at {ended}")
    )
    claimed = [name for name in wiring.inventory.claimed().names.values() if name.claim and name.claim.token == id_]
    for name in claimed:
        is_free = bool(name.held) or wiring.inventory.drop_claim(name)
        said = "is released" if is_free else "has changed just now: revoke the token again to release it"
        out.print(Text(f"{name.label}, which it claimed, {said}"))
    if claimed:
        wiring.queue.announce()


def _kept(stack: str | None, local: bool, region: str | None, profile: str | None) -> Tokens:
    return connection.connect(stack=stack, local=local, region=region, profile=profile).tokens


def _known(kept: Tokens, id_: str) -> Token:
    if (token := kept.get(id_)) is None:
        raise BadRequest(f"there is no token {id_}: `groundskeeper tokens list` shows them")
    return token


def _good(kept: Tokens, id_: str, now: float) -> Token:
    """Return a token that can be renewed: what has ended stays ended."""
    token = _known(kept, id_)
    if not token.is_good(now):
        raise BadRequest(f"token {id_} is {_state(token, now)}: make a new one with `groundskeeper tokens create`")
    return token


def _seconds(text: str, option: str) -> float:
    """Return how long a duration lasts, from a minute to ten years."""
    found = re.fullmatch(r"([1-9]\d{0,6})([mhd])", text)
    seconds = int(found[1]) * UNITS[found[2]] if found else 0
    if not 0 < seconds <= 3660 * UNITS["d"]:
        raise BadRequest(f"{option} must be a number and m, h or d, such as 90d, at most ten years, and is {text!r}")
    return float(seconds)


def _show_once(text: str, about: str) -> None:
    """Print a token alone on standard output, for a file or a pipe, and what it is beside it."""
    err.print(Text(about))
    err.print("Keep it now, in a file that only its owner reads: it is not shown again.", style="bold yellow")
    sys.stdout.write(f"{text}\n")


def _state(token: Token, now: float) -> str:
    if token.revoked is not None:
        return "revoked"
    if now >= token.until:
        return "expired"
    good = [secret.until for secret in token.secrets if now < secret.until]
    return "good" if len(good) == 1 else f"good; the one before until {_moment(min(good))}"


def _as_json(token: Token, now: float) -> dict[str, object]:
    return {
        "id": token.id,
        "name": token.name,
        "scopes": list(token.scopes),
        "created": _moment(token.created),
        "until": _moment(token.until),
        "state": _state(token, now),
    }


def _moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%MZ")
