"""The administrators of the emulated accounts, and their boto3 clients."""

from __future__ import annotations

import json
import threading
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config
from moto.iam.models import iam_backends

if TYPE_CHECKING:
    from moto.iam.models import AccessKey

    from localcloud.ground.gate import Gate

INTERNAL = "localcloud-internal"
"""Marks the emulator's own requests, in their user agent."""
# One session for all: it reads each service's description once. Making a client is not safe in threads.
_session = boto3.Session()
_making = threading.Lock()
_EVERYTHING = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}


class Admins:
    """Make one administrator for each account that is asked for, and clients that act as them."""

    def __init__(self, gate: Gate, endpoint: str, region: str) -> None:
        self._gate = gate
        self._endpoint = endpoint
        self._region = region
        self._keys: dict[str, AccessKey] = {}
        self._clients: dict[tuple[str, str, str, bool], Any] = {}

    def key(self, account: str) -> AccessKey:
        """Return the access key of an account's administrator."""
        with self._gate:
            if account not in self._keys:
                iam = iam_backends[account]["aws"]
                iam.create_user(self._region, "admin")
                iam.put_user_policy("admin", "everything", json.dumps(_EVERYTHING))
                self._keys[account] = iam.create_access_key("admin")
            return self._keys[account]

    def client(self, service: str, region: str, account: str, internal: bool) -> Any:
        """Return a client, the same one each time."""
        key = self.key(account)
        wanted = (service, region, account, internal)
        with _making:
            if wanted not in self._clients:
                self._clients[wanted] = self._made(service, region, key, internal)
            return self._clients[wanted]

    def _made(self, service: str, region: str, key: AccessKey, internal: bool) -> Any:
        make: Any = _session.client
        return make(
            service,
            region_name=region,
            endpoint_url=self._endpoint,
            aws_access_key_id=key.access_key_id,
            aws_secret_access_key=key.secret_access_key,
            # No proxy of the developer's shell stands before loopback.
            config=Config(user_agent_extra=INTERNAL if internal else None, proxies={}),
        )
