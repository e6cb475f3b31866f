"""What is wrong with this machine's set-up, line by line, and what to do about it; changes nothing."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from groundskeeper_hosts import block, checks, in_place
from groundskeeper_hosts.document import parse
from groundskeeper_hosts.errors import BadSettings, HostsError, named
from groundskeeper_hosts.secret import read_token
from groundskeeper_hosts.serving import fetch
from groundskeeper_hosts.settings import Settings
from groundskeeper_hosts.target import Target
from groundskeeper_hosts.transport import Transport

NSSWITCH = Path("/etc/nsswitch.conf")
MOUNTS = Path("/proc/self/mountinfo")


class Finding(NamedTuple):
    """One line: ok, warn or fail, about what, and for a failure the exit code that `sync` would end in."""

    level: str
    subject: str
    text: str
    code: int = 0


def examine(settings: Settings) -> Iterator[Finding]:
    """Yield what is found. Settings that cannot be read at all are an error before this."""
    target = Target.of(settings)
    yield _attempt("settings", lambda: _settings(settings))
    yield _attempt("token", lambda: _token(settings))
    yield _attempt("server", lambda: _server(settings))
    yield _attempt("target", lambda: _target(target, settings))
    yield _attempt("folder", lambda: _folder(target))
    yield _attempt("state", lambda: _state(target))
    if not target.own:
        yield _attempt("nsswitch", lambda: _nsswitch(NSSWITCH))


def show(settings: Settings) -> int:
    """Print the findings, and return the exit code of the first failure, or 0."""
    findings = list(examine(settings))
    for finding in findings:
        sys.stdout.write(f"{finding.level:<5} {finding.subject:<9} {finding.text}\n")
    return next((finding.code for finding in findings if finding.level == "fail"), 0)


def _attempt(subject: str, check: Callable[[], tuple[str, str]]) -> Finding:
    try:
        with named("cannot be looked at"):
            level, text = check()
    except HostsError as error:
        return Finding("fail", subject, str(error), error.exit_code)
    return Finding(level, subject, text)


def _settings(settings: Settings) -> tuple[str, str]:
    settings.require("url", "token-file", "suffix")
    source = Path(settings.source)
    if source.is_file() and source.stat().st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        return "warn", f"{source} can be written by others, and names commands that we run: chmod go-w {source}"
    if settings.allow_http:
        return "warn", "allow-http = yes may send the token in clear: use https"
    return "ok", f"{source}: {settings.view} view of {settings.url}, names below {' '.join(settings.suffix)}"


def _token(settings: Settings) -> tuple[str, str]:
    settings.require("token-file")
    read_token(settings.token_file)
    return "ok", f"{settings.token_file} holds a token that only its owner reads"


def _server(settings: Settings) -> tuple[str, str]:
    settings.require("url", "token-file", "suffix")
    transport = Transport(settings.timeout, settings.ca_file)
    url = f"{settings.url}/hosts/{settings.view}"
    served = fetch(transport, url, read_token(settings.token_file), "")
    if served is None:
        raise BadSettings(f"{url} answered 304 unasked")
    document = parse(served.body, settings.suffix, checks.own_names())
    own = f"; left out, being this machine's own: {', '.join(document.left_out)}" if document.left_out else ""
    return "ok", f"{url} serves {document.entries} good entries, generation {served.promise.generation}{own}"


def _target(target: Target, settings: Settings) -> tuple[str, str]:
    parts, state = block.split(target.look()), target.place.load()
    target.check_origin(state, settings)
    if not parts.block:
        return "warn", f"{target.path} holds no names of Groundskeeper yet: run `groundskeeper-hosts sync`"
    if parts.digest != state.block:
        return "warn", f"{target.path}: the block was edited by hand or comes from elsewhere; the next sync rewrites it"
    return "ok", f"{target.path} holds {parts.entries} entries as they were installed"


def _folder(target: Target) -> tuple[str, str]:
    if _is_mount(target.path):
        return (
            "warn",
            f"{target.path} is a mount of its own, and is overwritten in place, which is not atomic: see README",
        )
    if (links := target.path.stat().st_nlink if target.path.exists() else 1) > 1:
        return "warn", f"{target.path} has {links} hard links: the others keep the old content, see README"
    if os.access(target.path.parent, os.W_OK):
        return "ok", f"{target.path.parent} can be written: the file is replaced atomically"
    if target.path.exists() and os.access(target.path, os.W_OK):
        return "warn", f"{target.path.parent} cannot be written: the file is overwritten in place, which is not atomic"
    raise BadSettings(f"{target.path} cannot be written: run as root, or name another file")


def _is_mount(path: Path) -> bool:
    lines = MOUNTS.read_text("utf-8", "replace").splitlines() if MOUNTS.exists() else []
    return any(line.split()[4] == str(path) for line in lines)


def _state(target: Target) -> tuple[str, str]:
    folder = target.place.folder
    nearest = next(path for path in (folder, *folder.parents) if path.exists())
    if not os.access(nearest, os.W_OK):
        raise BadSettings(f"state-dir {folder} cannot be written: run as root, or name another")
    if aside := in_place.kept(target.place.file("journal")):
        return (
            "warn",
            f"{aside[0]} was kept after a run that was cut off: compare it with {target.path}, then delete it",
        )
    state = target.place.load()
    if state.failures:
        return "warn", f"the last {state.failures} polls failed: {state.last_error}"
    return "ok", f"{folder} can be written"


def _nsswitch(path: Path) -> tuple[str, str]:
    if not path.exists():
        return "ok", f"there is no {path}: hosts files are read by default"
    lines = (line.partition("#")[0].split() for line in path.read_text("utf-8", "replace").splitlines())
    sources = next((words[1:] for words in lines if words[:1] == ["hosts:"]), ["files"])
    if "files" not in sources:
        raise BadSettings(f"{path}: `hosts: {' '.join(sources)}` never reads the hosts file: write `hosts: files dns`")
    if "dns" in sources and sources.index("dns") < sources.index("files"):
        return "warn", f"{path} asks DNS before the hosts file: put files before dns"
    return "ok", f"{path} reads hosts files"
