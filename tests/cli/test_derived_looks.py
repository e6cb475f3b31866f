"""What an audit, a repair and a backfill look for in a family, and what they ask for."""

import pytest

from chalicelib.derived.audit import Fault, Inspected
from chalicelib.derived.job import Task
from chalicelib.derived.listing import Family
from chalicelib.derived.model import Kind, Transformation
from chalicelib.errors import BadRequest
from cli.derived.looks import to_audit, to_backfill, to_repair
from tests.cli.test_derived_campaign import family, fault

THUMBNAIL = Transformation("thumbnail", Kind.IMAGE, 300, 300)
POSTER = Transformation("poster", Kind.VIDEO_STILL, 300, 300)
KNOWN = {each.name: each for each in (THUMBNAIL, POSTER)}


def test_a_repair_asks_for_the_whole_family_and_an_audit_for_nothing():
    found = Inspected("a", True, 1, (fault("a", Fault.LOST), fault("a", Fault.LEFT_ALONE, "poster")))
    looked = to_repair(found, family("a", "thumbnail.jpg"), KNOWN, retry=False)
    assert looked.tasks == (Task("a", (), whole_family=True),)
    assert [each.fault for each in looked.to_do] == [Fault.LOST]
    assert to_audit(found).tasks == ()


def test_with_retry_what_has_a_tombstone_is_asked_for_by_name_once_the_tombstone_is_away():
    found = Inspected("a", True, 1, (fault("a", Fault.LEFT_ALONE),))
    looked = to_repair(found, family("a", "thumbnail.tombstone"), KNOWN, retry=True)
    assert looked.tasks == (Task("a", (THUMBNAIL,)),)
    assert [each.leaf for each in looked.tombstones] == ["thumbnail.tombstone"]
    assert [each.fault for each in looked.to_do] == [Fault.MISSING]


@pytest.mark.parametrize(
    ("leaves", "has_source"),
    [(["thumbnail.jpg"], True), (["thumbnail.jpg", "thumbnail.tombstone"], True), (["thumbnail.tombstone"], False)],
    ids=["an object that is not ours", "both", "no source"],
)
def test_with_retry_nothing_else_that_is_left_alone_is_touched(leaves: list[str], has_source: bool):
    found = Inspected("a", has_source, 1, (fault("a", Fault.LEFT_ALONE),))
    looked = to_repair(found, family("a", *leaves), KNOWN, retry=True)
    assert (looked.tasks, looked.tombstones, looked.to_do) == ((), (), ())


@pytest.mark.parametrize(
    ("there", "kind", "asked"),
    [
        (family("a"), Kind.IMAGE, ["thumbnail"]),
        (family("a"), Kind.VIDEO_STILL, ["poster"]),
        (family("a"), None, []),
        (family("a", "thumbnail.jpg"), Kind.IMAGE, []),
        (family("a", "thumbnail.tombstone"), Kind.IMAGE, []),
        (family("a", has_source=False), Kind.IMAGE, []),
    ],
    ids=["missing", "only what fits", "nothing fits", "there", "cannot be made", "no source"],
)
def test_a_backfill_asks_for_what_is_missing_and_fits(there: Family, kind: Kind | None, asked: list[str]):
    looked = to_backfill(there, (THUMBNAIL, POSTER), lambda _: kind)
    assert [each.name for task in looked.tasks for each in task.wanted] == asked
    assert not any(task.whole_family or looked.deletes for task in looked.tasks)


def test_a_backfill_reads_no_source_that_has_everything():
    def read(_: str) -> Kind:
        raise BadRequest("it was read")

    assert to_backfill(family("a", "thumbnail.jpg", "poster.jpg"), KNOWN.values(), read).tasks == ()
