"""The daily audit: slice by slice through all sources, and never more taken away than is safe."""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import pytest

from chalicelib.derived import slices
from chalicelib.derived.audit import Fault, Finding, Inspected
from chalicelib.derived.listing import Family, ListedSource, families
from chalicelib.derived.slices import AT_ONCE, Slice
from chalicelib.errors import TryAgain
from tests.derived.fakes import THUMB


@dataclass
class FakeAudit:
    """Sources of which some have faults, an audit's position, and a queue for repairs."""

    keys: list[str]
    faults: dict[str, Fault] = field(default_factory=dict)
    position: str = ""
    looked_at: list[str] = field(default_factory=list)
    repaired: list[str] = field(default_factory=list)
    patience: int = 10**6
    """How many sources there is time for."""

    def read(self) -> str:
        return self.position

    def write(self, after: str) -> None:
        self.position = after

    def listed(self, after: str, enough: Callable[[], bool]) -> Iterator[Family]:
        yield from families([ListedSource(key, "", 0.0, 1) for key in sorted(self.keys) if key > after], [], enough)

    def inspect(self, family: Family) -> Inspected:
        self.looked_at.append(family.source_key)
        fault = self.faults.get(family.source_key)
        findings = (Finding(fault, THUMB.of(family.source_key), "a test"),) if fault else ()
        return Inspected(family.source_key, fault is not Fault.ORPHANED, 1, findings)

    def repair(self, found: Iterable[Inspected]) -> None:
        self.repaired += [each.source_key for each in found]

    def has_time(self) -> bool:
        self.patience -= 1
        return self.patience >= 0

    def run(self, repair: Callable[[Iterable[Inspected]], None] | None = None) -> Slice:
        with ThreadPoolExecutor(1) as executor:
            return slices.audit(self.listed, self.inspect, self, repair or self.repair, self.has_time, executor)


def numbered(count: int) -> list[str]:
    return [f"{number:05}.jpg" for number in range(count)]


def test_what_can_be_put_right_is_asked_for_and_nothing_else():
    fake = FakeAudit(numbered(6), dict(zip(numbered(5), Fault, strict=True)))
    found = fake.run()
    assert (found.sources, found.is_last, found.error) == (6, True, None)
    assert fake.repaired == [key for key, fault in fake.faults.items() if fault is not Fault.LEFT_ALONE]


def test_a_slice_ends_with_its_time_and_the_next_goes_on_behind_it():
    keys = numbered(3 * AT_ONCE + 1)
    fake = FakeAudit(keys, patience=AT_ONCE)
    found = fake.run()
    assert (found.sources, found.is_last, fake.position) == (AT_ONCE, False, keys[AT_ONCE - 1])
    fake.patience = 2 * AT_ONCE
    assert fake.run().sources == 2 * AT_ONCE
    fake.patience = 2
    assert fake.run().is_last
    assert (fake.position, fake.looked_at) == ("", keys)
    fake.patience = AT_ONCE
    fake.run()
    assert fake.looked_at == keys + keys[:AT_ONCE], "it begins anew"


def test_an_empty_bucket_is_audited_at_once():
    fake = FakeAudit([], position="gone")
    assert (fake.run().is_last, fake.position) == (True, "")


@pytest.mark.parametrize(
    ("orphans", "sources", "is_safe"), [(5, 6, True), (6, 7, False), (30, 100, True), (31, 100, False)]
)
def test_more_than_five_orphans_and_more_than_thirty_percent_are_left_and_the_rest_is_put_right(
    orphans: int, sources: int, is_safe: bool
):
    keys = numbered(sources)
    fake = FakeAudit(keys, {**dict.fromkeys(keys[:orphans], Fault.ORPHANED), keys[-1]: Fault.LOST})
    found = fake.run()
    assert fake.repaired == (keys[:orphans] if is_safe else []) + [keys[-1]]
    assert (found.error is None) is is_safe
    assert fake.position == "", "an alarm is raised, and the audit goes on"


def test_a_dry_run_says_too_that_too_much_would_go():
    fake = FakeAudit(numbered(10), dict.fromkeys(numbered(10), Fault.ORPHANED))
    found = fake.run(repair=lambda found: None)
    assert found.error
    assert "10 of 10 would be removed" in str(found.error)


def test_what_could_not_be_asked_for_is_found_again_the_next_time():
    fake = FakeAudit(numbered(3), {"00001.jpg": Fault.LOST}, position="00000.jpg")

    def busy(found: Iterable[Inspected]) -> None:
        raise TryAgain("SQS did not take a request")

    with pytest.raises(TryAgain):
        fake.run(repair=busy)
    assert fake.position == "00000.jpg"
    fake.run()
    assert fake.repaired == ["00001.jpg"]


def test_a_position_is_the_greatest_key_by_its_octets_although_families_end_in_another_order():
    keys = ["cat", *(f"cat-{number:05}" for number in range(AT_ONCE))]
    fake = FakeAudit(keys, patience=AT_ONCE)
    fake.run()
    assert fake.position == keys[AT_ONCE - 1]
    emoji = FakeAudit(
        ["\uffee", "\U0001f600", *(f"\U0001f600{number:05}" for number in range(AT_ONCE))], patience=AT_ONCE
    )
    emoji.run()
    assert emoji.position.startswith("\U0001f600")


def test_a_source_that_others_keys_begin_with_is_not_forgotten_where_a_slice_ends_among_them():
    keys = ["cat", *(f"cat-{number:05}" for number in range(2 * AT_ONCE))]
    fake = FakeAudit(keys, patience=AT_ONCE)
    while not fake.run().is_last:
        fake.patience = AT_ONCE
    assert set(fake.looked_at) == set(keys)


def test_a_source_that_cannot_be_read_ends_no_audit_of_the_others():
    fake = FakeAudit(numbered(3), {"00000.jpg": Fault.LOST})
    inspect = fake.inspect

    def refused(family: Family) -> Inspected:
        if family.source_key == "00001.jpg":
            raise OSError("AccessDenied")
        return inspect(family)

    fake.inspect = refused  # type: ignore[method-assign]
    found = fake.run()
    assert (fake.repaired, list(found.unread), found.sources, found.is_last) == (["00000.jpg"], ["00001.jpg"], 3, True)
