"""Selection: which volume asks for which policy, and what is said of tags that cannot be understood."""

from dataclasses import replace

import pytest

from chalicelib.snapshots.model import World
from chalicelib.snapshots.selection import Selection, select
from tests.snapshots.worlds import DAILY, TAG, defined, instance, policy, reasons, volume, world

POLICIES = defined(DAILY, policy("other"), policy("data", "root-volumes: exclude"))
ROOT, DATA = volume(1), volume(2)


def selection(*things) -> Selection:
    return select(world(*things), POLICIES, TAG)


def chosen(found: Selection) -> dict[str, tuple[str, str]]:
    """Return by volume its policy and who asks for it."""
    return {each.volume.id: (each.policy.name, each.asked_by) for each in found.selected}


def test_a_volume_asks_by_its_own_tag():
    assert chosen(selection(volume(1, "daily"), volume(2))) == {ROOT.id: ("daily", ROOT.id)}


def test_an_instance_asks_for_all_its_volumes():
    found = selection(ROOT, DATA, volume(3), instance(1, ROOT, DATA, tag="daily"))
    assert chosen(found) == {each.id: ("daily", instance(1).id) for each in (ROOT, DATA)}


def test_a_volumes_own_tag_counts_more_than_its_instances():
    own = volume(2, "other")
    found = selection(ROOT, own, instance(1, ROOT, own, tag="daily"))
    assert chosen(found) == {ROOT.id: ("daily", instance(1).id), own.id: ("other", own.id)}
    assert {each.instance and each.instance.id for each in found.selected} == {instance(1).id}


@pytest.mark.parametrize("tag", ["none", "None", " NONE "])
def test_none_takes_a_volume_out(tag: str):
    out = volume(2, tag)
    assert set(chosen(selection(ROOT, out, instance(1, ROOT, out, tag="daily")))) == {ROOT.id}


def test_none_on_an_instance_asks_for_nothing_and_leaves_its_volumes_tags_alone():
    own = volume(2, "other")
    found = selection(ROOT, own, instance(1, ROOT, own, tag="none"))
    assert chosen(found) == {own.id: ("other", own.id)}
    assert found.problems == ()


@pytest.mark.parametrize("tag", ["daily", " daily", "daily "])
def test_spaces_around_a_name_do_not_count(tag: str):
    assert chosen(selection(volume(1, tag))) == {ROOT.id: ("daily", ROOT.id)}


@pytest.mark.parametrize("tag", ["", "   "])
def test_an_empty_tag_asks_for_nothing_and_the_instances_counts(tag: str):
    blank = volume(1, tags={TAG: tag})
    assert chosen(selection(blank, instance(1, blank, tag="daily"))) == {ROOT.id: ("daily", instance(1).id)}


def test_a_root_is_left_out_where_the_policy_says_so():
    found = selection(ROOT, DATA, instance(1, ROOT, DATA, tag="data", root_volume=ROOT.id))
    assert set(chosen(found)) == {DATA.id}


def test_a_root_that_asks_by_its_own_tag_is_taken_though_the_policy_leaves_roots_out():
    own = volume(1, "data")
    assert set(chosen(selection(own, instance(1, own, root_volume=own.id)))) == {own.id}


def test_an_unknown_policy_is_a_problem_which_names_what_was_meant():
    found = selection(volume(1, "dayly"))
    assert found.selected == ()
    assert reasons(found.problems) == {ROOT.id: f"its tag {TAG} is 'dayly', and no policy: did you mean daily?"}


def test_a_policy_in_capitals_is_a_problem_which_names_what_was_meant():
    assert "did you mean daily?" in reasons(selection(volume(1, "Daily")).problems)[ROOT.id]


def test_a_volume_with_an_unknown_policy_gets_its_instances_and_is_named():
    wrong = volume(1, "dayly")
    found = selection(wrong, instance(1, wrong, tag="other"))
    assert chosen(found) == {wrong.id: ("other", instance(1).id)}
    assert set(reasons(found.problems)) == {wrong.id}


def test_an_unknown_policy_of_an_instance_is_one_problem_and_not_one_for_each_volume():
    found = selection(ROOT, DATA, instance(1, ROOT, DATA, tag="weakly"))
    assert found.selected == ()
    assert [problem.subject for problem in found.problems] == [instance(1).id]


@pytest.mark.parametrize("tag", ["x" * 256, "daily\nother", "\x00", "\N{FIRE}", "'; rm -rf /", "daily other"])
def test_a_tag_may_hold_anything_and_is_shown_on_one_short_line(tag: str):
    (problem,) = selection(volume(1, tag)).problems
    assert problem.reason.isprintable()
    assert len(problem.reason) < 200


# Who asks in vain


@pytest.mark.parametrize(
    ("things", "in_vain"),
    [
        pytest.param((volume(1, "dayly"),), {ROOT.id}, id="by its own tag"),
        pytest.param((ROOT, DATA, instance(1, ROOT, DATA, tag="dayly")), {ROOT.id, DATA.id}, id="by its instance's"),
        pytest.param((volume(1, tags={TAG: " "}),), {ROOT.id}, id="by an empty tag"),
        pytest.param((volume(1, "none"), instance(1, ROOT, tag="dayly")), set(), id="it is taken out: no"),
        pytest.param((volume(1, "dayly"), instance(1, ROOT, tag="daily")), set(), id="its instance asks: no"),
        pytest.param((ROOT, instance(1, ROOT, tag="none")), set(), id="its instance asks for nothing: no"),
        pytest.param((ROOT, instance(1, ROOT, tag="data", root_volume=ROOT.id)), set(), id="a root left out: no"),
        pytest.param((ROOT,), set(), id="it asks for nothing: no"),
        pytest.param((volume(1, "daily"),), set(), id="it is selected: no"),
    ],
)
def test_a_volume_asks_in_vain(things, in_vain: set[str]):
    assert selection(*things).in_vain == in_vain


@pytest.mark.parametrize("tag", ["daily", "none", ""])
def test_an_empty_tag_is_a_problem_whatever_the_instance_asks_for(tag: str):
    """Whoever wrote it may have meant none."""
    blank = volume(1, tags={TAG: " "})
    assert reasons(selection(blank, instance(1, blank, tag=tag)).problems) == {ROOT.id: f"its tag {TAG} is empty"}


def test_every_volume_is_selected_or_has_a_reason():
    some = [volume(1, "daily"), volume(2, "none"), volume(3, "dayly"), volume(4), volume(5, tags={TAG: ""})]
    found = selection(*some)
    assert {each.volume.id for each in found.selected} | found.others.keys() == {each.id for each in some}
    assert found.in_vain <= found.others.keys()
    assert all(found.others.values())


def shared(one: str, other: str) -> World:
    both = volume(1)
    return world(both, instance(1, both, tag=one), instance(2, both, tag=other))


def test_a_volume_of_two_instances_is_chosen_once():
    found = select(shared("daily", "daily"), POLICIES, TAG)
    assert [(each.volume.id, each.asked_by) for each in found.selected] == [(ROOT.id, instance(1).id)]
    assert found.problems == ()


def test_of_two_instances_the_one_that_asks_counts():
    (each,) = select(shared("", "daily"), POLICIES, TAG).selected
    assert each.asked_by == instance(2).id
    assert each.instance is not None
    assert each.instance.id == instance(2).id


def test_two_instances_that_ask_for_different_policies_are_a_problem_and_the_first_counts():
    found = select(shared("other", "daily"), POLICIES, TAG)
    assert chosen(found) == {ROOT.id: ("other", instance(1).id)}
    asked = f"{instance(1).id} (other), {instance(2).id} (daily)"
    assert reasons(found.problems) == {
        ROOT.id: f"its instances ask for different policies: {asked}; the first one counts"
    }


def test_two_problems_of_one_volume_are_both_told():
    seen = shared("other", "daily")
    seen = replace(seen, volumes={ROOT.id: replace(seen.volumes[ROOT.id], tags={TAG: "dayly"})})
    said = " ".join(problem.reason for problem in select(seen, POLICIES, TAG).problems)
    assert "dayly" in said
    assert "different policies" in said


def test_an_attachment_to_an_instance_that_was_not_seen_asks_for_nothing():
    assert selection(volume(1, instances=("i-00000000000000009",))).selected == ()


def test_volumes_come_in_the_order_of_their_ids():
    found = selection(volume(3, "daily"), volume(1, "daily"), volume(2, "daily"))
    assert [each.volume.id for each in found.selected] == [volume(number).id for number in (1, 2, 3)]


def test_nothing_is_selected_by_another_tag():
    assert select(world(volume(1, "daily")), POLICIES, "Backup").selected == ()
