"""The nouns of access: tokens, their secrets, and the scopes that say what they are good for."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase

READ = "hosts:read:"
WRITE = "claims:write:"
FORCE = "claims:force"


@dataclass(frozen=True, slots=True)
class Secret:
    """What is kept of a token's secret: its SHA-256, in hex, and until when it is good, in seconds since the epoch."""

    digest: str
    until: float


@dataclass(frozen=True)
class Token:
    """A token as it is kept. While it is being rotated it has two secrets; moments are seconds since the epoch."""

    id: str
    name: str
    scopes: tuple[str, ...]
    created: float
    until: float
    secrets: tuple[Secret, ...]
    revoked: float | None = None

    def is_good(self, now: float) -> bool:
        """Say whether it has neither run out nor been revoked."""
        return self.revoked is None and now < self.until


@dataclass(frozen=True, slots=True)
class Caller:
    """Who sends a request: the token's id, and its scopes."""

    token: str
    scopes: frozenset[str]

    def may_read(self, view: str) -> bool:
        """Say whether it may read the documents of a view."""
        return READ + view in self.scopes

    def may_claim(self, label: str) -> bool:
        """Say whether it may claim a name, and see the claims on it."""
        return any(fnmatchcase(label, pattern) for pattern in self.patterns)

    @property
    def may_force(self) -> bool:
        """Whether it may take a name from another's live lease."""
        return FORCE in self.scopes

    @property
    def patterns(self) -> Collection[str]:
        """Return the patterns of names that it may claim."""
        return [scope.removeprefix(WRITE) for scope in self.scopes if scope.startswith(WRITE)]


def checked_scopes(scopes: Iterable[str]) -> tuple[str, ...]:
    """Return scopes, each once; raise ValueError that names one that does not exist, and those that do."""
    for scope in (found := tuple(dict.fromkeys(scopes))):
        pattern = scope.removeprefix(WRITE)
        is_pattern = (
            scope.startswith(WRITE) and pattern and set(pattern) <= set("abcdefghijklmnopqrstuvwxyz0123456789-*")
        )
        if scope not in (f"{READ}private", f"{READ}public", FORCE) and not is_pattern:
            raise ValueError(
                f"there is no scope {scope!r}: there are {READ}private, {READ}public, {FORCE}, "
                f"and {WRITE}PATTERN, with a name in lower case or a pattern such as web-*"
            )
    if not found:
        raise ValueError("name at least one scope")
    return found
