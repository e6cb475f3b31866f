"""The temporary credentials that Lambda gives to a function: those of the function's own role."""

from __future__ import annotations

import json
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from moto.iam.models import iam_backends
from moto.sts.models import sts_backends

if TYPE_CHECKING:
    from localcloud.ground.gate import Gate

LIFETIME = 3600.0
MARGIN = 900.0  # the longest that an invocation may take


class CannotAssumeRoleError(Exception):
    """The role is missing, or does not trust Lambda."""


@dataclass(frozen=True)
class Credentials:
    """One session of an assumed role; `until` is in seconds since 1970."""

    access_key: str
    secret_key: str
    token: str
    until: float


class RoleSessions:
    """Assumes roles as the Lambda service does, and again before a session ends."""

    def __init__(self, gate: Gate) -> None:
        self._gate = gate
        self._lock = threading.Lock()
        self._sessions: dict[tuple[str, str], Credentials] = {}

    def of(self, role_arn: str, session: str) -> Credentials:
        """Return credentials good for another quarter of an hour; raise CannotAssumeRoleError."""
        with self._lock:
            current = self._sessions.get((role_arn, session))
            if current is None or current.until - MARGIN < time.time():
                current = self._sessions[role_arn, session] = self._assume(role_arn, session)
            return current

    def _assume(self, role_arn: str, session: str) -> Credentials:
        # In process: an AssumeRole on the wire would need a user whom the role trusts, and it trusts a service.
        account = role_arn.split(":")[4]
        with self._gate:
            roles = [role for role in iam_backends[account]["aws"].get_roles() if role.arn == role_arn]
            if not roles or not trusts_lambda(roles[0].assume_role_policy_document):
                raise CannotAssumeRoleError(
                    f"The role defined for the function cannot be assumed by Lambda: {role_arn}"
                )
            made = sts_backends[account]["aws"].assume_role(
                region_name="us-east-1",
                role_session_name=session[:64],
                role_arn=role_arn,
                policy=None,
                duration=int(LIFETIME),
                external_id=None,
            )
        return Credentials(made.access_key_id, made.secret_access_key, made.session_token, time.time() + LIFETIME)


def trusts_lambda(policy: str | dict[str, Any]) -> bool:
    """Tell whether a trust policy lets the Lambda service assume the role."""
    document = json.loads(policy) if isinstance(policy, str) else policy
    return any(
        statement.get("Effect") == "Allow"
        and "sts:AssumeRole" in _listed(statement.get("Action"))
        and "lambda.amazonaws.com" in _listed((statement.get("Principal") or {}).get("Service"))
        for statement in _listed(document.get("Statement"))
    )


def _listed(value: Any) -> list[Any]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]
