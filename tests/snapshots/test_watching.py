"""Who can read snapshots is looked at in slices, and no slice is left out."""

from dataclasses import dataclass, field

import pytest

from chalicelib.errors import TryAgain
from chalicelib.problem import Problem
from chalicelib.snapshots.watching import Watched, WatchPlace, watch
from tests.snapshots.fakes import FakePosition, FakeRegion, Line
from tests.snapshots.worlds import DAILY, HERE, defined, policy, reasons, snapshot, volume

STRANGER, FRIEND = "111111111111", "222222222222"
SHARED = policy("daily", f"shared-with: ['{FRIEND}']")
SECRET = policy("daily", "encryption: required")
SNAPSHOTS = tuple(snapshot(number, volume(number)) for number in range(7))


@dataclass
class Tower:
    """A region with seven snapshots, and looks at them."""

    line: Line = field(default_factory=Line)
    has_time: list[bool] = field(default_factory=list)
    paced: int = 0

    def __post_init__(self) -> None:
        self.region = FakeRegion(self.line)
        self.position = FakePosition()
        self.place = WatchPlace(self.region, self.position, self._pace, self._has_time)

    def _pace(self) -> None:
        self.paced += 1

    def _has_time(self) -> bool:
        return self.has_time.pop(0) if self.has_time else True

    def look(self, most: int = 100, text: str = DAILY) -> Watched:
        self.line.calls.clear()
        return watch(self.place, SNAPSHOTS, defined(text), most)

    @property
    def looked_at(self) -> list[str]:
        return [call.removeprefix("shared with ") for call in self.line.calls if call.startswith("shared")]


def ids(*numbers: int) -> list[str]:
    return [SNAPSHOTS[number].id for number in numbers]


def test_public_and_shared_ones_are_said():
    tower = Tower()
    tower.region.open_to_all.add(SNAPSHOTS[1].id)
    tower.region.given_to[SNAPSHOTS[2].id] = frozenset({STRANGER, FRIEND})
    watched = tower.look(text=SHARED)
    assert reasons(watched.exposed) == {
        SNAPSHOTS[1].id: f"everybody may read this snapshot of {SNAPSHOTS[1].volume}",
        SNAPSHOTS[2].id: f"it is shared with {STRANGER}, whom policy daily does not name",
    }
    assert watched.unblocked == []


def test_what_is_not_encrypted_as_it_should_be_is_no_exposure():
    watched = Tower().look(text=SECRET)
    assert watched.exposed == []
    assert len(watched.unencrypted) == len(SNAPSHOTS)


def test_what_carries_our_tag_and_is_not_ours_is_said():
    tower = Tower()
    tower.region.alike.append(Problem("snap-1", "somebody has made or copied it by hand"))
    assert tower.look().strangers == tower.region.alike


def test_all_are_looked_at_and_each_look_is_paced():
    tower = Tower()
    tower.look()
    assert tower.looked_at == ids(*range(7))
    assert (tower.paced, tower.position.kept) == (7, "")


def test_of_many_each_run_looks_at_some_and_none_is_left_out():
    tower = Tower()
    seen = list[list[str]]()
    for _ in range(4):
        tower.look(3)
        seen.append(tower.looked_at)
    assert seen == [ids(0, 1, 2), ids(3, 4, 5), ids(6), ids(0, 1, 2)]


def test_a_slice_that_ends_with_the_last_one_begins_anew():
    tower = Tower()
    tower.look(7)
    assert tower.position.kept == ""


def test_public_ones_and_the_regions_block_are_looked_at_each_time():
    tower = Tower()
    tower.region.open_to_all.add(SNAPSHOTS[0].id)
    tower.position.kept = SNAPSHOTS[5].id
    tower.region.block = "unblocked"
    watched = tower.look(1)
    assert list(reasons(watched.exposed)) == ids(0)
    assert "enable-snapshot-block-public-access" in reasons(watched.unblocked)[HERE]


def test_a_run_without_time_goes_on_next_time_where_it_stopped():
    tower = Tower(has_time=[True, True, False])
    tower.look()
    assert tower.looked_at == ids(0, 1)
    tower.has_time = [False]
    tower.look()
    assert tower.looked_at == []
    tower.look()
    assert tower.looked_at == ids(2, 3, 4, 5, 6)


def test_a_position_behind_all_of_them_begins_anew():
    tower = Tower()
    tower.position.kept = "snap-ffffffffffffffffffff"
    tower.look()
    assert tower.looked_at == []
    tower.look()
    assert tower.looked_at == ids(*range(7))


@pytest.mark.parametrize("call", ["public", f"shared with {SNAPSHOTS[3].id}", "strangers", "blocking"])
def test_a_look_that_fails_is_no_all_clear(call: str):
    tower = Tower()
    tower.line.errors[call] = [TryAgain("EC2 said RequestLimitExceeded")]
    with pytest.raises(TryAgain):
        tower.look()


def test_nothing_of_ours_is_nothing_to_look_at():
    tower = Tower()
    tower.region.block = "unblocked"
    assert watch(tower.place, (), defined(DAILY)) == Watched()
    assert tower.looked_at == []
