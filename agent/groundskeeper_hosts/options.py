"""The options, which the file and the command line share: how each is read, and what it means."""

from __future__ import annotations

import os
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from groundskeeper_hosts.checks import suffix_fault
from groundskeeper_hosts.transport import is_loopback

NEVER = float("inf")


class Option(NamedTuple):
    """One option; ``read`` turns text into a value, or raises ValueError with what is wrong."""

    name: str
    read: Callable[[str], Any]
    default: Any
    help: str

    @property
    def field(self) -> str:
        """The name of the field in Settings."""
        return self.name.replace("-", "_")

    def typed(self, text: str) -> str:
        """Return what a person typed: a relative path is meant from where they are."""
        return os.path.abspath(text) if text and self.read is _path else text  # noqa: PTH100 - links stay


def _url(text: str) -> str:
    parts = urlsplit(text)
    if (
        parts.scheme not in ("https", "http")
        or parts.port == 0
        or not parts.hostname
        or not text.isascii()
        or not text.isprintable()
    ):
        raise ValueError("not a URL such as https://api.example.com")
    if parts.query or parts.fragment or parts.username is not None or " " in text:
        raise ValueError("the URL must have no user, query or fragment")
    return text.rstrip("/")


def needs_https(url: str, allow_http: bool) -> bool:
    """Say whether this URL would send the token in clear to another machine."""
    parts = urlsplit(url)
    return parts.scheme != "https" and not allow_http and not is_loopback(parts.hostname or "")


def _view(text: str) -> str:
    if text not in ("private", "public"):
        raise ValueError("either private or public")
    return text


def _path(text: str) -> Path:
    if not text.startswith("/") or "\0" in text:
        raise ValueError("not an absolute path")
    return Path(text)


def _suffixes(text: str) -> tuple[str, ...]:
    suffixes = tuple(text.lower().replace(",", " ").split())
    wrong = [f"{suffix}: {suffix_fault(suffix)}" for suffix in suffixes if suffix_fault(suffix)]
    if wrong or not suffixes:
        raise ValueError("; ".join(wrong) or "no domain given")
    return suffixes


def seconds(least: int, most: int) -> Callable[[str], int]:
    """Return a reader for a whole number of seconds."""

    def read(text: str) -> int:
        if not (text.isascii() and text.isdigit() and least <= int(text[:12]) <= most):
            raise ValueError(f"not a whole number of seconds from {least} to {most}")
        return int(text)

    return read


def _seconds_or_never(text: str) -> float:
    return NEVER if text == "never" else seconds(0, 31_536_000)(text)


def command(text: str) -> tuple[str, ...]:
    """Split a command as a shell would; there is no shell unless it is written: sh -c '…'."""
    words = tuple(shlex.split(text))
    if not words:
        raise ValueError("an empty command")
    return words


def _yes(text: str) -> bool:
    if text.lower() not in ("yes", "no"):
        raise ValueError("either yes or no")
    return text.lower() == "yes"


SERVER = [
    Option("url", _url, None, "address of the API; https, or http to this machine itself"),
    Option("token-file", _path, None, "file with the token; only its owner may read it (mode 0600)"),
    Option("timeout", seconds(1, 600), 30, "seconds that one request may take in all (30)"),
    Option("ca-file", _path, None, "certificates to trust instead of the system's (PEM)"),
    Option("allow-http", _yes, False, "yes: send the token in clear over http to any machine (no)"),
]
TARGET = [
    Option("file", _path, None, "hosts file that gets a marked block (/etc/hosts)"),
    Option("own-file", _path, None, "file of our own instead, for dnsmasq's hostsdir or a container"),
    Option(
        "state-dir", _path, Path("/var/lib/groundskeeper-hosts"), "what is remembered (/var/lib/groundskeeper-hosts)"
    ),
    Option("max-stale", _seconds_or_never, 3600, "seconds without a good answer until exit code 4, or never (3600)"),
]
HOSTS = [
    Option("view", _view, "private", "private or public addresses (private)"),
    Option("suffix", _suffixes, None, "domains that names may be in, with commas or spaces between"),
    Option("interval", seconds(5, 86400), 60, "seconds between polls (60)"),
    Option("check", command, None, "command that must accept the candidate, {file}, before it is installed"),
    Option("on-change", command, None, "command to run after each change"),
    Option(
        "allow-shrink", _yes, False, "yes: install it although it is much smaller or older than what is installed (no)"
    ),
    Option("confirm-after", _seconds_or_never, 600, "seconds after which it is installed all the same, or never (600)"),
]
