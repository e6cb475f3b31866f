"""What an audit finds wrong with one source: the same that would be put right, and for as few calls as possible."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

import pytest

from chalicelib.derived import audit, job
from chalicelib.derived.audit import Fault, Inspected
from chalicelib.derived.job import Task
from chalicelib.derived.listing import Family, ListedDerived, ListedSource
from chalicelib.derived.model import DerivedKey, Entombed, Foreign, Kind, Lost, Present, State
from chalicelib.derived.plan import Make
from tests.derived.fakes import (
    CAT,
    DEFINITIONS,
    LARGE,
    ORIGIN,
    POSTER,
    THUMB,
    FakeEngine,
    FakeS3,
    etag,
    stamp,
    workplace,
)

NOW, BEFORE = b"image 2", b"image 1"
KEY = THUMB.of(CAT)


@dataclass
class Sniff:
    """Reads the first bytes of sources, and notes of which."""

    s3: FakeS3
    sniffed: list[str] = field(default_factory=list)

    def __call__(self, key: str) -> Kind | None:
        self.sniffed.append(key)
        return None if key in self.s3.marked else FakeEngine().kind(self.s3.sources[key])


def world(contents: bytes | None, stored: dict[DerivedKey, State] | None = None) -> FakeS3:
    return FakeS3({} if contents is None else {CAT: contents}, dict(stored or {}))


def family(s3: FakeS3, *, listed: bool = True) -> Family:
    """Return what listings say of the source; ``listed`` says whether that of sources began early enough."""
    contents = s3.sources.get(CAT)
    source = ListedSource(CAT, etag(contents), 1.0, len(contents)) if listed and contents is not None else None
    return Family(CAT, source, tuple(_listed(s3.stored)))


def _listed(stored: Iterable[DerivedKey]) -> Iterable[ListedDerived]:
    for key in stored:
        yield ListedDerived(ORIGIN.keys.spell(key), key.source_key, key.leaf, '"made"', 2.0, "REDUCED_REDUNDANCY")


def inspect(s3: FakeS3, sniff: Sniff | None = None, *, keeps_orphans: bool = False, listed: bool = True) -> Inspected:
    return audit.inspect(workplace(s3, keeps_orphans=keeps_orphans), family(s3, listed=listed), sniff or Sniff(s3))


def faults(found: Inspected) -> list[tuple[str, str]]:
    return [(finding.fault.value, finding.key.leaf) for finding in found.findings]


@pytest.mark.parametrize(
    ("contents", "stored", "found"),
    [
        pytest.param(NOW, {KEY: Present(stamp(NOW))}, [], id="all is right"),
        pytest.param(NOW, {}, [("missing", "thumb.jpg")], id="nothing was made"),
        pytest.param(NOW, {KEY: Lost()}, [("lost", "thumb.jpg")], id="it is lost"),
        pytest.param(NOW, {KEY: Present(stamp(BEFORE))}, [("stale", "thumb.jpg")], id="it is of older contents"),
        pytest.param(
            NOW, {KEY.tombstone: Entombed(stamp(BEFORE), "x")}, [("stale", "thumb.jpg")], id="so is a tombstone"
        ),
        pytest.param(
            NOW, {KEY.tombstone: Entombed(stamp(NOW), "x")}, [("left alone", "thumb.jpg")], id="cannot be made"
        ),
        pytest.param(NOW, {KEY: Foreign()}, [("left alone", "thumb.jpg")], id="it is not ours"),
        pytest.param(
            NOW,
            {KEY: Present(stamp(NOW)), DerivedKey(CAT, "former", "jpg"): Present(stamp(NOW))},
            [("left alone", "former.jpg")],
            id="nothing that is defined makes it",
        ),
        pytest.param(None, {KEY: Present(stamp(NOW))}, [("orphaned", "thumb.jpg")], id="its source is gone"),
        pytest.param(None, {KEY: Lost()}, [("orphaned", "thumb.jpg")], id="its source is gone and it is lost"),
        pytest.param(None, {KEY: Foreign()}, [("left alone", "thumb.jpg")], id="its source is gone and it is not ours"),
        pytest.param(b"video 1", {}, [("missing", "poster.jpg")], id="a video has no poster"),
        pytest.param(b"noise", {}, [], id="what cannot be rendered misses nothing"),
    ],
)
def test_what_is_found_when(contents: bytes | None, stored: dict[DerivedKey, State], found: list[tuple[str, str]]):
    s3 = world(contents, stored)
    inspected = inspect(s3)
    assert faults(inspected) == found
    assert all(finding.because for finding in inspected.findings)
    assert inspected.has_source is (contents is not None)
    assert inspected.is_orphaned is (("orphaned", "thumb.jpg") in found)
    assert [each.fault.value for each in inspected.to_repair] == [fault for fault, _ in found if fault != "left alone"]
    assert not any(call.startswith(("PUT", "DELETE")) for call in s3.calls)
    job.put_right(workplace(s3), Task(CAT, DEFINITIONS.wanted(CAT), whole_family=True))
    assert inspect(s3).to_repair == ()


def test_whoever_keeps_orphans_is_told_of_them_and_nothing_is_to_repair():
    found = inspect(world(None, {KEY: Present(stamp(NOW))}), keeps_orphans=True)
    assert (faults(found), found.to_repair, found.is_orphaned) == ([("left alone", "thumb.jpg")], (), False)


def test_a_listed_source_is_not_looked_at_again_and_only_what_is_listed_is_looked_at():
    s3 = world(NOW, {KEY: Present(stamp(NOW))})
    inspect(s3)
    assert s3.calls == ["HEAD thumb.jpg"]


def test_that_a_source_is_gone_is_believed_only_after_a_look_at_it():
    s3 = world(NOW, {KEY: Present(stamp(NOW))})
    found = inspect(s3, listed=False)
    assert (found.has_source, found.findings) == (True, ())
    assert "HEAD source" in s3.calls


@pytest.mark.parametrize(
    ("contents", "stored", "sniffed"),
    [
        pytest.param(NOW, {}, 1, id="nothing tells"),
        pytest.param(NOW, {KEY.tombstone: Entombed(stamp(NOW), "x")}, 1, id="a tombstone tells nothing"),
        pytest.param(NOW, {LARGE.of(CAT): Present(stamp(NOW, LARGE))}, 0, id="what was made tells"),
        pytest.param(NOW, {LARGE.of(CAT): Lost()}, 0, id="what was lost tells"),
        pytest.param(None, {POSTER.of(CAT): Lost()}, 0, id="there is no source"),
        pytest.param(NOW, {KEY: Present(stamp(NOW)), POSTER.of(CAT): Foreign()}, 0, id="nothing is missing"),
        pytest.param(b"noise", {}, 1, id="what it tells is nothing"),
    ],
)
def test_a_source_is_read_once_at_the_most_and_only_if_nothing_else_tells_what_it_is(
    contents: bytes | None, stored: dict[DerivedKey, State], sniffed: int
):
    s3 = world(contents, stored)
    sniff = Sniff(s3)
    inspect(s3, sniff)
    assert sniff.sniffed == [CAT] * sniffed


def test_a_source_that_is_a_derived_object_itself_misses_nothing():
    s3 = world(NOW)
    s3.marked.add(CAT)
    place, task = workplace(s3), Task(CAT, DEFINITIONS.wanted(CAT), whole_family=True)
    assert not [change for change in job.put_right(place, task).planned if isinstance(change, Make)]
    assert Fault.MISSING not in [finding.fault for finding in inspect(s3).findings]


def test_a_family_that_was_not_read_to_its_end_misses_nothing_that_is_there():
    s3 = world(NOW, {KEY: Present(stamp(NOW))})
    begun = replace(family(s3), children=(), is_whole=False)
    assert audit.inspect(workplace(s3), begun, Sniff(s3)).findings == ()
    behind = replace(family(s3, listed=False), children=())
    assert audit.inspect(workplace(s3), behind, Sniff(s3)).findings == ()
