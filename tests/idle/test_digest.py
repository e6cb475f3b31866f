"""The digest: one message a day, in which each owner finds what is theirs, and which SNS takes."""

import re
import shlex
from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.idle.documents import digest
from chalicelib.idle.documents.digest import LARGEST, Digest
from chalicelib.idle.findings import Finding, Report, Waste
from chalicelib.idle.model import Verdict
from tests.idle import reports
from tests.idle.reports import HERE, HOSTILE, THERE, TODAY, UNPRICED, idle, other, report

YESTERDAY = TODAY - timedelta(days=1)
BUSY = other(9, Verdict.ACTIVE, "busy")


def write(of: Report) -> Digest:
    found = digest.write(of, TODAY)
    assert found is not None
    return found


def about(found: Digest, text: str) -> str:
    """Return the one line that says something."""
    (line,) = [line for line in found.body.splitlines() if text in line]
    return line


def key(found: Finding) -> tuple[str, str]:
    return found.region, found.judgement.instance.id


@pytest.mark.parametrize(
    ("found", "is_sent"),
    [
        pytest.param(report(), False, id="nothing runs"),
        pytest.param(report(BUSY), False, id="nothing is idle"),
        pytest.param(report(BUSY, errors={THERE: "denied"}), True, id="a region was not read"),
        pytest.param(report(BUSY, idle(1)), True, id="one is idle"),
    ],
)
def test_it_is_sent_where_something_is_idle_or_was_not_read(found: Report, is_sent: bool):
    assert (digest.write(found, TODAY) is not None) == is_sent


def test_owners_come_by_what_they_waste_and_have_their_instances_below_them():
    few, much = idle(1, "few", waste=Waste(10.0, 1.0)), idle(2, "much", waste=Waste(200.0, 1.0))
    also = idle(3, "few", waste=Waste(20.0, 1.0))
    found = write(report(few, much, also, BUSY))
    assert found.owners == ("much", "few")
    assert found.named == {key(each) for each in (few, much, also)}
    order = [found.body.index(text) for text in ("much: 1 idle", "worker-2", "few: 2 idle", "worker-3", "worker-1")]
    assert order == sorted(order)
    assert about(found, "few: ") == "few: 2 idle instances, $28.00 a month"
    assert "server-9" not in found.body


def test_an_instance_has_a_short_line_and_what_happens_next():
    told = idle(1, name="build", waste=Waste(70.0, 10.0), noticed=YESTERDAY, next_step="it is stopped on 2026-12-02")
    lines = write(report(told)).body.splitlines()
    at = lines.index("  build  i-00000000000000001  eu-west-1  m5.large  idle since 2026-11-12  $60.00 a month")
    assert lines[at + 1] == "    next: it is stopped on 2026-12-02"


def test_one_without_a_name_has_none():
    nameless = replace(idle(1), judgement=replace(idle(1).judgement, instance=reports.instance(1)))
    assert about(write(report(nameless)), "idle since").startswith("  NEW  i-00000000000000001  eu-west-1")


@pytest.mark.parametrize(
    ("noticed", "is_new"),
    [
        pytest.param(None, True, id="never told"),
        pytest.param(TODAY, True, id="told today: the message is sent again"),
        pytest.param(YESTERDAY, False, id="told before"),
    ],
)
def test_what_is_new_today_is_marked(noticed: date | None, is_new: bool):
    found = write(report(replace(idle(1), noticed=noticed)))
    assert ("NEW" in about(found, "idle since")) == is_new
    assert ("1 new" in found.subject) == is_new


def test_what_has_no_price_is_said_and_is_in_no_sum():
    found = write(report(idle(1, "data", waste=Waste(30.0, 10.0, 5.0)), idle(2, "data", waste=UNPRICED)))
    assert about(found, "worker-2").endswith("no price")
    assert about(found, "data: ") == "data: 2 idle instances, $20.00 a month, and 1 without a price"
    assert "Stopping them saves $20.00 a month. Wasted so far: $5.00." in found.body
    assert "Without a price, and so in no sum: 1." in found.body
    assert "$20.00 a month" in found.subject


def test_where_none_has_a_price_no_money_is_said():
    found = write(report(idle(1, waste=UNPRICED)))
    assert "Without a price, and so in no sum: 1." in found.body
    assert "$" not in found.body + found.subject
    assert "no price" in found.subject


def test_regions_that_were_not_read_come_first():
    found = write(reports.unread())
    assert "2 regions not read" in found.subject
    assert found.body.index("2 regions could not be read") < found.body.index("idle instance")
    for region, why in reports.unread().errors.items():
        assert f"  {region}: {why}" in found.body


def test_it_says_how_to_object_and_how_to_agree_ready_to_paste():
    found = write(report(idle(1, region=THERE)))
    commands = [shlex.split(line) for line in found.body.splitlines() if line.startswith("  aws ")]
    tags = ["keep", "keep until 2026-12-26", "park"]
    assert [command[-1] for command in commands] == [f"Key=groundskeeper:idle,Value={tag}" for tag in tags]
    for command in commands:
        assert command[:7] == ["aws", "ec2", "create-tags", "--region", THERE, "--resources", "i-00000000000000001"]
        assert command[7] == "--tags"


def test_it_says_what_was_assumed_and_where_prices_come_from_and_what_is_malformed():
    found = write(reports.small())
    assert reports.ASSUMPTION in found.body
    assert "AWS Price List API, 2026-11-25: eu-west-1" in found.body
    assert "the table of Groundskeeper 0.1.0, 2026-10-01: us-east-1" in found.body
    assert "its tag groundskeeper:idle is 'kepe'" in found.body
    assert "peak CPU below 5 % and network below 5 MB a day" in found.body


@pytest.mark.parametrize("text", HOSTILE)
def test_whatever_people_write_stays_on_its_line(text: str):
    plain, hostile = (write(report(idle(1, said, name=said, next_step=said))) for said in ("x", text))
    assert hostile.body.count("\n") == plain.body.count("\n")
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]", hostile.body)


@given(st.text(), st.text(), st.integers(0, 10**6), st.integers(0, 40))
def test_sns_takes_every_subject(account: str, region: str, count: int, regions: int):
    """Less than 100 characters, no line breaks, no controls: https://docs.aws.amazon.com/sns/latest/api/API_Publish.html."""
    errors = {f"{region}{number}": "denied" for number in range(regions)}
    waste = Waste(float(count) * 1e9, 0.0)
    subject = write(replace(report(idle(1, waste=waste), errors=errors), account=account)).subject
    assert 0 < len(subject) < 100
    assert subject.isascii()
    assert subject.isprintable()


def _many(count: int, owners: int, text: str = "") -> Report:
    return report(*(idle(number, f"{text}{number % owners}", name=text, usage=()) for number in range(count)))


@pytest.mark.parametrize(
    ("count", "owners", "text"),
    [
        pytest.param(10_000, 1, "web", id="of one owner"),
        pytest.param(10_000, 40, "web", id="of many owners"),
        pytest.param(10_000, 10_000, "web", id="of an owner each"),
        pytest.param(5_000, 70, "\N{GRINNING FACE}" * 255, id="with the longest names"),
    ],
)
def test_of_a_large_fleet_as_many_are_named_as_sns_takes_and_the_rest_is_counted(count: int, owners: int, text: str):
    found = write(_many(count, owners, text))
    assert LARGEST * 0.8 < len(found.body.encode()) <= LARGEST
    left_out = sum(int(number.replace(",", "")) for number in re.findall(r"\.\.\. and ([\d,]+) more", found.body))
    assert left_out + len(found.named) == count
    assert found.body.count("idle since") == len(found.named)


def test_those_named_are_those_in_the_body():
    found = write(_many(5_000, 70))
    assert found.named == {(HERE, id_) for id_ in re.findall(r"  (i-[0-9a-f]{17})  ", found.body)}


def test_each_owner_has_a_turn_before_any_has_another():
    found = write(report(*(idle(number, "hog", usage=()) for number in range(3_000)), idle(9_999, "modest")))
    assert found.owners == ("hog", "modest")
    assert (HERE, f"i-{9_999:017x}") in found.named


def test_in_the_end_everybody_has_been_told():
    """What is not named has not been noticed, so those come first on the days that follow."""
    waiting = {key(each): each for each in _many(4_000, 30).findings}
    day, days = TODAY, 0
    while any(each.noticed is None for each in waiting.values()):
        found = digest.write(report(*waiting.values()), day)
        assert found is not None
        for named in found.named:
            waiting[named] = replace(waiting[named], noticed=waiting[named].noticed or day)
        day, days = day + timedelta(days=1), days + 1
        assert days < 6
    assert days > 1


def test_many_regions_and_problems_leave_room_for_the_instances():
    long = "\N{GRINNING FACE}" * 9_999
    errors = {f"region-{number}": long for number in range(500)}
    origins = {f"region-{number}": replace(reports.ORIGIN, source=f"{long}{number}") for number in range(500)}
    problems = reports.small().problems * 500
    found = write(report(idle(1), errors=errors, origins=origins, problems=problems, assumption=long))
    assert len(found.body.encode()) <= LARGEST
    assert found.named == {key(idle(1))}
