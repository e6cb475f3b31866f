"""Settings: flags of the command line, then the file, then the defaults; whatever is wrong is named."""

from __future__ import annotations

import configparser
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from groundskeeper_hosts.errors import BadSettings, from_os
from groundskeeper_hosts.options import HOSTS, SERVER, TARGET, Option, needs_https

DEFAULT_FILE = Path("/etc/groundskeeper-hosts.conf")
DEFAULT_TARGET = Path("/etc/hosts")
SECTION = "groundskeeper-hosts"
OPTIONS = {option.name: option for option in SERVER + TARGET + HOSTS}


@dataclass(frozen=True)
class Settings:
    """What options.py describes; `None` where a required option was not given (see require)."""

    url: str
    token_file: Path
    timeout: int
    ca_file: Path | None
    allow_http: bool
    file: Path
    own_file: Path | None
    state_dir: Path
    max_stale: float
    view: str
    suffix: tuple[str, ...]
    interval: int
    check: tuple[str, ...] | None
    on_change: tuple[str, ...] | None
    allow_shrink: bool
    confirm_after: float
    source: str

    @property
    def origin(self) -> str:
        """Where the names come from, for people to read."""
        return f"{self.url}, {self.view} view"

    def require(self, *names: str) -> Settings:
        """Return the settings. Raises BadSettings if one of these options was not given."""
        missing = [name for name in names if getattr(self, OPTIONS[name].field) is None]
        if missing:
            raise BadSettings(
                f"{self.source} does not say {', '.join(missing)}: write `{missing[0]} = …` or --{missing[0]} …"
            )
        return self


def load(path: Path | None, flags: Mapping[str, str]) -> Settings:
    """Read the settings; ``flags`` are options as text. A path that is given must exist; the default one need not."""
    source = path or DEFAULT_FILE
    written = _read_file(source, must_exist=path is not None)
    if "own-file" in flags:
        written.pop("file", None)
    if "file" in flags:
        written.pop("own-file", None)
    values: dict[str, Any] = {option.field: option.default for option in OPTIONS.values()}
    values.update(_values(written, lambda name: f"{source}: {name}"))
    values.update(_values(flags, lambda name: f"--{name}"))
    if values["file"] and values["own_file"]:
        raise BadSettings(f"{source}: file and own-file exclude each other: keep one of the two")
    values["file"] = values["file"] or DEFAULT_TARGET
    if values["url"] and needs_https(values["url"], values["allow_http"]):
        raise BadSettings(f"{source}: url begins with http:// and would send the token in clear: use https://")
    return Settings(**values, source=str(source) if source.exists() else "the command line")


def _values(written: Mapping[str, str], where: Any) -> dict[str, Any]:
    values = {}
    for name, text in written.items():
        option = OPTIONS.get(name)
        if option is None:
            raise BadSettings(f"{where(name)} is not an option: remove it, or spell it as one of {', '.join(OPTIONS)}")
        values[option.field] = _value(option, text, where(name))
    return values


def _value(option: Option, text: str, where: str) -> Any:
    try:
        return option.read(text.strip())
    except ValueError as error:
        raise BadSettings(f"{where} = {text.strip()[:100]}: {error}; it is: {option.help}") from error


def _read_file(path: Path, must_exist: bool) -> dict[str, str]:
    parser = configparser.ConfigParser(interpolation=None, delimiters=("=",), default_section="")
    try:
        parser.read_string(path.read_text("utf-8"), str(path))
    except FileNotFoundError:
        if must_exist:
            raise BadSettings(f"{path} does not exist: write it, or name another with --config") from None
        return {}
    except OSError as error:
        raise from_os(error, f"{path} cannot be read") from error
    except (configparser.Error, UnicodeDecodeError) as error:
        raise BadSettings(f"{path} cannot be understood: {error}") from error
    others = [name for name in parser.sections() if name != SECTION]
    if others or not parser.has_section(SECTION):
        raise BadSettings(f"{path} must hold one section, [{SECTION}]" + (f", not [{others[0]}]" if others else ""))
    return dict(parser[SECTION])
