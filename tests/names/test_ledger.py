"""What the zones say reaches the inventory, in the views that they speak for, and stays true."""

from dataclasses import replace

import pytest

from chalicelib.errors import TryAgain
from chalicelib.inventory.aws import Inventory
from chalicelib.inventory.model import Claim, Held, Name, View
from chalicelib.names import job
from chalicelib.names.ledger import Ledger, addresses
from chalicelib.names.model import Ref
from localcloud.server.aws import AwsServer
from tests.names.fakes import DOMAIN, HERE, RULES, THERE, FakeEc2, FakeZone, instance

BOTH = (View.PUBLIC, View.PRIVATE)


class Scene:
    """One zone, its instances, and the inventory that is written from it."""

    def __init__(self, inventory: Inventory, views: tuple[View, ...] = BOTH) -> None:
        self.ec2, self.zone, self.inventory, self.announced = FakeEc2(), FakeZone(), inventory, 0
        self.ledger = Ledger(inventory, views, self._announce)

    def _announce(self) -> None:
        self.announced += 1

    def sweep(self) -> job.Outcome:
        return job.sweep(self.ec2, self.zone, RULES, self.ledger)

    def follow(self, *numbers: int) -> job.Outcome:
        return job.follow(self.ec2, self.zone, RULES, {Ref(HERE, instance(n).id) for n in numbers}, self.ledger)

    def names(self) -> dict[str, Name]:
        return dict(self.inventory.everything().names)


@pytest.fixture
def scene(aws: AwsServer, table: str) -> Scene:
    return Scene(Inventory(aws.client("dynamodb"), table, 0, lambda: 1_800_000_000.0))


def test_an_instance_that_starts_is_written_down_with_its_addresses_on_each_side(scene: Scene):
    scene.ec2.put(instance(1, "web"))
    scene.follow(1)
    one = instance(1)
    held = {View.PUBLIC: Held(one.id, (one.public_ip,)), View.PRIVATE: Held(one.id, (one.private_ip,))}
    assert scene.names() == {"web": Name("web", held), one.id: Name(one.id, held)}
    assert scene.announced == 1


def test_only_a_sweep_that_saw_everything_settles_the_views(scene: Scene):
    scene.ec2.put(instance(1, "web"))
    scene.follow(1)
    assert scene.inventory.header().domains == {}
    scene.ec2.unread[HERE] = "denied"
    scene.sweep()
    assert scene.inventory.header().domains == {}
    scene.ec2.unread.clear()
    scene.sweep()
    assert scene.inventory.header().domains == {View.PUBLIC: DOMAIN, View.PRIVATE: DOMAIN}


def test_a_second_run_writes_and_announces_nothing(scene: Scene):
    scene.ec2.put(instance(1, "web"))
    scene.sweep()
    before = scene.inventory.header().revision
    scene.sweep()
    scene.follow(1)
    assert (scene.inventory.header().revision, scene.announced) == (before, 1)


def test_an_instance_that_stops_is_taken_out(scene: Scene):
    scene.ec2.put(instance(1, "web"))
    scene.follow(1)
    scene.ec2.put(instance(1, "web", "stopping"))
    scene.follow(1)
    assert scene.names() == {}


def test_a_new_address_is_written_down(scene: Scene):
    scene.ec2.put(instance(1, "web"))
    scene.follow(1)
    scene.ec2.put(instance(1, "web", private_ip="10.1.1.1"))
    scene.follow(1)
    assert scene.names()["web"].held[View.PRIVATE].addresses == ("10.1.1.1",)


def test_a_name_that_passes_to_another_instance_is_never_missing(scene: Scene):
    scene.ec2.put(instance(1, "web"), instance(2, "web"))
    scene.sweep()
    holder = scene.names()["web"].held[View.PRIVATE].instance
    one, other = (1, 2) if holder == instance(1).id else (2, 1)
    scene.ec2.put(instance(one, "web", "stopped"))
    scene.follow(one)
    assert scene.names()["web"].held[View.PRIVATE].instance == instance(other).id


def test_a_sweep_heals_what_a_run_that_died_has_left(scene: Scene):
    scene.ec2.put(instance(1, "web"))
    job.follow(scene.ec2, scene.zone, RULES, {Ref(HERE, instance(1).id)})
    assert scene.names() == {}
    scene.sweep()
    assert set(scene.names()) == {"web", instance(1).id}
    scene.ec2.put(instance(1, "db"))
    job.follow(scene.ec2, scene.zone, RULES, {Ref(HERE, instance(1).id)})
    assert "web" in scene.names()
    scene.sweep()
    assert set(scene.names()) == {"db", instance(1).id}


def test_what_is_known_of_an_instance_that_cannot_be_seen_stays(scene: Scene):
    scene.ec2.put(instance(1, "web"))
    scene.sweep()
    before = scene.names()
    scene.ec2.unread[HERE] = "denied"
    scene.sweep()
    assert scene.names() == before


def test_a_holder_that_was_not_seen_does_not_inherit_the_address_of_the_one_before(scene: Scene):
    scene.ec2.put(instance(1, "web"), instance(2, "web", place=THERE))
    scene.ec2.places = (HERE, THERE)
    scene.sweep()
    other = 2 if scene.names()["web"].held[View.PRIVATE].instance == instance(1).id else 1
    scene.ec2.put(replace(scene.ec2.instances[instance(3 - other).id], state="stopped"))
    job.sweep(scene.ec2, scene.zone, RULES)
    scene.ec2.unread[scene.ec2.instances[instance(other).id].place] = "denied"
    scene.sweep()
    held = scene.names().get("web", Name("web")).held
    assert all(side.instance == instance(other).id for side in held.values())


def test_an_instance_seen_down_is_taken_out_even_where_the_guard_stops_the_zone(scene: Scene):
    scene.ec2.put(*(instance(n, f"n{n}") for n in range(1, 9)))
    scene.sweep()
    for n in range(2, 9):
        del scene.ec2.instances[instance(n).id]
    scene.ec2.put(instance(1, "n1", "stopped"), instance(9, ""))
    outcome = scene.sweep()
    assert outcome.error
    assert "n1" not in scene.names()
    assert "n2" in scene.names()


def test_a_zone_writes_only_for_the_views_that_it_speaks_for(scene: Scene):
    private = Scene(scene.inventory, (View.PRIVATE,))
    private.zone.view = View.PRIVATE
    private.ec2.put(instance(1, "web"))
    private.sweep()
    assert set(scene.names()["web"].held) == {View.PRIVATE}
    assert set(scene.inventory.header().domains) == {View.PRIVATE}


def test_a_claim_comes_back_when_the_instance_that_took_its_name_goes(scene: Scene):
    claim = Claim("token", "", {View.PRIVATE: "10.9.9.9"}, 300, 1_800_000_300.0)
    scene.inventory.put_claim(Name("web"), claim)
    scene.ec2.put(instance(1, "web"))
    scene.follow(1)
    assert scene.names()["web"].live_claim(1_800_000_000.0) is None
    scene.ec2.put(instance(1, "web", "stopped"))
    scene.follow(1)
    assert scene.names()["web"].live_claim(1_800_000_000.0) == claim


def test_an_inventory_that_cannot_be_written_makes_the_run_incomplete_and_undoes_nothing(scene: Scene):
    class Busy(Inventory):
        def write(self, *_: object) -> None:
            raise TryAgain("DynamoDB said ThrottlingException")

    busy = Busy(scene.inventory._client, scene.inventory._table, 0)
    scene.ec2.put(instance(1, "web"))
    outcome = job.sweep(scene.ec2, scene.zone, RULES, Ledger(busy, BOTH, lambda: None))
    assert not outcome.is_complete
    assert "Throttling" in str(outcome.error)
    assert "web" in scene.zone.names()


@pytest.mark.parametrize(
    ("changes", "view", "expected"),
    [
        ({}, View.PUBLIC, ("203.0.113.1",)),
        ({}, View.PRIVATE, ("10.0.0.1",)),
        ({"ipv6": "2001:db8::1"}, View.PRIVATE, ("10.0.0.1", "2001:db8::1")),
        ({"public_ip": "", "public_dns": ""}, View.PUBLIC, ()),
        ({"state": "stopping"}, View.PRIVATE, ()),
    ],
    ids=["public", "private", "both families", "no public address", "not up"],
)
def test_an_instance_has_the_addresses_of_its_side(changes, view, expected):
    assert addresses(replace(instance(1), **changes), view) == expected
