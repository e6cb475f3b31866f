"""`groundskeeper derived`: what is wrong is found, put right, and gone on with, against a deployed stack."""

import json
import re
import shlex
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.deployed.conftest import Deployment, Operator, eventually
from tests.deployed.studio import PREFIX, Studio, picture, run_file, studio

__all__ = ["studio"]
TRUNCATED = 300  # bytes


def test_what_is_missing_is_found_and_made_and_then_nothing_is_wrong(studio: Studio):
    studio.put("photos/it's a cat é.jpg", "photos/dog.jpg", "other.jpg")
    studio.put("photos/note.txt", body=b"no picture")
    audited = studio.types("audit", "photos/")
    assert "missing     derived/photos/it's a cat é.jpg/thumbnail.jpg  because it is missing" in audited.stdout
    assert "looked at 3 sources: 4 missing" in audited.stdout
    assert (audited.returncode, studio.made()) == (1, set())
    dry = studio.types("repair", "photos/", "--dry-run")
    assert (dry.returncode, dry.stdout, studio.made()) == (1, audited.stdout, set())
    repaired = studio.types("repair", "photos/")
    assert (repaired.returncode, "4 made" in repaired.stdout) == (0, True), repaired.stderr
    assert len(studio.made()) == 4
    assert "other.jpg" in studio.types("audit").stdout
    again = studio.types("audit", "photos/")
    assert (again.returncode, "looked at 3 sources: all is right" in again.stdout) == (0, True)
    assert again.stderr == ""


def test_a_program_reads_json_alone_on_standard_output(studio: Studio):
    studio.put("cat.jpg")
    found = [json.loads(line) for line in studio.types("audit", "--json").stdout.splitlines()]
    assert [each["key"] for each in found] == ["derived/cat.jpg/thumbnail.jpg", "derived/cat.jpg/large.jpg"]
    (done,) = [json.loads(line) for line in studio.types("repair", "--json").stdout.splitlines()]
    assert (done["source"], len(done["made"]), done["not_done"]) == ("cat.jpg", 2, {})


def test_what_is_lost_or_stale_is_made_anew(studio: Studio):
    studio.put("lost.jpg", "stale.jpg")
    assert studio.types("repair").returncode == 0
    studio.cloud.lose_object(studio.derived, f"{PREFIX}lost.jpg/large.jpg")
    studio.put("stale.jpg", body=picture("blue"))
    said = studio.types("audit").stdout
    assert "lost        derived/lost.jpg/large.jpg  because S3 has lost it" in said
    assert said.count("because its source has changed") == 2
    repaired = studio.types("repair")
    assert (repaired.returncode, "3 made" in repaired.stdout) == (0, True), repaired.stderr
    assert studio.types("audit").returncode == 0


def test_few_orphans_are_deleted_and_many_only_at_a_persons_word(studio: Studio):
    keys = [f"{number}.jpg" for number in range(9)]
    studio.put(*keys)
    assert studio.types("repair", "--rate", "100").returncode == 0
    studio.s3.delete_object(Bucket=studio.sources, Key=keys[0])
    repaired = studio.types("repair")
    assert (repaired.returncode, "2 deleted" in repaired.stdout) == (0, True), repaired.stderr
    assert len(studio.made()) == 16
    for key in keys[1:7]:
        studio.s3.delete_object(Bucket=studio.sources, Key=key)
    refused = studio.types("repair")
    assert refused.returncode == 1
    assert "6 of 8 would be removed" in refused.stderr
    assert "12 kept" in refused.stdout
    assert len(studio.made()) == 16
    assert studio.types("repair", "--force").returncode == 0
    assert len(studio.made()) == 4


def test_what_cannot_be_made_is_told_once_and_tried_again_only_if_asked(studio: Studio):
    studio.put("broken.jpg", body=picture()[:TRUNCATED])
    studio.put("cat.jpg")
    first = studio.types("repair")
    assert first.returncode == 0
    assert "! derived/broken.jpg/thumbnail.jpg: " in first.stderr
    assert "2 made" in first.stdout
    assert "2 cannot be made" in first.stdout
    second = studio.types("repair")
    assert (second.returncode, "2 left alone" in second.stdout) == (0, True)
    tombs = {key for key in studio.made() if key.endswith(".tombstone")}
    assert len(tombs) == 2
    retried = studio.types("repair", "--retry")
    assert (retried.returncode, "2 cannot be made" in retried.stdout) == (0, True)
    assert tombs <= studio.made()


def test_a_run_that_is_broken_off_says_how_to_go_on_and_nothing_is_left_out(studio: Studio):
    keys = [f"a b/{number:02}.jpg" for number in range(24)]
    studio.put(*keys)
    words = ["derived", "repair", "a b/", "--local", "--at-once", "2"]
    code = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)\nfrom cli.main import main; main()"
    with subprocess.Popen(
        [sys.executable, "-c", code, *words, "--rate", "4"],
        cwd=studio.folder,
        env={"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin", "HOME": str(studio.folder)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        eventually(lambda: len(studio.made()) >= 12)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=60)
    assert process.returncode == 130, said
    command = shlex.split(re.findall(r"^go on with: (.*)$", said, re.MULTILINE)[0])
    assert command[:-1] == ["groundskeeper", *words, "--rate", "4", "--start-after"]
    assert command[-1] in keys
    behind = [key for key in keys if key > command[-1]]
    assert len(behind) < len(keys)
    assert {f"{key}/thumbnail.jpg" for key in keys if key not in behind} <= studio.made()
    went_on = Operator(studio.folder).types(*command[1:], "--rate", "100")
    assert (went_on.returncode, f"looked at {len(behind)} sources" in went_on.stdout) == (0, True), went_on.stderr
    assert len(studio.made()) == 2 * len(keys)


def test_a_backfill_makes_what_fits_and_changes_nothing_else(studio: Studio):
    studio.put("cat.jpg", "gone.jpg")
    studio.put("note.txt", body=b"no picture")
    assert studio.types("repair").returncode == 0
    studio.s3.delete_object(Bucket=studio.sources, Key="gone.jpg")
    dry = studio.types("backfill", "", "--transformation", "square", "--transformation", "poster", "--dry-run")
    assert dry.stdout.splitlines()[0] == "missing     derived/cat.jpg/square.webp  because it is missing"
    before = studio.made()
    filled = studio.types("backfill", "", "--transformation", "square", "--transformation", "poster")
    assert (filled.returncode, filled.stderr) == (0, "")
    assert studio.made() - before == {"cat.jpg/square.webp"}
    assert before <= studio.made()
    studio.s3.delete_object(Bucket=studio.derived, Key=f"{PREFIX}cat.jpg/large.jpg")
    assert "1 made" in studio.types("backfill", "").stdout
    unknown = studio.types("backfill", "", "--transformation", "sqare")
    assert (unknown.returncode, "there are thumbnail, square, large, poster, cover" in unknown.stderr) == (2, True)


@pytest.mark.parametrize("studio", [{"DryRun": "1"}], indirect=True)
def test_a_stack_that_changes_nothing_repairs_nothing(studio: Studio):
    studio.put("cat.jpg")
    said = studio.types("repair")
    assert (said.returncode, "DryRun=1" in said.stderr, studio.made()) == (1, True, set())


def test_a_key_to_start_after_that_is_not_below_the_prefix_is_a_mistake(studio: Studio):
    said = studio.types("audit", "photos/", "--start-after", "phtos/a.jpg")
    assert (said.returncode, "--start-after must begin with the prefix 'photos/'" in said.stderr) == (2, True)


@pytest.mark.parametrize("command", [["audit"], ["repair"], ["backfill", ""], ["define", "--show"], ["connect"]])
def test_a_stack_that_derives_nothing_is_said_to(deployment: Deployment, tmp_path: Path, command: list[str]):
    run_file(deployment, tmp_path)
    said = Operator(tmp_path).types("derived", *command, "--local")
    assert (said.returncode, "has no SourceBucket" in said.stderr) == (2, True)
