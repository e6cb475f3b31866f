"""The fifteen traps between EC2 and Route 53, each answered by tests that are named after it."""

from dataclasses import replace

import pytest

from chalicelib.errors import Refused
from chalicelib.inventory import dnsname
from chalicelib.inventory.model import View
from chalicelib.names import job
from chalicelib.names.changes import Add, Remove, Repoint, deleted
from chalicelib.names.marks import Mark
from chalicelib.names.model import Place, RecordSet, Ref
from chalicelib.names.plan import plan
from chalicelib.names.wishes import values
from tests.names.fakes import DOMAIN, HERE, NOW, OWNER, RULES, FakeEc2, FakeZone, cname, fleet, instance


def ref(number: int) -> Ref:
    return Ref(HERE, instance(number).id)


def follow(ec2: FakeEc2, zone: FakeZone, *numbers: int) -> job.Outcome:
    return job.follow(ec2, zone, RULES, {ref(n) for n in numbers})


def sweep(ec2: FakeEc2, zone: FakeZone, *, force: bool = False) -> job.Outcome:
    return job.sweep(ec2, zone, RULES, force=force)


def test_trap_01_an_event_says_when_to_look_and_never_what_is_true():
    ec2, zone = FakeEc2(), FakeZone()
    ec2.put(instance(1, "web", state="stopped"))
    follow(ec2, zone, 1)  # a late "running" event: the instance has stopped since
    assert zone.names() == {}
    ec2.put(instance(1, "web"))
    for _ in range(2):  # a "stopped" event that comes late, and twice
        follow(ec2, zone, 1)
    assert set(zone.names()) == {instance(1).id, "web"}
    assert len(zone.batches) == 1


def test_trap_02_a_terminated_instance_loses_its_names_though_it_has_no_tags_left():
    ec2, zone = FakeEc2(), FakeZone()
    ec2.put(instance(1, "web db"), instance(2, "app"))
    sweep(ec2, zone)
    ec2.put(instance(1, state="terminated", private_ip=""))
    follow(ec2, zone, 1)
    assert set(zone.names()) == {instance(2).id, "app"}


def test_trap_02_an_instance_that_is_not_even_listed_any_more_loses_its_names_in_the_sweep():
    ec2, zone = FakeEc2(), FakeZone()
    ec2.put(instance(1, "web db"), instance(2, "app"))
    sweep(ec2, zone)
    ec2.instances.pop(instance(1).id)
    follow(ec2, zone, 1)
    assert "web" in zone.names(), "one look may be too early: EC2 is eventually consistent"
    sweep(ec2, zone)
    assert set(zone.names()) == {instance(2).id, "app"}


def test_trap_03_a_delete_repeats_what_was_just_read_back():
    ec2, zone = FakeEc2(), FakeZone()
    ec2.put(instance(1, "web"))
    sweep(ec2, zone)
    drifted = RecordSet("web.example.com", "CNAME", 5, ("Somewhere.Else.example.",))
    zone.put(drifted)
    ec2.put(instance(1, "web", state="stopping"))
    made = plan(zone.read(), fleet(instance(1, "web", state="stopping")), RULES)
    assert drifted in [deleted(change) for change in made.changes]
    follow(ec2, zone, 1)
    assert zone.names() == {}


def test_trap_03_not_found_and_do_not_match_mean_read_again_and_plan_again(monkeypatch: pytest.MonkeyPatch):
    ec2, zone = FakeEc2(), FakeZone()
    ec2.put(instance(1, "web"), instance(2, "db"))
    sweep(ec2, zone)
    stale = zone.read()
    zone.records.pop(("web.example.com", "CNAME"))
    monkeypatch.setattr(zone, "read", lambda fresh=True: FakeZone.read(zone) if fresh else stale)
    ec2.put(instance(1, "web", state="stopped"), instance(2, "db", state="stopped"))
    outcome = follow(ec2, zone, 1, 2)
    assert zone.names() == {}
    assert outcome.refused == []


@pytest.mark.parametrize("state", ["stopping", "shutting-down", "stopped", "terminated"])
def test_trap_04_names_go_at_once_before_anything_else_is_done(state: str):
    ec2, zone = FakeEc2(), FakeZone()
    ec2.put(instance(9, "old"))
    sweep(ec2, zone)
    ec2.put(instance(9, "old", state=state), *(instance(n, f"new{n}") for n in range(1, 9)))
    outcome = follow(ec2, zone, *range(1, 10))
    assert outcome.landed[0].instances == {instance(9).id}
    assert all(isinstance(change, Remove) for change in outcome.landed[0].changes)
    assert "old" not in zone.names()


def test_trap_05_a_short_name_stays_with_its_live_holder():
    ec2, zone = FakeEc2(), FakeZone()
    ec2.put(instance(5, "web"))
    sweep(ec2, zone)
    ec2.put(instance(1, "web"))
    outcome = follow(ec2, zone, 1)
    assert zone.names()["web"] == instance(5).public_dns
    assert instance(1).id in zone.names()
    assert [(p.subject, p.kind) for p in outcome.plan.problems] == [(instance(1).id, "contested")]


def test_trap_05_a_short_name_without_a_holder_goes_to_the_latest_launch_then_to_the_greatest_id():
    ec2, zone = FakeEc2(), FakeZone()
    same_time = [replace(instance(n, "web"), launched=NOW) for n in (3, 4)]
    ec2.put(instance(1, "web"), *same_time)
    sweep(ec2, zone)
    assert zone.names()["web"] == instance(4).public_dns


def test_trap_05_a_short_name_passes_at_once_to_another_who_waits_for_it():
    ec2, zone = FakeEc2(), FakeZone()
    ec2.put(instance(5, "web"), instance(6, "web"))
    sweep(ec2, zone)
    assert zone.names()["web"] == instance(5).public_dns
    ec2.put(instance(5, "web", state="stopping"))
    outcome = follow(ec2, zone, 5)  # there is no event about instance 6
    assert zone.names()["web"] == instance(6).public_dns
    assert len(outcome.landed) == 1, "the name passes in one step, and is never missing"


def test_trap_05_new_names_are_created_so_that_what_came_in_between_is_not_written_over():
    ec2, zone = FakeEc2(), FakeZone()
    ec2.put(instance(1, "web"))
    made = plan(zone.read(), fleet(instance(1, "web")), RULES)
    assert {type(change) for change in made.changes} == {Add}
    foreign = cname("web", "came.in.between.example")
    zone.put(foreign)
    with pytest.raises(Refused):
        zone.apply(made.steps)
    follow(ec2, zone, 1)
    assert zone.names() == {instance(1).id: instance(1).public_dns, "web": "came.in.between.example"}


def tag_of(character: str) -> str:
    return f"web{character}db"


@pytest.mark.parametrize(
    ("tag", "labels"),
    [
        pytest.param("", set(), id="empty"),
        pytest.param("   ", set(), id="spaces"),
        pytest.param("web  db ", {"web", "db"}, id="several names"),
        pytest.param("web web WEB", {"web"}, id="the same name again"),
        pytest.param("*", set(), id="a wildcard"),
        pytest.param("*.web", set(), id="a wildcard below"),
        pytest.param("..", set(), id="dots only"),
        pytest.param("a..b", set(), id="an empty label"),
        pytest.param("@", set(), id="the apex as zone files write it"),
        pytest.param("example.com", set(), id="the apex"),
        pytest.param("x" * 256, set(), id="256 characters"),
        pytest.param("x" * 63, {"x" * 63}, id="63 characters"),
        pytest.param("x" * 64, set(), id="64 characters"),
        pytest.param(tag_of("\N{FIRE}"), set(), id="an emoji"),
        pytest.param(tag_of("\n"), set(), id="a newline"),
        pytest.param(tag_of("\t"), set(), id="a tab"),
        pytest.param(tag_of('"'), set(), id="a quote"),
        pytest.param(tag_of("'"), set(), id="an apostrophe"),
        pytest.param(tag_of("\\052"), set(), id="an octal escape"),
        pytest.param(tag_of("\N{KELVIN SIGN}"), set(), id="a letter that lower() turns into ASCII"),
        pytest.param("evilexample.com", set(), id="a name that only ends like the domain"),
        pytest.param("web.example.com", {"web"}, id="a full name"),
        pytest.param("web.example.com.", {"web"}, id="a full name with its dot"),
        pytest.param("web.other.org", set(), id="a name elsewhere"),
        pytest.param("-web", set(), id="a leading hyphen"),
        pytest.param("web-", set(), id="a trailing hyphen"),
        pytest.param("ns www", set(), id="reserved names"),
        pytest.param("_dmarc", set(), id="a leading underscore"),
        pytest.param("i-0123456789abcdef0", set(), id="another instance's own name"),
        pytest.param("bad* good", {"good"}, id="a bad name beside a good one"),
    ],
)
def test_trap_06_tags_hold_anything(tag: str, labels: set[str]):
    ec2, zone = FakeEc2(), FakeZone()
    ec2.put(instance(1, tag), instance(2, "neighbour"))
    outcome = sweep(ec2, zone)
    own = {instance(1).id, instance(2).id, "neighbour"}
    assert set(zone.names()) == own | labels
    rejected = [word for word in tag.split(" ") if word and not labels & {word.lower().split(".")[0]}]
    assert len([p for p in outcome.plan.problems if p.subject == instance(1).id]) == len(rejected)


def test_trap_07_a_tag_that_comes_late_is_found_by_its_own_look():
    ec2, zone = FakeEc2(), FakeZone()
    ec2.put(instance(1))
    follow(ec2, zone, 1)
    ec2.put(instance(1, "web"))
    follow(ec2, zone, 1)
    assert set(zone.names()) == {instance(1).id, "web"}


def test_trap_08_stop_and_start_change_the_address():
    ec2, zone = FakeEc2(), FakeZone()
    ec2.put(instance(1, "web"))
    follow(ec2, zone, 1)
    moved = replace(instance(1, "web"), public_dns="ec2-198-51-100-7.eu-west-1.compute.amazonaws.com")
    ec2.put(moved)
    outcome = follow(ec2, zone, 1)
    assert zone.names() == {instance(1).id: moved.public_dns, "web": moved.public_dns}
    assert {type(change) for change in outcome.plan.changes} == {Repoint}


@pytest.mark.parametrize("type_", ["A", "AAAA", "CNAME", "TXT", "MX"])
def test_trap_09_a_foreign_record_at_a_wanted_name_is_left_alone_and_reported(type_: str):
    ec2, zone = FakeEc2(), FakeZone()
    value = {"A": "192.0.2.1", "AAAA": "2001:db8::1", "CNAME": "other.example.net", "TXT": '"x"', "MX": "1 mail."}
    foreign = RecordSet("web.example.com", type_, 300, (value[type_],))
    zone.put(foreign)
    ec2.put(instance(1, "web db"))
    outcome = sweep(ec2, zone)
    assert [record for record in zone.records.values() if record.name == foreign.name] == [foreign]
    assert {"db", instance(1).id} <= set(zone.names())
    assert [p.subject for p in outcome.plan.problems if p.kind == "foreign"] == [foreign.name]


def test_trap_09_an_address_record_may_stand_beside_foreign_text_but_not_beside_a_foreign_cname():
    ec2, zone = FakeEc2(), FakeZone()
    zone.put(RecordSet("web.example.com", "TXT", 300, ('"x"',)), cname("db", "other.example.net"))
    ec2.put(instance(1, "web db", public_dns=""))
    sweep(ec2, zone)
    assert zone.names()["web"] == instance(1).public_ip
    assert zone.names()["db"] == "other.example.net"


@pytest.mark.parametrize("octet", range(256))
def test_trap_10_octal_escapes_go_both_ways(octet: int):
    labels = (bytes([octet]), b"a" + bytes([octet]) + b"z", b"com")
    lowered = tuple(label.lower() for label in labels)
    assert dnsname.labels(dnsname.text(lowered)) == lowered
    plain = chr(octet) in "abcdefghijklmnopqrstuvwxyz0123456789-_"
    assert dnsname.text((bytes([octet]),)) == (chr(octet) if plain else f"\\{octet:03o}")


def test_trap_10_an_asterisk_is_the_same_raw_and_escaped():
    assert dnsname.canonical("*.Example.com.") == dnsname.canonical("\\052.example.com") == "\\052.example.com"


@pytest.mark.parametrize("spelling", ["WEB.Example.COM.", "web.example.com", "web.example.com."])
def test_trap_11_case_and_trailing_dots_make_no_difference(spelling: str):
    assert dnsname.canonical(spelling) == "web.example.com"
    target = instance(1).public_dns
    one, other = cname("web", target), cname("web", target.upper() + ".")
    assert one.says_the_same_as(other)


@pytest.mark.parametrize(
    ("seen", "view", "wanted"),
    [
        pytest.param(instance(1), View.PUBLIC, {"CNAME": instance(1).public_dns}, id="a public name"),
        pytest.param(instance(1, public_dns=""), View.PUBLIC, {"A": "203.0.113.1"}, id="no DNS host names"),
        pytest.param(
            instance(1, public_dns="", ipv6="2001:db8::1"),
            View.PUBLIC,
            {"A": "203.0.113.1", "AAAA": "2001:db8::1"},
            id="both families",
        ),
        pytest.param(
            instance(1, public_dns="", public_ip="", ipv6="2001:db8::1"),
            View.PUBLIC,
            {"AAAA": "2001:db8::1"},
            id="IPv6 only",
        ),
        pytest.param(instance(1, public_dns="", public_ip=""), View.PUBLIC, {}, id="private only, public zone"),
        pytest.param(instance(1), View.PRIVATE, {"A": "10.0.0.1"}, id="the private side"),
    ],
)
def test_trap_12_the_record_type_follows_the_addresses(seen, view: View, wanted: dict[str, str]):
    assert values(seen, view) == wanted
    zone = FakeZone(view=view)
    made = plan(zone.read(), fleet(seen), RULES)
    assert {
        c.record.type: c.record.values[0] for c in made.changes if isinstance(c, Add) and c.record.type != "TXT"
    } == wanted
    assert [p.kind for p in made.problems] == ([] if wanted else ["address"])


def test_trap_13_a_page_that_fails_deletes_nothing():
    ec2, zone = FakeEc2(places=(HERE, Place("123456789012", "us-east-1"))), FakeZone()
    elsewhere = instance(2, "db", place=ec2.places[1])
    ec2.put(instance(1, "web"), elsewhere)
    sweep(ec2, zone)
    ec2.unread = {ec2.places[1]: "RequestExpired"}
    ec2.instances.pop(elsewhere.id)
    outcome = sweep(ec2, zone)
    assert "db" in zone.names()
    assert [(p.subject, p.kind) for p in outcome.plan.problems] == [(elsewhere.id, "outside")]
    assert outcome.fleet.unread == ec2.unread


def test_trap_14_one_bad_change_is_set_aside_and_the_rest_lands():
    ec2, zone = FakeEc2(), FakeZone(poison="bad")
    ec2.put(*(instance(n, f"name{n}") for n in range(1, 50)), instance(50, "bad"))
    outcome = sweep(ec2, zone)
    assert [step.instances for step, _ in outcome.refused] == [{instance(50).id}]
    assert {f"name{n}" for n in range(1, 50)} <= set(zone.names())


def test_trap_15_an_empty_answer_is_not_taken_for_an_empty_fleet():
    ec2, zone = FakeEc2(), FakeZone()
    ec2.put(*(instance(n, f"name{n}") for n in range(1, 4)))
    sweep(ec2, zone)
    before = zone.names()
    ec2.instances.clear()
    refused = sweep(ec2, zone)
    assert "no instance is running anywhere" in str(refused.error)
    assert refused.unverified == 6
    assert zone.names() == before
    sweep(ec2, zone, force=True)
    assert zone.names() == {}


def test_trap_15_more_than_five_and_more_than_thirty_percent_is_too_much():
    ec2, zone = FakeEc2(), FakeZone()
    ec2.put(*(instance(n, f"name{n}") for n in range(1, 11)))
    sweep(ec2, zone)
    for n in (1, 2, 3, 4):
        ec2.instances.pop(instance(n).id)
    assert "8 of 20 would be removed" in str(sweep(ec2, zone).error)
    assert len(zone.names()) == 20
    ec2.put(instance(4, "name4"))
    sweep(ec2, zone)
    assert len(zone.names()) == 14


def test_trap_15_a_whole_fleet_that_was_seen_to_stop_needs_no_force():
    ec2, zone = FakeEc2(), FakeZone()
    ec2.put(*(instance(n, f"name{n}") for n in range(1, 11)))
    sweep(ec2, zone)
    ec2.put(*(instance(n, f"name{n}", state="stopped") for n in range(1, 11)))
    sweep(ec2, zone)
    assert zone.records == {}


def test_trap_15_while_the_guard_objects_instances_seen_down_lose_their_names_all_the_same():
    ec2, zone = FakeEc2(), FakeZone()
    ec2.put(*(instance(n, f"name{n}") for n in range(1, 11)))
    sweep(ec2, zone)
    for n in (1, 2, 3, 4):
        ec2.instances.pop(instance(n).id)
    ec2.put(instance(5, "name5", state="stopping"), instance(11, "new"))
    outcome = sweep(ec2, zone)
    assert outcome.error
    assert set(zone.names()) == {name for n in (*range(1, 5), *range(6, 11)) for name in (instance(n).id, f"name{n}")}


def test_trap_15_events_do_not_empty_the_zone_when_ec2_shows_nothing():
    ec2, zone = FakeEc2(), FakeZone()
    ec2.put(*(instance(n, f"name{n}") for n in range(1, 11)))
    sweep(ec2, zone)
    ec2.instances.clear()
    for n in range(1, 11):
        follow(ec2, zone, n)
    assert len(zone.names()) == 20


def test_trap_15_a_changed_record_type_is_no_loss():
    ec2, zone = FakeEc2(), FakeZone()
    ec2.put(*(instance(n, f"name{n}", public_dns="") for n in range(1, 11)))
    sweep(ec2, zone)
    ec2.put(*(instance(n, f"name{n}") for n in range(1, 11)))
    assert sweep(ec2, zone).error is None
    assert {r.type for r in zone.records.values()} == {"CNAME", "TXT"}


def test_trap_15_names_lost_because_a_tag_says_so_no_more_count_as_missing():
    ec2, zone = FakeEc2(), FakeZone()
    ec2.put(*(instance(n, f"name{n}") for n in range(1, 11)))
    sweep(ec2, zone)
    ec2.put(*(instance(n) for n in range(1, 11)))
    assert "10 of 20 would be removed" in str(sweep(ec2, zone).error)


def test_trap_15_the_guard_judges_a_run_by_what_stood_at_its_beginning():
    ec2, zone = FakeEc2(), FakeZone()
    ec2.put(*(instance(n, f"name{n}") for n in range(600)))
    sweep(ec2, zone)
    ec2.put(*(instance(n, state="stopped") for n in range(400)))
    for n in range(400, 480):  # 160 of 1,200 names: fewer than 30 %, though more than 30 % of what is left
        ec2.instances.pop(instance(n).id)
    outcome = sweep(ec2, zone)
    assert outcome.error is None
    assert len(zone.names()) == 240


def test_trap_15_account_and_region_stand_in_the_mark_and_another_place_is_left_alone():
    zone = FakeZone()
    elsewhere = Ref(Place("999999999999", "eu-west-1"), "i-0000000000000ffff")
    zone.put(Mark(elsewhere, ("api",)).record(OWNER, DOMAIN), cname("api", "x.example.net"))
    ec2 = FakeEc2()
    ec2.put(instance(1, "web"))
    sweep(ec2, zone)
    assert zone.names()["api"] == "x.example.net"
