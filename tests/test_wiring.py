"""A function makes the clients that its trigger needs, and no others: each costs its cold start."""

from typing import Any

from chalicelib import settings
from chalicelib.hosts.triggers import Triggers
from chalicelib.wiring.base import Base
from chalicelib.wiring.for_hosts import HostsWiring
from tests.test_settings import GOOD


class Session:
    """Notes which clients are made."""

    def __init__(self) -> None:
        self.made: list[str] = []

    def client(self, service: str, **_: Any) -> None:
        self.made.append(service)


def test_a_poll_makes_the_client_of_s3_alone():
    session = Session()
    parts = HostsWiring(Base(settings.read(GOOD), session))  # type: ignore[arg-type]
    Triggers(parts)
    assert session.made == []
    assert parts.store
    assert session.made == ["s3"]
