"""The ordinary life of `sync`."""

from __future__ import annotations

from machine import OUTSIDE, Machine
from playing_server import PlayingServer, entries


def test_the_names_of_the_server_are_installed_below_what_was_there(machine: Machine) -> None:
    assert machine.run() == 0
    assert machine.content.startswith(OUTSIDE)
    assert machine.names() == [f"host-{n}.fleet.example" for n in range(1, 6)]


def test_a_change_on_the_server_is_a_change_in_the_file(machine: Machine, server: PlayingServer) -> None:
    machine.run()
    server.serve(entries(5, first=3))
    assert machine.run() == 0
    assert machine.names() == [f"host-{n}.fleet.example" for n in range(3, 8)]
    assert machine.content.startswith(OUTSIDE)
