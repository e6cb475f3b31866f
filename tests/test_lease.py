"""A lease lets one writer in at a time, against a real conditional write."""

import threading

import pytest

from chalicelib.errors import TryAgain
from chalicelib.lease.aws import CLOCKS_DIFFER, LONGEST_WRITE, Lease
from localcloud.server.aws import AwsServer


class Time:
    """A clock that sleeping moves."""

    def __init__(self) -> None:
        self.now = 1_000_000.0

    def clock(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def lease(aws: AwsServer, table: str, time: Time, seconds: float = 60, patience: float = 10) -> Lease:
    return Lease(aws.client("dynamodb"), table, "zone Z1", seconds, patience, time.clock, time.sleep)


def test_turns_are_numbered_in_a_row(aws: AwsServer, table: str):
    time = Time()
    numbers = []
    for _ in range(3):
        with lease(aws, table, time).turn() as turn:
            numbers.append(turn.number)
    assert numbers == [1, 2, 3]


def test_a_second_writer_waits_and_then_is_told_to_try_again(aws: AwsServer, table: str):
    time = Time()
    with lease(aws, table, time).turn():
        before = time.now
        with pytest.raises(TryAgain, match="another run is writing to zone Z1"), lease(aws, table, time).turn():
            pytest.fail("two writers at once")
        assert 10 <= time.now - before < 12


def test_a_writer_that_died_is_succeeded_once_its_time_and_a_margin_are_over(aws: AwsServer, table: str):
    time = Time()
    dead = lease(aws, table, time, seconds=60).turn()
    dead.__enter__()
    time.now += 60 + CLOCKS_DIFFER - 1
    with pytest.raises(TryAgain), lease(aws, table, time, patience=0).turn():
        pytest.fail("too early")
    time.now += 2
    with lease(aws, table, time).turn() as turn:
        assert turn.number == 2
        dead.__exit__(None, None, None)  # the dead one's giving back must not end the living one's turn
        with pytest.raises(TryAgain), lease(aws, table, time, patience=0).turn():
            pytest.fail("two writers at once")


def test_the_lease_is_given_back_when_the_work_fails(aws: AwsServer, table: str):
    time = Time()
    with pytest.raises(ZeroDivisionError), lease(aws, table, time).turn():
        _ = 1 / 0
    with lease(aws, table, time, patience=0).turn() as turn:
        assert turn.number == 2


def test_a_turn_says_when_there_is_no_time_for_another_write(aws: AwsServer, table: str):
    time = Time()
    with lease(aws, table, time, seconds=300).turn() as turn:
        time.now += 300 - LONGEST_WRITE
        turn.check()
        time.now += 0.1
        with pytest.raises(TryAgain, match="is over"):
            turn.check()


def test_many_threads_are_never_in_their_turn_together(aws: AwsServer, table: str):
    inside: list[int] = []
    most: list[int] = []

    def work(number: int) -> None:
        with Lease(aws.client("dynamodb"), table, "zone Z2", 60, 60).turn():
            inside.append(number)
            most.append(len(inside))
            inside.remove(number)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == [1] * 6


def test_a_request_that_the_client_repeats_takes_the_lease_all_the_same(aws: AwsServer, table: str):
    """The answer to the first may have been lost on the way: https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html"""
    mine = lease(aws, table, Time())
    assert mine._try("me", 2_000_000) is not None
    assert mine._try("me", 2_000_000) is not None
    assert mine._try("other", 2_000_000) is None
