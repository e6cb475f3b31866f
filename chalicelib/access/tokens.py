"""The rules of tokens: how they are made, rotated and recognised. Whoever reads the table cannot use what is in it.

A token is ``gk_<id>_<secret>``. A secret has 256 random bits, so a plain digest of it cannot be guessed back.
"""

import hashlib
import hmac
import re
import secrets
from dataclasses import replace

from chalicelib.access.model import Caller, Secret, Token

_FORM = re.compile(r"gk_([a-z0-9]{12})_([A-Za-z0-9_-]{43})")
_ID_ALPHABET = "abcdefghijklmnopqrstuvwxyz0123456789"


def create(name: str, scopes: tuple[str, ...], now: float, lifetime: float) -> tuple[Token, str]:
    """Return a new token, and the text that its owner shows, which is kept nowhere; ``lifetime`` is in seconds."""
    id_ = "".join(secrets.choice(_ID_ALPHABET) for _ in range(12))
    text, secret = _secret(id_, now + lifetime)
    return Token(id_, name, scopes, now, now + lifetime, (secret,)), text


def rotate(token: Token, now: float, lifetime: float, grace: float) -> tuple[Token, str]:
    """Return a token with a new secret, and its text; the secret before it is good for ``grace`` seconds more.

    Secrets older than that one end now: two are good at once, never more.
    """
    text, new = _secret(token.id, now + lifetime)
    last = replace(token.secrets[-1], until=min(token.secrets[-1].until, now + grace))
    return replace(token, until=max(new.until, last.until), secrets=(last, new)), text


def id_of(authorization: str) -> str | None:
    """Return the id of the token in an Authorization header, if one is in it."""
    found = _shown(authorization)
    return found[1] if found else None


def recognise(authorization: str, token: Token, now: float) -> Caller | None:
    """Return who sends a request with this header, if it shows a good secret of the token."""
    found = _shown(authorization)
    if not found or not token.is_good(now):
        return None
    digest = _digest(found[2])
    good = [hmac.compare_digest(digest, kept.digest) and now < kept.until for kept in token.secrets]
    return Caller(token.id, frozenset(token.scopes)) if any(good) else None


def _shown(authorization: str) -> re.Match[str] | None:
    """Read a Bearer token (RFC 6750, section 2.1); the scheme's case does not matter (RFC 9110, section 11.1)."""
    scheme, _, shown = authorization.partition(" ")
    return _FORM.fullmatch(shown.strip(" ")) if scheme.lower() == "bearer" else None


def _secret(id_: str, until: float) -> tuple[str, Secret]:
    text = secrets.token_urlsafe(32)
    return f"gk_{id_}_{text}", Secret(_digest(text), until)


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
