"""The nouns of access: tokens, their secrets, and the scopes that say what they are good for."""

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase

READ = "hosts:read:"
WRITE = "claims:write:"
FORCE = "claims:force"
READ_DERIVED = "derived:read:"
DERIVE = "derived:write:"
_LITERAL = re.compile(r"[?[]")
# Patterns of names, and of objects' keys: none may hold a space, since scopes are joined with spaces.
PATTERNS = {WRITE: re.compile(r"[a-z0-9*-]+"), READ_DERIVED: (_KEYS := re.compile(r"[!-~]+")), DERIVE: _KEYS}


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
        return self._matches(WRITE, label)

    def may_read_derived(self, source_key: str) -> bool:
        """Say whether it may read what is derived of a source."""
        return self._matches(READ_DERIVED, source_key)

    def may_derive(self, source_key: str) -> bool:
        """Say whether it may have something derived of a source."""
        return self._matches(DERIVE, source_key)

    @property
    def may_force(self) -> bool:
        """Whether it may take a name from another's live lease."""
        return FORCE in self.scopes

    @property
    def patterns(self) -> Collection[str]:
        """Return the patterns of names that it may claim."""
        return self._patterns(WRITE)

    def _patterns(self, kind: str) -> list[str]:
        return [scope.removeprefix(kind) for scope in self.scopes if scope.startswith(kind)]

    def _matches(self, kind: str, subject: str) -> bool:
        # A * stands for anything, and all else for itself: keys may hold what else means something to fnmatch.
        return any(fnmatchcase(subject, _LITERAL.sub(r"[\g<0>]", pattern)) for pattern in self._patterns(kind))


def checked_scopes(scopes: Iterable[str]) -> tuple[str, ...]:
    """Return scopes, each once; raise ValueError that names one that does not exist, and those that do."""
    for scope in (found := tuple(dict.fromkeys(scopes))):
        kind = next((kind for kind in PATTERNS if scope.startswith(kind)), "")
        is_pattern = bool(kind) and PATTERNS[kind].fullmatch(scope.removeprefix(kind)) is not None
        if scope not in (f"{READ}private", f"{READ}public", FORCE) and not is_pattern:
            raise ValueError(
                f"there is no scope {scope!r}: there are {READ}private, {READ}public, {FORCE}, "
                f"{WRITE}PATTERN, with a name in lower case or a pattern such as web-*, "
                f"{READ_DERIVED}PATTERN and {DERIVE}PATTERN, with a pattern of sources' keys such as photos/*"
            )
    if not found:
        raise ValueError("name at least one scope")
    return found
