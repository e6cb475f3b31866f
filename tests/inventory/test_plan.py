"""What the inventory says follows what the zones say."""

import pytest

from chalicelib.inventory.changes import Change, DeleteName, LeaveClaim, MarkComplete, SetHolders
from chalicelib.inventory.model import Claim, Header, Held, Name, Snapshot, View
from chalicelib.inventory.plan import plan

WEB, OTHER = Held("i-1", ("10.0.0.1",)), Held("i-2", ("10.0.0.2",))
CLAIM = Claim("token", "", {View.PRIVATE: "10.9.9.9"}, 300, 1000.0)
BOTH = (View.PUBLIC, View.PRIVATE)


def known(*names: Name, **domains: str) -> Snapshot:
    return Snapshot(Header(7, {View(view): domain for view, domain in domains.items()}), {n.label: n for n in names})


def short(changes: list[Change]) -> list[tuple[object, ...]]:
    """Return what each change is, and what it sets and clears."""
    found: list[tuple[object, ...]] = []
    for change in changes:
        match change:
            case SetHolders(holders=holders, cleared=cleared):
                found.append(("set", {view.value: held.instance for view, held in holders.items()}, cleared))
            case LeaveClaim(cleared=cleared):
                found.append(("leave claim", cleared))
            case DeleteName(cleared=cleared):
                found.append(("delete", cleared))
            case MarkComplete(view=view, domain=domain):
                found.append(("complete", view.value, domain))
    return found


@pytest.mark.parametrize(
    ("name", "zone", "views", "expected"),
    [
        pytest.param(None, {View.PRIVATE: WEB}, BOTH, [("set", {"private": "i-1"}, ())], id="a new name is written"),
        pytest.param(Name("web", {View.PRIVATE: WEB}), {View.PRIVATE: WEB}, BOTH, [], id="what is right is left alone"),
        pytest.param(
            Name("web", {View.PRIVATE: WEB}),
            {View.PRIVATE: OTHER},
            BOTH,
            [("set", {"private": "i-2"}, ())],
            id="another instance takes over",
        ),
        pytest.param(
            Name("web", {View.PRIVATE: WEB}), {}, BOTH, [("delete", (View.PRIVATE,))], id="the last view goes"
        ),
        pytest.param(
            Name("web", {View.PRIVATE: WEB, View.PUBLIC: WEB}),
            {View.PUBLIC: WEB},
            BOTH,
            [("set", {}, (View.PRIVATE,))],
            id="one view goes, the other stays",
        ),
        pytest.param(
            Name("web", {View.PRIVATE: WEB, View.PUBLIC: OTHER}),
            {},
            (View.PRIVATE,),
            [("set", {}, (View.PRIVATE,))],
            id="a zone speaks for its own view only",
        ),
        pytest.param(
            Name("web", {View.PRIVATE: WEB}, CLAIM), {}, BOTH, [("leave claim", (View.PRIVATE,))], id="a claim is left"
        ),
        pytest.param(
            Name("web", {}, CLAIM),
            {View.PRIVATE: WEB},
            BOTH,
            [("set", {"private": "i-1"}, ())],
            id="an instance takes a claimed name",
        ),
        pytest.param(Name("web", {}, CLAIM), {}, BOTH, [], id="a claim alone is none of a zone's business"),
        pytest.param(Name("web"), {}, BOTH, [("delete", ())], id="an item that says nothing is taken away"),
        pytest.param(None, {}, BOTH, [], id="what is not there stays so"),
    ],
)
def test_a_name_becomes_what_the_zone_says(name, zone, views, expected):
    assert short(plan(known(*filter(None, [name])), {"web": zone}, ["web"], views, None)) == expected


def test_a_view_is_marked_complete_once_and_again_when_its_domain_changes():
    first = plan(known(), {}, [], BOTH, "fleet.example")
    assert short(first) == [("complete", "public", "fleet.example"), ("complete", "private", "fleet.example")]
    marked = known(public="fleet.example", private="old.example")
    assert short(plan(marked, {}, [], BOTH, "fleet.example")) == [("complete", "private", "fleet.example")]


def test_a_look_at_some_marks_nothing():
    assert plan(known(), {}, ["web"], BOTH, None) == []


def test_every_change_says_why():
    name = Name("web", {View.PUBLIC: WEB})
    changes = plan(known(name), {"web": {View.PRIVATE: OTHER}}, ["web"], BOTH, "fleet.example")
    assert [change.because for change in changes] == [
        "i-2 has it in the private view, no instance has it in the public view",
        "every name of fleet.example has been looked at",
        "every name of fleet.example has been looked at",
    ]
