"""What holds for every plan, whatever the zone and the fleet."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.errors import Refused
from chalicelib.inventory.model import View
from chalicelib.names import job
from chalicelib.names.changes import created, deleted, is_mark, names_only
from chalicelib.names.marks import Mark
from chalicelib.names.model import Fleet, Instance, RecordSet, Ref
from chalicelib.names.plan import plan
from chalicelib.names.zone import zone_of
from tests.names.fakes import DOMAIN, HERE, OWNER, RULES, THERE, FakeEc2, FakeZone, cname, fleet, instance

LABELS = st.sampled_from(["web", "db", "app", "Web", "ns", "*", "i-0123456789abcdef0"])
ADDRESSES: st.SearchStrategy[dict[str, Any]] = st.sampled_from(
    [{}, {"public_dns": ""}, {"public_dns": "", "ipv6": "2001:db8::1"}, {"public_ip": ""}]
)


@st.composite
def instances(draw: st.DrawFn, number: int) -> Instance:
    state = draw(st.sampled_from(["running", "running", "pending", "stopping", "stopped", "terminated"]))
    tag = " ".join(draw(st.lists(LABELS, max_size=3)))
    made = instance(number, tag, state=state, place=draw(st.sampled_from([HERE, THERE])))
    return replace(made, **draw(ADDRESSES))


@st.composite
def fleets(draw: st.DrawFn) -> Fleet:
    numbers = draw(st.sets(st.integers(1, 6)))
    return fleet(*(draw(instances(n)) for n in sorted(numbers)), places=(HERE, THERE))


@st.composite
def foreign_records(draw: st.DrawFn) -> list[RecordSet]:
    names = draw(st.sets(st.sampled_from(["web", "db", instance(1).id, f"_{OWNER}.{instance(2).id}"]), max_size=3))
    kinds = st.sampled_from([("TXT", '"hello"'), ("A", "192.0.2.1"), ("CNAME", "else.example.net"), ("MX", "1 mail.")])
    return [
        RecordSet(f"{name}.{DOMAIN}", kind, 300, (value,)) for name in sorted(names) for kind, value in [draw(kinds)]
    ]


def settle(zone: FakeZone, seen: Fleet) -> None:
    zone.apply(plan(zone.read(), seen, RULES).steps)


@given(foreign_records(), st.lists(fleets(), min_size=1, max_size=4))
def test_every_history_lands_in_one_round_and_planning_again_finds_nothing(
    foreign: list[RecordSet], history: list[Fleet]
):
    zone = FakeZone()
    zone.put(*foreign)
    for seen in history:
        settle(zone, seen)
        assert plan(zone.read(), seen, RULES).steps == ()


@given(foreign_records(), st.lists(fleets(), min_size=1, max_size=4))
def test_what_is_foreign_is_the_same_afterwards(foreign: list[RecordSet], history: list[Fleet]):
    zone = FakeZone()
    zone.put(*foreign)
    for seen in history:
        settle(zone, seen)
        assert set(foreign) <= set(zone.records.values())


@given(st.lists(fleets(), min_size=1, max_size=4))
def test_only_the_last_look_counts_and_not_the_way_there(history: list[Fleet]):
    """But for contested names, which stay with their holder."""
    zone, fresh = FakeZone(), FakeZone()
    for seen in history:
        settle(zone, seen)
    settle(fresh, history[-1])
    assert set(zone.names()) == set(fresh.names())


@given(st.lists(st.tuples(st.booleans(), fleets()), min_size=1, max_size=5))
def test_two_stacks_in_one_zone_never_touch_each_others_names(history: list[tuple[bool, Fleet]]):
    zone = FakeZone()
    for second, seen in history:
        zone.owner = "second" if second else OWNER
        other = OWNER if second else "second"
        theirs = {
            r for r in zone.records.values() if zone_of(DOMAIN, View.PUBLIC, other, zone.records.values()).is_ours(r)
        }
        settle(zone, seen)
        assert theirs <= set(zone.records.values())


@given(fleets())
def test_places_that_could_not_be_read_lose_nothing(before: Fleet):
    zone = FakeZone()
    settle(zone, before)
    unseen = Fleet({}, unread={HERE: "denied", THERE: "denied"})
    assert plan(zone.read(), unseen, RULES).steps == ()


@given(fleets(), fleets())
def test_no_name_and_type_is_sent_twice_and_every_change_has_a_because(before: Fleet, after: Fleet):
    zone = FakeZone()
    settle(zone, before)
    changes = plan(zone.read(), after, RULES).changes
    for side in (created, deleted):
        keys = [record.key for change in changes if (record := side(change))]
        assert len(keys) == len(set(keys))
    assert all(change.because for change in changes)


def test_two_instances_that_swap_their_names_do_so_in_one_step():
    zone = FakeZone()
    settle(zone, fleet(instance(1, "web"), instance(2, "db")))
    made = plan(zone.read(), fleet(instance(1, "db"), instance(2, "web")), RULES)
    assert [step.instances for step in made.steps] == [{instance(1).id, instance(2).id}]
    zone.apply(made.steps)
    assert zone.names()["web"] == instance(2).public_dns


def test_a_name_passes_between_a_cname_and_an_address_record_in_one_step():
    zone = FakeZone()
    settle(zone, fleet(instance(1, "web")))
    bare = instance(2, "web", public_dns="")
    made = plan(zone.read(), fleet(instance(1, "web", state="stopped"), bare), RULES)
    assert [step.instances for step in made.steps] == [{instance(1).id, bare.id}]
    zone.apply(made.steps)
    assert zone.names() == {bare.id: bare.public_ip, "web": bare.public_ip}


def test_a_name_removed_by_hand_is_put_back():
    zone = FakeZone()
    settle(zone, fleet(instance(1, "web")))
    zone.records.pop(("web.example.com", "CNAME"))
    settle(zone, fleet(instance(1, "web")))
    assert "web" in zone.names()


def test_a_changed_ttl_repoints_every_name_and_leaves_the_mark_as_it_is():
    zone = FakeZone()
    settle(zone, fleet(instance(1, "web")))
    made = plan(zone.read(), fleet(instance(1, "web")), replace(RULES, ttl=300))
    assert [c.because for c in names_only(made.steps)] == ["the TTL is to be 300 seconds"] * 2
    assert [(deleted(c), created(c)) for c in made.changes if is_mark(c)] == [
        (zone.read().mark_record(instance(1).id),) * 2
    ]


def test_another_stacks_own_name_for_the_same_instance_leaves_us_the_short_names():
    zone = FakeZone()
    zone.put(cname(instance(1).id, "foreign.example.net"))
    settle(zone, fleet(instance(1, "web")))
    assert zone.names() == {instance(1).id: "foreign.example.net", "web": instance(1).public_dns}
    settle(zone, fleet(instance(1, "web", state="stopped")))
    assert zone.names() == {instance(1).id: "foreign.example.net"}


def test_a_mark_that_cannot_be_read_protects_what_it_may_have_spoken_for():
    zone = FakeZone()
    settle(zone, fleet(instance(1, "web")))
    mark = RecordSet(f"_{OWNER}.{instance(1).id}.{DOMAIN}", "TXT", 300, ('"nonsense"',))
    zone.put(mark)
    made = plan(zone.read(), fleet(instance(1, "web", state="stopped")), RULES)
    assert made.steps == ()
    assert [p.kind for p in made.problems] == ["mark"]


def test_a_storm_in_one_place_says_nothing_about_another():
    zone = FakeZone()
    settle(zone, fleet(instance(1, "web"), instance(2, "db", place=THERE), places=(HERE, THERE)))
    storm = Fleet({instance(1).id: instance(1, "web")}, whole=frozenset({HERE}))
    made = plan(zone.read(), storm, RULES)
    assert (made.steps, made.problems) == ((), ())


def test_a_holder_in_a_place_that_was_not_read_keeps_its_name():
    zone = FakeZone()
    far = Ref(THERE, "i-0000000000000ffff")
    zone.put(Mark(far, ("web",)).record(OWNER, DOMAIN), cname("web", "far.example.net"))
    made = plan(zone.read(), fleet(instance(1, "web")), RULES)
    assert {p.kind for p in made.problems} == {"contested", "outside"}
    zone.apply(made.steps)
    assert zone.names()["web"] == "far.example.net"


def test_a_name_whose_mark_was_taken_away_meanwhile_is_not_touched():
    zone = FakeZone()
    settle(zone, fleet(instance(1, "web")))
    moved = instance(1, "web", public_dns="moved.example.net")
    made = plan(zone.read(), fleet(moved), RULES)  # from what stood a moment ago
    del zone.records[f"_{OWNER}.{instance(1).id}.{DOMAIN}", "TXT"]
    with pytest.raises(Refused):
        zone.apply(made.steps)
    assert zone.names()["web"] == instance(1).public_dns


def test_a_chain_of_moved_names_too_long_for_any_batch_is_carried_out_in_turn():
    ec2, zone = FakeEc2(), FakeZone()
    ec2.put(*(instance(n, f"a{n} b{n} c{n}") for n in range(130)))
    job.sweep(ec2, zone, RULES)
    ec2.put(instance(0, state="terminated"))
    ec2.put(*(instance(n, f"a{n - 1} b{n - 1} c{n - 1}") for n in range(1, 130)))
    outcome = job.sweep(ec2, zone, RULES)
    assert outcome.is_complete
    wanted = {f"{letter}{n - 1}": instance(n).public_dns for n in range(1, 130) for letter in "abc"}
    assert zone.names() == {**wanted, **{instance(n).id: instance(n).public_dns for n in range(1, 130)}}


def test_a_weighted_text_at_a_marks_name_is_no_mark():
    zone = FakeZone()
    mark = Mark(Ref(HERE, instance(1).id), ("web",)).record(OWNER, DOMAIN)
    zone.put(replace(mark, variant="one of several, 1"), cname("web", "foreign.example.net"))
    made = plan(zone.read(), fleet(instance(1, "web"), instance(2, "db")), RULES)
    assert [step.instances for step in made.steps] == [{instance(2).id}]
    assert [p.subject for p in made.problems] == [mark.name]


def test_an_instance_that_cannot_have_a_mark_keeps_no_name_from_another():
    zone = FakeZone()
    zone.put(RecordSet(f"_{OWNER}.{instance(1).id}.{DOMAIN}", "CNAME", 60, ("x.example.net",)))
    settle(zone, fleet(instance(1, "web"), instance(5, "web")))
    assert zone.names()["web"] == instance(5).public_dns


def test_release_takes_every_name_of_ours_and_nothing_else():
    ec2, zone = FakeEc2(), FakeZone()
    foreign = cname("mail", "mx.example.net")
    zone.put(foreign)
    ec2.put(*(instance(n, f"name{n}") for n in range(10)))
    job.sweep(ec2, zone, RULES)
    assert job.release(zone).is_complete
    assert list(zone.records.values()) == [foreign]


@pytest.mark.parametrize("losers", [1, 130])
def test_room_is_made_name_by_name_so_that_no_record_is_left_without_its_mark(losers: int):
    ec2, zone = FakeEc2(), FakeZone()
    both: dict[str, Any] = {"public_dns": "", "ipv6": "2001:db8::1"}
    ec2.put(*(instance(n, f"a{n} b{n} c{n}", **both) for n in range(400)))
    job.sweep(ec2, zone, RULES)
    ec2.put(*(instance(n, f"a{n - 1} b{n - 1} c{n - 1}", **both) for n in range(1, 400)))
    ec2.put(*(instance(n, f"a{n - 1} b{n - 1} c{n - 1}", public_dns="") for n in range(1, 1 + losers)))
    assert job.sweep(ec2, zone, RULES).is_complete
    assert plan(zone.read(), ec2.everything(), RULES).steps == ()
    job.release(zone)
    assert zone.records == {}


def test_a_too_long_chain_whose_records_are_gone_is_mended_from_its_marks():
    ec2, zone = FakeEc2(), FakeZone()
    ec2.put(*(instance(n, f"a{n}") for n in range(500)))
    job.sweep(ec2, zone, RULES)
    zone.records = {key: record for key, record in zone.records.items() if record.type == "TXT"}
    ec2.put(*(instance(n, f"a{(n + 1) % 500}") for n in range(500)))
    assert job.sweep(ec2, zone, RULES).is_complete
    assert len(zone.names()) == 1_000


def test_a_lost_address_family_is_no_lost_name():
    ec2, zone = FakeEc2(), FakeZone()
    ec2.put(*(instance(n, f"name{n}", public_dns="", ipv6="2001:db8::1") for n in range(10)))
    job.sweep(ec2, zone, RULES)
    ec2.put(*(instance(n, f"name{n}", public_dns="") for n in range(10)))
    outcome = job.sweep(ec2, zone, RULES)
    assert (outcome.error, outcome.owned) == (None, 20)
    assert {record.type for record in zone.records.values()} == {"A", "TXT"}


def test_a_live_holder_keeps_a_contested_name_while_room_is_made_for_others():
    ec2, zone = FakeEc2(), FakeZone()
    ec2.put(*(instance(n, f"a{n} b{n} c{n}") for n in range(299)), instance(299, "a299 b299 c299 web"))
    job.sweep(ec2, zone, RULES)
    ec2.put(*(instance(n, f"a{n - 1} b{n - 1} c{n - 1}") for n in range(1, 299)))
    ec2.put(instance(299, "a298 b298 c298 web", public_dns=""), instance(0, "web"))  # 0 was launched last
    assert job.sweep(ec2, zone, RULES).is_complete
    assert zone.names()["web"] == instance(299).public_ip
