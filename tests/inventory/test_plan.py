"""What the inventory says follows what the zones say."""

import pytest

from chalicelib.inventory.changes import Change, Hold, LetGo, Settle
from chalicelib.inventory.model import Claim, Header, Held, Known, Name, View
from chalicelib.inventory.plan import plan

WEB, OTHER = Held("i-1", ("10.0.0.1",)), Held("i-2", ("10.0.0.2",))
CLAIM = Claim("token", "", {View.PRIVATE: "10.9.9.9"}, 300, 1000.0)
BOTH = (View.PUBLIC, View.PRIVATE)


def known(*names: Name, **domains: str) -> Known:
    return Known(Header(7, {View(view): domain for view, domain in domains.items()}), {n.label: n for n in names})


def short(changes: list[Change]) -> list[tuple[str, str, object]]:
    """Return what each change is, where, and what it leads to."""
    found: list[tuple[str, str, object]] = []
    for change in changes:
        match change:
            case Hold(view=view, held=held):
                found.append(("hold", view.value, held.instance))
            case LetGo(view=view, leaves=leaves):
                found.append(("let go", view.value, leaves))
            case Settle(view=view, domain=domain):
                found.append(("settle", view.value, domain))
    return found


@pytest.mark.parametrize(
    ("name", "said", "views", "expected"),
    [
        pytest.param(Name("web"), {View.PRIVATE: WEB}, BOTH, [("hold", "private", "i-1")], id="a new name is held"),
        pytest.param(Name("web", {View.PRIVATE: WEB}), {View.PRIVATE: WEB}, BOTH, [], id="what is right is left alone"),
        pytest.param(
            Name("web", {View.PRIVATE: WEB}),
            {View.PRIVATE: OTHER},
            BOTH,
            [("hold", "private", "i-2")],
            id="another instance takes over",
        ),
        pytest.param(
            Name("web", {View.PRIVATE: WEB}), {}, BOTH, [("let go", "private", "nothing")], id="the last side goes"
        ),
        pytest.param(
            Name("web", {View.PRIVATE: WEB, View.PUBLIC: WEB}),
            {View.PUBLIC: WEB},
            BOTH,
            [("let go", "private", "a holder")],
            id="one side goes, the other stays",
        ),
        pytest.param(
            Name("web", {View.PRIVATE: WEB, View.PUBLIC: OTHER}),
            {},
            (View.PRIVATE,),
            [("let go", "private", "a holder")],
            id="a zone speaks for its own view only",
        ),
        pytest.param(
            Name("web", {View.PRIVATE: WEB}, CLAIM), {}, BOTH, [("let go", "private", "a claim")], id="a claim is left"
        ),
        pytest.param(
            Name("web", {}, CLAIM), {View.PRIVATE: WEB}, BOTH, [("hold", "private", "i-1")], id="a claimed name is held"
        ),
        pytest.param(Name("web", {}, CLAIM), {}, BOTH, [], id="a claim alone is none of a zone's business"),
    ],
)
def test_a_name_becomes_what_the_zone_says(name, said, views, expected):
    assert short(plan(known(name), {"web": said}, ["web"], views, "")) == expected


def test_an_item_that_says_nothing_is_taken_away():
    assert short(plan(known(Name("web")), {}, ["web"], BOTH, "")) == [("let go", "public", "nothing")]
    assert plan(known(), {}, ["web"], BOTH, "") == []


def test_a_view_is_settled_once_and_again_when_its_domain_changes():
    first = plan(known(), {}, [], BOTH, "fleet.example")
    assert short(first) == [("settle", "public", "fleet.example"), ("settle", "private", "fleet.example")]
    settled = known(public="fleet.example", private="old.example")
    assert short(plan(settled, {}, [], BOTH, "fleet.example")) == [("settle", "private", "fleet.example")]


def test_a_look_at_some_settles_nothing():
    assert plan(known(), {}, ["web"], BOTH, "") == []


def test_every_change_says_why():
    name = Name("web", {View.PUBLIC: WEB})
    changes = plan(known(name), {"web": {View.PRIVATE: OTHER}}, ["web"], BOTH, "fleet.example")
    assert len(changes) == 4
    assert all(change.because for change in changes)
