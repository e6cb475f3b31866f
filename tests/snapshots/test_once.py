"""What EC2 must do once is asked for once, whatever is refused, throttled, unclear, or breaks off."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest

from chalicelib.errors import Refused, TryAgain, Unclear
from chalicelib.snapshots.aws.journal import SETTLED_AFTER
from chalicelib.snapshots.once import MOST_UNCLEAR, NOTED_AT_ONCE, WAITS, Came, Patience, ask
from tests.racing import Actor, every_order, wait_for_turn
from tests.snapshots.fakes import Crash, FakeJournal, FakeLease, Line, Time


@dataclass(frozen=True)
class Wish:
    """A step that asks for some keys at once."""

    keys: Sequence[str]
    seconds: float = 0.0

    @property
    def subject(self) -> str:
        return self.keys[0]


@dataclass
class Shelf:
    """What was asked for comes onto it, and shows there after a while; nothing keeps it from coming twice."""

    line: Line
    shows_after: float = 0.0
    came: list[tuple[str, datetime]] = field(default_factory=list)

    def act(self, wish: Wish) -> None:
        with self.line.call("act"):
            self.came += [(key, self.line.time.now) for key in wish.keys]

    def look(self) -> set[str]:
        with self.line.call("look"):
            return self._shown

    def has(self, wish: Wish) -> bool:
        with self.line.call("is there"):
            return set(wish.keys) <= self._shown

    @property
    def _shown(self) -> set[str]:
        since = self.line.time.now - timedelta(seconds=self.shows_after)
        return {key for key, at in self.came if at <= since}

    @property
    def counts(self) -> Counter[str]:
        return Counter(key for key, _ in self.came)


@dataclass
class Place:
    """All that runs share."""

    wishes: list[Wish]
    line: Line = field(default_factory=Line)
    shows_after: float = 0.0

    def __post_init__(self) -> None:
        self.shelf = Shelf(self.line, self.shows_after)
        self.journal = FakeJournal(self.line)
        self.lease = FakeLease(self.line)

    @property
    def time(self) -> Time:
        return self.line.time

    def ask(self, check: Callable[[float], None] = lambda _: None) -> Came[Wish]:
        """Ask for every wish, whatever is there."""
        return ask(self.wishes, self.shelf.act, self.shelf.has, self.journal, self._patience(check))

    def run(self, *, leased: bool = True) -> Came[Wish]:
        """Look, read the journal, and ask for what is neither there nor asked for, as the jobs do."""
        if not leased:
            return self._run(self._patience(lambda _: None))
        with self.lease.turn() as patience:
            return self._run(patience)

    def _run(self, patience: Patience) -> Came[Wish]:
        known = self.shelf.look()
        known |= set(self.journal.asked())
        wanted = [wish for wish in self.wishes if not known & set(wish.keys)]
        return ask(wanted, self.shelf.act, self.shelf.has, self.journal, patience)

    def _patience(self, check: Callable[[float], None]) -> Patience:
        return Patience(check, sleep=self.time.sleep)


def wishes(count: int) -> list[Wish]:
    return [Wish([f"key {number}"]) for number in range(count)]


def place(count: int, *errors: Exception | None, **named: list[Exception | None]) -> Place:
    """Return a place with so many wishes; the errors are met by the requests, one after the other."""
    found = Place(wishes(count))
    found.line.errors = {"act": list(errors), **{name.replace("_", " "): some for name, some in named.items()}}
    return found


def said(outcomes: list[tuple[Wish, str]]) -> dict[str, str]:
    return {key: reason for wish, reason in outcomes for key in wish.keys}


def landed(came: Came[Wish]) -> list[str]:
    return [key for wish in came.landed for key in wish.keys]


def test_each_step_is_noted_and_then_sent_once():
    there = place(3)
    came = there.ask()
    assert landed(came) == ["key 0", "key 1", "key 2"]
    assert (came.refused, came.postponed, came.unclear) == ([], [], [])
    assert there.line.calls == ["journal note", "act", "act", "act"]
    assert there.journal.noted == {"key 0", "key 1", "key 2"}


def test_no_steps_are_no_calls():
    there = place(0)
    there.ask()
    assert there.line.calls == []


def test_a_run_that_dies_has_noted_no_more_than_some_steps_ahead():
    there = place(2 * NOTED_AT_ONCE + 1)
    there.ask()
    assert [len(keys) for _, keys in there.journal.notes] == [NOTED_AT_ONCE, NOTED_AT_ONCE, 1]
    assert there.line.calls.index("act") < len(there.line.calls) - 1 - there.line.calls[::-1].index("journal note")


def test_a_note_is_never_larger_than_an_item_of_dynamodb():
    """An item has 400 KB at the most, and an instance of a cluster has many volumes, each with several slots."""
    large = [f"vol-{volume:017x} monthly/2026-{slot:02}" for volume in range(64) for slot in range(4)]
    there = Place([Wish([f"{key} {number}" for key in large]) for number in range(NOTED_AT_ONCE)])
    assert len(there.ask().landed) == NOTED_AT_ONCE
    sizes = [sum(len(key) + 4 for key in keys) for _, keys in there.journal.notes]
    assert max(sizes) < 200_000
    assert len(sizes) < NOTED_AT_ONCE


def test_what_is_refused_spoils_no_other_and_may_be_asked_for_at_once_again():
    there = place(3, None, Refused("the volume is gone"))
    came = there.ask()
    assert landed(came) == ["key 0", "key 2"]
    assert said(came.refused) == {"key 1": "the volume is gone"}
    assert there.journal.noted == {"key 0", "key 2"}
    assert landed(there.run()) == ["key 1"]


def test_a_throttle_is_waited_for():
    there = place(2, TryAgain("RequestLimitExceeded"), TryAgain("RequestLimitExceeded"))
    before = there.time.now
    came = there.ask()
    assert landed(came) == ["key 0", "key 1"]
    assert there.line.calls.count("act") == 4
    assert sum(WAITS[:2]) / 2 <= (there.time.now - before).total_seconds() <= sum(WAITS[:2])
    assert there.shelf.counts == {"key 0": 1, "key 1": 1}


def test_a_throttle_that_does_not_end_postpones_the_rest_which_may_be_asked_for_at_once_again():
    there = place(4, None, *[TryAgain("RequestLimitExceeded")] * (len(WAITS) + 1))
    came = there.ask()
    assert landed(came) == ["key 0"]
    assert said(came.postponed) == dict.fromkeys(["key 1", "key 2", "key 3"], "RequestLimitExceeded")
    assert there.line.calls.count("act") == 1 + len(WAITS) + 1
    assert there.journal.noted == {"key 0"}
    assert landed(there.run()) == ["key 1", "key 2", "key 3"]


def test_what_is_postponed_in_one_part_postpones_those_behind_it_too():
    there = place(NOTED_AT_ONCE + 5, *[TryAgain("RequestLimitExceeded")] * (len(WAITS) + 1))
    came = there.ask()
    assert len(came.postponed) == NOTED_AT_ONCE + 5
    assert there.line.calls.count("journal note") == 1
    assert there.journal.noted == set()


def test_what_was_not_answered_and_is_found_has_landed():
    there = place(2, Unclear("no answer"))
    came = there.ask()
    assert (landed(came), came.unclear) == (["key 0", "key 1"], [])
    assert there.line.calls == ["journal note", "act", "is there", "act"]
    assert there.journal.noted == {"key 0", "key 1"}


def test_what_was_not_answered_and_is_not_found_stays_noted_and_is_not_said_to_have_landed():
    there = place(2, Unclear("no answer"))
    there.shelf.shows_after = 60.0
    came = there.ask()
    assert landed(came) == ["key 1"]
    assert said(came.unclear) == {"key 0": "no answer"}
    assert (came.refused, came.postponed) == ([], [])
    assert there.journal.noted == {"key 0", "key 1"}


def test_what_was_not_answered_and_cannot_be_looked_for_stays_noted():
    there = place(3, Unclear("no answer"), is_there=[TryAgain("EC2 did not answer")])
    came = there.ask()
    assert "key 0" in there.journal.noted
    assert "key 0" in said(came.unclear)
    assert "key 0" not in landed(came)
    there.time.sleep(30)
    there.shelf.shows_after = 60.0
    there.run()
    assert there.shelf.counts["key 0"] == 1


def test_three_that_are_unclear_in_a_row_are_enough_for_one_run():
    there = place(6, *[Unclear("no answer")] * 6)
    there.shelf.shows_after = 60.0
    came = there.ask()
    assert list(said(came.unclear)) == ["key 0", "key 1", "key 2"]
    assert said(came.postponed) == dict.fromkeys(["key 3", "key 4", "key 5"], "EC2 does not answer")
    assert there.line.calls.count("act") == MOST_UNCLEAR
    assert there.journal.noted == {"key 0", "key 1", "key 2"}


@pytest.mark.parametrize("between", [None, Refused("no")], ids=["an answer", "a refusal"])
def test_any_answer_between_shows_that_ec2_is_there(between: Exception | None):
    there = place(5, Unclear("?"), Unclear("?"), between, Unclear("?"), Unclear("?"))
    there.shelf.shows_after = 60.0
    came = there.ask()
    assert (len(came.unclear), came.postponed) == (4, [])


def test_nothing_is_sent_that_could_not_be_noted():
    there = place(NOTED_AT_ONCE + 2, journal_note=[None, TryAgain("DynamoDB said Throttling")])
    came = there.ask()
    assert len(came.landed) == there.line.calls.count("act") == NOTED_AT_ONCE
    assert said(came.postponed) == dict.fromkeys(
        [f"key {NOTED_AT_ONCE}", f"key {NOTED_AT_ONCE + 1}"], "DynamoDB said Throttling"
    )


def test_a_note_that_cannot_be_withdrawn_delays_one_step_and_spoils_nothing():
    there = place(2, Refused("no"), journal_withdraw=[TryAgain("DynamoDB said Throttling")])
    came = there.ask()
    assert (landed(came), said(came.refused)) == (["key 1"], {"key 0": "no"})
    assert landed(there.run()) == []
    there.time.sleep(SETTLED_AFTER + 1)
    assert landed(there.run()) == ["key 0"]


def test_nothing_is_sent_when_the_time_of_the_run_is_over():
    there = place(3)
    left = iter([None, None, TryAgain("the time is over")])

    def check(_: float) -> None:
        if error := next(left, None):
            raise error

    came = there.ask(check)
    assert landed(came) == ["key 0"]
    assert said(came.postponed) == dict.fromkeys(["key 1", "key 2"], "the time is over")
    assert there.line.calls.count("act") == 1
    assert there.journal.noted == {"key 0"}


def test_a_throttle_is_not_waited_for_beyond_the_time_of_the_run():
    there = place(2, *[TryAgain("RequestLimitExceeded")] * 9)
    until = there.time.now + timedelta(seconds=1)

    def check(_: float) -> None:
        if there.time.now > until:
            raise TryAgain("the time is over")

    came = there.ask(check)
    assert said(came.postponed) == dict.fromkeys(["key 0", "key 1"], "the time is over")
    assert there.journal.noted == set()


def test_every_request_is_paced_those_that_are_repeated_too():
    there = place(2, TryAgain("RequestLimitExceeded"))
    paced = list[int]()
    patience = Patience(lambda _: None, lambda: paced.append(there.line.calls.count("act")), there.time.sleep)
    ask(there.wishes, there.shelf.act, there.shelf.has, there.journal, patience)
    assert paced == [0, 1, 2]


WISHES = [Wish(["a 1", "a 2"]), Wish(["b"]), Wish(["c"])]
ONCE_EACH = {"a 1": 1, "a 2": 1, "b": 1, "c": 1}


def crash_at(line: Line, number: int, when: str) -> None:
    """Let the function be killed before or after a call."""

    def crash() -> None:
        if len(line.calls) == number + (when == "after"):
            line.before = line.after = lambda: None
            raise Crash

    line.before, line.after = (crash, line.after) if when == "before" else (line.before, crash)


def settle(there: Place, every: float = 60.0, *, leased: bool = True) -> None:
    """Run again and again, as the schedule does, until all must have been settled."""
    for _ in range(int(2 * (SETTLED_AFTER + 300) / every)):
        there.time.sleep(every)
        try:
            there.run(leased=leased)
        except TryAgain:
            continue


@pytest.mark.parametrize("lost", range(-1, 3), ids=lambda number: "all answered" if number < 0 else f"{number} lost")
@pytest.mark.parametrize("shows_after", [0.0, 20.0, 290.0])
@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("leased", [True, False], ids=["with leases", "the journal alone"])
def test_a_crash_at_each_call_leaves_each_once_and_loses_none(leased: bool, when: str, shows_after: float, lost: int):
    crashes = 0
    while True:
        there = Place(WISHES, shows_after=shows_after)
        there.line.errors["act"] = [Unclear("no answer") if number == lost else None for number in range(3)]
        crash_at(there.line, crashes, when)
        try:
            there.run(leased=leased)
        except Crash:
            crashes += 1
        else:
            break
        settle(there, leased=leased)
        assert there.shelf.counts == ONCE_EACH, there.line.calls
    assert crashes >= 6 if leased else crashes >= 5


def test_what_a_run_sent_late_before_it_died_is_not_asked_for_again_before_it_shows():
    """AWS advises to look for five minutes after a request, and a run may take long over those that it has noted."""
    there = Place(wishes(NOTED_AT_ONCE), Line(seconds=4.0), shows_after=290.0)
    there.line.after = lambda: crash_when_late(there)
    with pytest.raises(Crash):
        there.run()
    there.line.after, there.line.seconds = (lambda: None), 0.0
    settle(there, every=30.0)
    assert set(there.shelf.counts.values()) == {1}
    assert len(there.shelf.counts) == NOTED_AT_ONCE


def crash_when_late(there: Place) -> None:
    if there.line.calls.count("act") == NOTED_AT_ONCE:
        raise Crash


def meeting(there: Place, *, leased: bool, choose: Callable[[int], int]) -> list[tuple[int, str]]:
    """Let two runs meet in one order; return who made which call."""
    there.line.before = wait_for_turn
    order = list[tuple[int, str]]()

    def run() -> None:
        try:
            there.run(leased=leased)
        except TryAgain:
            return

    runs = {number: Actor(run) for number in (0, 1)}
    while runs:
        number = list(runs)[choose(len(runs))]
        done = len(there.line.calls)
        goes_on = runs[number].step()
        order += [(number, name) for name in there.line.calls[done:]]
        if not goes_on:
            del runs[number]
    there.line.before = lambda: None
    return order


@pytest.mark.parametrize("shows_after", [0.0, 60.0])
def test_two_runs_that_meet_in_any_order_ask_once_each_under_the_lease(shows_after: float):
    def run(choose: Callable[[int], int]) -> None:
        there = Place(WISHES[:2], shows_after=shows_after)
        meeting(there, leased=True, choose=choose)
        there.time.sleep(SETTLED_AFTER + 60)
        there.run()
        assert there.shelf.counts == {"a 1": 1, "a 2": 1, "b": 1}, there.line.calls

    assert every_order(run) > 10


def test_without_the_lease_the_journal_keeps_a_run_from_what_was_noted_before_it_read():
    """Only two that have both read the journal before either wrote in it can ask for the same."""
    doubled = 0

    def run(choose: Callable[[int], int]) -> None:
        nonlocal doubled
        there = Place(WISHES[:1], shows_after=60.0)
        order = meeting(there, leased=False, choose=choose)
        (first_note, *_), reads = (
            [at for at, (_, name) in enumerate(order) if name == "journal note"],
            [at for at, (_, name) in enumerate(order) if name == "journal asked"],
        )
        is_doubled = max(there.shelf.counts.values()) > 1
        assert is_doubled == (max(reads) < first_note), order
        doubled += is_doubled

    assert every_order(run) > 20
    assert doubled


def test_what_takes_too_long_for_the_rest_of_the_run_is_set_aside_and_others_are_not():
    there = Place([Wish(["short"]), Wish(["long"], seconds=120.0), Wish(["behind"])])
    asked = list[float]()

    def check(seconds: float) -> None:
        asked.append(seconds)
        if seconds > 60:
            raise TryAgain("the time is over")

    came = there.ask(check)
    assert landed(came) == ["short", "behind"]
    assert said(came.postponed) == {"long": "the time is over"}
    assert asked == [0.0, 0.0, 0.0, 120.0, 0.0, 0.0]
    assert there.journal.noted == {"short", "behind"}


def test_what_is_not_done_is_said_together():
    there = place(6, Refused("no"), Unclear("?"), *[TryAgain("later")] * 9)
    there.shelf.shows_after = 60.0
    assert said(there.ask().undone) == {
        "key 0": "no",
        "key 1": "?",
        **dict.fromkeys(["key 2", "key 3", "key 4", "key 5"], "later"),
    }
