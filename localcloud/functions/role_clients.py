"""boto3 clients with the rights of a function's role, for what Lambda does in the function's name."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config

from localcloud.iam.admins import INTERNAL

if TYPE_CHECKING:
    from localcloud.runtime.configuration import Function
    from localcloud.runtime.role_sessions import Credentials, RoleSessions


class RoleClients:
    """Makes clients, and keeps each as long as its credentials last."""

    def __init__(self, sessions: RoleSessions, endpoint: str) -> None:
        self._sessions = sessions
        self._endpoint = endpoint
        self._lock = threading.Lock()
        self._clients: dict[tuple[str, str, str], tuple[Credentials, Any]] = {}
        self._boto = boto3.Session()

    def of(self, function: Function, service: str) -> Any:
        """Return a client in the function's region; raise CannotAssumeRoleError."""
        credentials = self._sessions.of(function.role, function.name)
        key = (function.arn, function.role, service)
        with self._lock:
            made, client = self._clients.get(key, (None, None))
            if made != credentials:
                client = self._make(credentials, service, function.region)
                self._clients[key] = (credentials, client)
            return client

    def _make(self, credentials: Credentials, service: str, region: str) -> Any:
        return self._boto.client(  # type: ignore[call-overload]  # the service is not known beforehand
            service,
            region_name=region,
            endpoint_url=self._endpoint,
            aws_access_key_id=credentials.access_key,
            aws_secret_access_key=credentials.secret_key,
            aws_session_token=credentials.token,
            config=Config(user_agent_extra=INTERNAL, retries={"mode": "standard", "max_attempts": 1}),
        )
