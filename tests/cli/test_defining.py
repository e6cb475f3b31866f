"""The commands `define`: what they have in common, against an emulated S3."""

import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from chalicelib.definition.aws import DefinitionStore
from chalicelib.economics.book import Overrides
from chalicelib.errors import BadRequest
from chalicelib.wiring.for_idle import PRICES
from cli import defining
from cli.defining import Reached, show_changes
from localcloud.server.aws import AwsServer

OWN = """\
date: 2026-01-31
source: our agreement
regions:
  us-east-1: {public-ipv4: 0.004}
"""


@dataclass
class Desk:
    """Somebody who defines, and what they are told by the feature."""

    s3: Any
    bucket: str
    folder: Path
    told: list[tuple[Overrides | None, Overrides]] = field(default_factory=list)
    reached: int = 0

    def defines(self, text: str | None = None, **options: bool) -> bool:
        file = self.folder / "own.yaml"
        if text is not None:
            file.write_text(text)
        asked = dict.fromkeys(("show", "default", "dry_run"), False) | options
        return defining.put_in_force(PRICES, self._reach, file=None if text is None else file, **asked)

    def _reach(self) -> Reached[Overrides]:
        self.reached += 1
        return Reached(DefinitionStore(self.s3, self.bucket, PRICES), self._say)

    def _say(self, before: Overrides | None, after: Overrides) -> bool:
        self.told.append((before, after))
        return before != after


@pytest.fixture
def desk(aws: AwsServer, tmp_path: Path) -> Desk:
    s3, bucket = aws.client("s3"), f"documents-{uuid.uuid4().hex[:12]}"
    s3.create_bucket(Bucket=bucket)
    return Desk(s3, bucket, tmp_path)


def shown(desk: Desk, capsys: pytest.CaptureFixture[str]) -> str:
    assert desk.defines(show=True) is False
    return capsys.readouterr().out


def test_definitions_are_put_in_force_shown_as_they_are_written_and_taken_back(
    desk: Desk, capsys: pytest.CaptureFixture[str]
):
    none, own = PRICES.read(PRICES.packaged()), PRICES.read(OWN)
    assert shown(desk, capsys) == PRICES.packaged()
    assert desk.defines(OWN) is True
    assert shown(desk, capsys) == OWN
    assert desk.defines(OWN) is False, "nothing else is in force now"
    assert desk.defines(default=True) is True
    assert shown(desk, capsys) == PRICES.packaged()
    assert desk.told == [(none, own), (own, own), (own, none)]


def test_a_dry_run_says_what_would_change_and_changes_nothing(desk: Desk, capsys: pytest.CaptureFixture[str]):
    assert desk.defines(OWN, dry_run=True) is False
    assert len(desk.told) == 1
    assert shown(desk, capsys) == PRICES.packaged()


@pytest.mark.parametrize(
    ("text", "options"),
    [(None, {}), (OWN, {"show": True}), (OWN, {"default": True}), (None, {"show": True, "default": True})],
    ids=["nothing", "a file and --show", "a file and --default", "--show and --default"],
)
def test_one_thing_is_asked_for_at_once(desk: Desk, text: str | None, options: dict[str, bool]):
    with pytest.raises(BadRequest, match="give one of: a file, --show, --default"):
        desk.defines(text, **options)
    assert desk.reached == 0


def test_a_malformed_file_is_refused_with_its_lines_before_aws_is_asked_anything(desk: Desk):
    with pytest.raises(BadRequest, match=r"own\.yaml is refused:\n(.*\n)*.*line 4"):
        desk.defines(OWN.replace("0.004", "dear"))
    assert desk.reached == 0


def test_where_those_in_force_are_malformed_all_is_said_to_be_new(desk: Desk, capsys: pytest.CaptureFixture[str]):
    desk.s3.put_object(Bucket=desk.bucket, Key=PRICES.key, Body=b"regions: [")
    assert desk.defines(OWN) is True
    assert desk.told == [(None, PRICES.read(OWN))]
    assert "the definitions in force are malformed" in capsys.readouterr().err
    assert shown(desk, capsys) == OWN


def test_changes_have_signs(capsys: pytest.CaptureFixture[str]):
    assert show_changes([("+", "daily: new"), ("-", "[old]: removed")]) is True
    assert capsys.readouterr().out == "+ daily: new\n- [old]: removed\n"
    assert show_changes([]) is False
