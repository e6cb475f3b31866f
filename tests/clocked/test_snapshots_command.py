"""`groundskeeper plan|sweep snapshots` and `groundskeeper snapshots`, against a deployed stack."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from localcloud.cloud import LocalCloud
from tests.clocked.garden import HERE, THERE, Garden, set_clock
from tests.clocked.terminal import Terminal
from tests.conftest import ROOT
from tests.deployed.conftest import eventually
from tests.snapshots.yards import Yard, tags

# The slot of a day has come at whatever time of that day the tests run.
POLICIES = f"""policies:
  daily: {{schedules: {{daily: {{at: "00:00", keep: {{count: 2}}}}}}}}
  copied:
    schedules: {{daily: {{at: "00:00", keep: {{count: 2}}}}}}
    copy: {{region: {THERE}, keep: {{daily: {{count: 3}}}}}}
"""


@dataclass
class Gardener(Terminal):
    """Somebody at a terminal, who has a stack with snapshots."""

    garden: Garden

    @property
    def yard(self) -> Yard:
        return self.garden.yard

    def volume(self, policy: str, age: timedelta = timedelta(days=30)) -> str:
        """Return a volume that has been there for a while."""
        cloud = self.garden.cloud
        set_clock(cloud, cloud.aws.clock.now() - age)
        made = self.yard.volume(policy)
        set_clock(cloud, None)
        return made

    def history(self, policy: str, count: int, *volumes: str) -> None:
        """Let there be snapshots of each of the last days but this one."""
        now = self.garden.cloud.aws.clock.now()
        self.garden.history(policy, now - timedelta(days=count), count, *volumes)
        set_clock(self.garden.cloud, None)


@pytest.fixture(scope="module")
def garden(cloud: LocalCloud, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Garden]:
    """Return a stack that tests share; each takes volumes of its own. Nothing fires its schedules."""
    made = Garden(cloud, POLICIES, {"Regions": HERE})
    yield made
    made.leave()


@pytest.fixture(scope="module")
def folder(garden: Garden, tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("operator")
    garden.run_file(made)
    return made


@pytest.fixture
def gardener(garden: Garden, folder: Path) -> Iterator[Gardener]:
    yield Gardener(garden.cloud, folder, garden)
    set_clock(garden.cloud, None)
    garden.define(POLICIES)
    garden.yard.leave()
    garden.yard.disks.clear()
    garden.await_completion()
    for region in (HERE, THERE):
        garden.await_completion(region)
        for shown in garden.yard.snapshots(region):
            garden.cloud.client("ec2", region).delete_snapshot(SnapshotId=shown["SnapshotId"])


def test_what_is_planned_is_what_a_sweep_makes_and_then_nothing_is_planned(gardener: Gardener):
    first, second = gardener.volume("daily"), gardener.volume("daily")
    planned = gardener.types_elsewhere("plan", "snapshots")
    assert planned.returncode == 0, planned.stderr
    for volume in (first, second):
        assert f"+ {HERE}  {volume}  because daily/" in planned.stdout
    assert "would make 2, copy 0, delete 0 and keep 0 snapshots" in planned.stdout
    assert gardener.yard.snapshots() == []
    swept = gardener.types("sweep", "snapshots")
    assert (swept.returncode, "made 2 snapshots, and 0 copies" in swept.stdout) == (0, True), swept.stderr
    lines = [line for line in planned.stdout.splitlines() if line.startswith("+")]
    assert [line for line in swept.stdout.splitlines() if line.startswith("+")] == lines
    assert len(gardener.garden.of(first, second)) == 2
    again = gardener.types("sweep", "snapshots")
    assert (again.returncode, "made 0 snapshots, and 0 copies" in again.stdout) == (0, True)
    assert gardener.reads("plan", "snapshots") == []


def test_a_program_reads_json_alone_on_standard_output(gardener: Gardener):
    volume = gardener.volume("daily")
    (planned,) = gardener.reads("plan", "snapshots")
    assert (planned["region"], planned["action"], planned["ids"]) == (HERE, "create", [volume])
    (done,) = gardener.reads("sweep", "snapshots")
    assert done == planned
    gardener.garden.await_completion()
    (covered,) = gardener.reads("snapshots", "coverage")
    assert (covered["volume"], covered["policy"], covered["status"]) == (volume, "daily", "covered")
    (made,) = gardener.garden.of(volume)
    assert covered["newest"] == made["SnapshotId"]
    assert gardener.reads("snapshots", "retire") == []


def test_a_plan_of_another_time_says_what_would_be_due_then_and_is_not_done(gardener: Gardener):
    volume = gardener.volume("daily", timedelta(minutes=1))
    then = gardener.garden.cloud.aws.clock.now() + timedelta(days=2)
    planned = gardener.reads("plan", "snapshots", "--at", f"{then:%Y-%m-%dT04:00Z}")
    assert [line["ids"] for line in planned] == [[volume]]
    assert f"daily/{then:%Y-%m-%d}" in str(planned[0]["because"])
    assert gardener.reads("plan", "snapshots", "--at", f"{then:%Y-%m-%dT05:00+01:00}") == planned
    assert gardener.yard.snapshots() == []


def test_what_stays_is_said_with_its_reason_if_asked(gardener: Gardener):
    volume = gardener.volume("daily")
    gardener.history("daily", 4, volume)
    planned = gardener.types("plan", "snapshots", "--all")
    signs = [line[0] for line in planned.stdout.splitlines() if volume in line]
    assert signs == ["+", "-", "-", "=", "="]
    assert "daily: number 1 of the newest 2" in planned.stdout


def test_what_is_wrong_is_said_and_does_not_hide_what_is_right(gardener: Gardener):
    good, typo = gardener.volume("daily"), gardener.volume("dayly")
    planned = gardener.types("plan", "snapshots")
    assert f"! {HERE}  {typo}" in planned.stderr
    assert "did you mean daily?" in planned.stderr
    assert good in planned.stdout
    assert planned.returncode == 0
    swept = gardener.types("sweep", "snapshots")
    assert (swept.returncode, typo in swept.stderr) == (0, True)


def test_a_sweep_that_could_not_do_all_says_what_and_exits_with_1(gardener: Gardener):
    volume, other = gardener.volume("daily"), gardener.volume("daily")
    gardener.garden.cloud.aws.faults.fail("ec2:CreateSnapshot", code="ConcurrentSnapshotLimitExceeded")
    swept = gardener.types("sweep", "snapshots")
    assert (swept.returncode, "ConcurrentSnapshotLimitExceeded" in swept.stderr) == (1, True)
    assert "made 1 snapshots" in swept.stdout
    assert len(gardener.garden.of(volume, other)) == 1


def test_coverage_shows_slots_and_gaps_and_exits_with_1_where_something_is_not_covered(gardener: Gardener):
    covered, bare, silent = gardener.volume("daily"), gardener.volume("daily"), gardener.yard.volume()
    young = gardener.volume("daily", timedelta(minutes=1))
    gardener.history("daily", 3, covered)
    shown = gardener.types("snapshots", "coverage")
    assert shown.returncode == 1
    rows = {line.split()[0]: line for line in shown.stdout.splitlines() if line.startswith("vol-")}
    assert {covered, bare, young} <= set(rows)
    assert silent not in rows
    assert "never" in rows[bare]
    assert "new" in rows[young]
    assert f"! {HERE}  {bare} is not covered: daily/" in shown.stderr
    assert "oldest slot first: " in shown.stdout
    assert "uncovered" in shown.stdout.splitlines()[-1]
    assert "slots have nothing" in shown.stdout.splitlines()[-1]
    every = gardener.types("snapshots", "coverage", "--all")
    assert silent in every.stdout
    slots = {row["volume"]: row["slots"] for row in gardener.reads("snapshots", "coverage")}
    last = {volume: list(its["daily"].values())[-1] for volume, its in slots.items()}
    assert (last[bare], last[young]) == ("gap", "not yet")


def test_all_is_covered_once_what_is_due_is_completed(gardener: Gardener):
    gardener.volume("daily")
    assert gardener.types("sweep", "snapshots").returncode == 0
    gardener.garden.await_completion()
    shown = gardener.types("snapshots", "coverage")
    assert (shown.returncode, shown.stderr) == (0, "")
    assert "1 covered" in shown.stdout


def test_coverage_of_another_time_is_by_its_slots(gardener: Gardener):
    volume = gardener.volume("daily")
    assert gardener.types("sweep", "snapshots").returncode == 0
    gardener.garden.await_completion()
    later = gardener.garden.cloud.aws.clock.now() + timedelta(days=3)
    shown = gardener.types("snapshots", "coverage", "--at", f"{later:%Y-%m-%d}")
    assert (shown.returncode, f"{volume} is not covered" in shown.stderr) == (1, True)


def test_what_has_failed_is_shown(gardener: Gardener):
    gardener.volume("daily")
    with gardener.garden.standing_still():
        gardener.types("sweep", "snapshots")
        (made,) = gardener.yard.snapshots()
        gardener.garden.cloud.aws.ebs.fail(made["SnapshotId"], "Internal error")
    shown = gardener.types("snapshots", "coverage")
    assert (shown.returncode, f"{made['SnapshotId']} of" in shown.stderr) == (1, True)
    assert "it failed: Internal error" in shown.stderr


def test_a_restore_plan_says_which_snapshot_and_its_commands_can_be_typed(gardener: Gardener):
    volume = gardener.volume("daily")
    gardener.history("daily", 3, volume)
    oldest, middle, newest = gardener.garden.of(volume)
    planned = gardener.types("snapshots", "restore-plan", volume)
    assert planned.returncode == 0, planned.stderr
    assert planned.stdout.startswith(f"{newest['SnapshotId']}, taken ")
    assert f"aws ec2 create-volume --region {HERE} --snapshot-id {newest['SnapshotId']}" in planned.stdout
    assert f"--availability-zone {HERE}a --volume-type gp3" in planned.stdout
    assert "crash-consistent" in planned.stdout
    then = middle["StartTime"] + timedelta(hours=1)
    at = gardener.types("snapshots", "restore-plan", volume, "--at", f"{then:%Y-%m-%dT%H:%M:%SZ}", "--json")
    assert json.loads(at.stdout)["snapshot"] == middle["SnapshotId"]
    before = oldest["StartTime"] - timedelta(days=1)
    none = gardener.types("snapshots", "restore-plan", volume, "--at", f"{before:%Y-%m-%dT%H:%M:%SZ}")
    assert (none.returncode, f"the first completed snapshot of {volume} is {oldest['SnapshotId']}" in none.stderr) == (
        1,
        True,
    )
    unknown = gardener.types("snapshots", "restore-plan", "vol-0123456789abcdef0")
    assert (unknown.returncode, "there is no snapshot of vol-0123456789abcdef0 that we made" in unknown.stderr) == (
        1,
        True,
    )


def test_a_volume_that_is_gone_comes_back_from_its_copy_where_nothing_else_is_left(gardener: Gardener):
    volume = gardener.volume("copied")
    assert gardener.types("sweep", "snapshots").returncode == 0
    gardener.garden.await_completion()
    eventually(lambda: gardener.garden.of(volume, region=THERE))
    gardener.garden.await_completion(THERE)
    gardener.garden.cloud.wait_idle()
    (copy,) = gardener.garden.of(volume, region=THERE)
    gardener.yard.ec2.delete_volume(VolumeId=volume)
    for shown in gardener.garden.of(volume):
        gardener.yard.ec2.delete_snapshot(SnapshotId=shown["SnapshotId"])
    planned = gardener.types("snapshots", "restore-plan", volume)
    assert planned.returncode == 0, planned.stderr
    assert planned.stdout.startswith(copy["SnapshotId"])
    assert f"{volume} is gone" in planned.stdout
    assert f"the snapshot is in {THERE}" in planned.stdout


def test_a_volume_comes_back_though_the_stack_and_its_region_are_out_of_reach(gardener: Gardener):
    volume = gardener.volume("copied")
    assert gardener.types("sweep", "snapshots").returncode == 0
    gardener.garden.await_completion()
    eventually(lambda: gardener.garden.of(volume, region=THERE))
    gardener.garden.await_completion(THERE)
    (copy,) = gardener.garden.of(volume, region=THERE)
    gardener.garden.cloud.wait_idle()
    asked = gardener.garden.cloud.aws.calls.count("lambda:GetFunctionConfiguration")
    planned = gardener.types("snapshots", "restore-plan", volume, "--from", THERE)
    assert (planned.returncode, planned.stderr) == (0, "")
    assert planned.stdout.startswith(copy["SnapshotId"])
    assert gardener.garden.cloud.aws.calls.count("lambda:GetFunctionConfiguration") == asked


def test_a_volume_that_has_snapshots_and_asks_no_more_is_not_covered(gardener: Gardener):
    volume = gardener.volume("daily")
    gardener.history("daily", 1, volume)
    gardener.yard.ec2.delete_tags(Resources=[volume], Tags=[{"Key": gardener.yard.tag}])
    shown = gardener.types("snapshots", "coverage")
    assert (shown.returncode, f"{volume} is not covered: it has snapshots" in shown.stderr) == (1, True)
    gardener.yard.ec2.create_tags(Resources=[volume], Tags=[{"Key": gardener.yard.tag, "Value": "none"}])
    assert gardener.types("snapshots", "coverage").returncode == 0


def test_a_restore_plan_is_made_of_what_can_be_read(gardener: Gardener):
    volume = gardener.volume("daily")
    gardener.history("daily", 1, volume)
    gardener.yard.fail("ec2:DescribeSnapshots", region=THERE, code="AuthFailure", status=401)
    planned = gardener.types("snapshots", "restore-plan", volume)
    gardener.garden.cloud.aws.faults.clear()
    assert (planned.returncode, f"! {THERE} was not read, and may hold a later snapshot" in planned.stderr) == (0, True)
    assert planned.stdout.startswith("snap-")


def test_what_no_policy_keeps_is_deleted_with_its_reason_or_only_said(gardener: Gardener):
    volume = gardener.volume("daily")
    gardener.history("daily", 3, volume)
    oldest, *others = gardener.garden.of(volume)
    dry = gardener.types("snapshots", "retire", "--dry-run")
    assert (dry.returncode, "would delete 1 snapshots" in dry.stdout) == (0, True)
    assert len(gardener.garden.of(volume)) == 3
    retired = gardener.types("snapshots", "retire", "--all")
    assert (retired.returncode, "deleted 1 snapshots" in retired.stdout) == (0, True), retired.stderr
    assert f"- {HERE}  {oldest['SnapshotId']} of {volume}" in retired.stdout
    assert retired.stdout.count("= ") == 2
    assert [shown["SnapshotId"] for shown in gardener.garden.of(volume)] == [each["SnapshotId"] for each in others]


def test_much_at_once_is_deleted_at_a_persons_word_alone(gardener: Gardener):
    volume = gardener.volume("daily")
    gardener.history("daily", 12, volume)
    planned = gardener.types("plan", "snapshots")
    assert (planned.returncode, "policy daily: nothing of it is deleted" in planned.stderr) == (1, True)
    refused = gardener.types("snapshots", "retire")
    assert (refused.returncode, "policy daily: nothing of it is deleted" in refused.stderr) == (1, True)
    assert "groundskeeper snapshots retire --force" in refused.stderr
    assert len(gardener.garden.of(volume)) == 12
    assert gardener.types("snapshots", "retire", "--force").returncode == 0
    assert len(gardener.garden.of(volume)) == 2


def test_policies_are_put_in_force_shown_and_taken_back(gardener: Gardener):
    volume = gardener.volume("daily")
    gardener.history("daily", 4, volume)
    packaged = (ROOT / "chalicelib" / "snapshots" / "policies.yaml").read_text()
    assert gardener.types("snapshots", "define", "--show").stdout == POLICIES
    file = gardener.folder / "mine.yaml"
    file.write_text(
        POLICIES.replace("count: 2", "count: 1", 1).replace(
            "  copied:", "  weekend: {schedules: {weekly: {at: '03:00', on: sunday, keep: {count: 4}}}}\n  copied:"
        )
    )
    dry = gardener.types("snapshots", "define", "mine.yaml", "--dry-run")
    assert "~ daily: of the daily ones it keeps the newest one; it kept the newest 2" in dry.stdout
    assert "+ weekend: new" in dry.stdout
    assert "the next retirement would delete 3 snapshots; by the policies in force, 2" in dry.stderr
    assert gardener.types("snapshots", "define", "--show").stdout == POLICIES
    defined = gardener.types("snapshots", "define", "mine.yaml")
    assert (defined.returncode, "In force within a minute." in defined.stdout) == (0, True), defined.stderr
    assert gardener.types("snapshots", "define", "--show").stdout == file.read_text()
    same = gardener.types("snapshots", "define", "mine.yaml")
    assert "these policies say what those in force say" in same.stdout
    back = gardener.types("snapshots", "define", "--default")
    assert "- copied: removed; its snapshots are all kept" in back.stdout
    assert gardener.types("snapshots", "define", "--show").stdout == packaged


BAD_POLICIES = """policies:
  daily:
    time-zone: Europe/Berlinn
    schedules: {daily: {at: "25:00", keep: {count: none}}, dayly: {at: "03:00", keep: {count: 1}}}
"""


def test_malformed_policies_are_refused_whole_with_line_and_reason(gardener: Gardener):
    (gardener.folder / "bad.yaml").write_text(BAD_POLICIES)
    refused = gardener.types("snapshots", "define", "bad.yaml")
    assert refused.returncode == 2
    assert "bad.yaml is refused:" in refused.stderr
    assert "line 3" in refused.stderr
    assert "Europe/Berlin" in refused.stderr
    assert refused.stderr.count("line 4") == 3
    assert gardener.types("snapshots", "define", "--show").stdout == POLICIES
    for words in ([], ["bad.yaml", "--show"], ["--default", "--show"]):
        assert gardener.types("snapshots", "define", *words).returncode == 2


def test_malformed_policies_in_force_are_said_to_be_by_every_command_and_can_be_mended(gardener: Gardener):
    gardener.garden.define(BAD_POLICIES)
    for words in (
        ["plan", "snapshots"],
        ["sweep", "snapshots"],
        ["snapshots", "coverage"],
        ["snapshots", "restore-plan", "vol-0123456789abcdef0"],
        ["snapshots", "retire"],
    ):
        said = gardener.types(*words)
        assert (said.returncode, "groundskeeper snapshots define" in said.stderr) == (2, True), words
        assert "line 3" in said.stderr
    (gardener.folder / "good.yaml").write_text(POLICIES)
    mended = gardener.types("snapshots", "define", "good.yaml")
    assert (mended.returncode, "malformed" in mended.stderr) == (0, True), mended.stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["plan", "snapshots", "--at", "tomorrow"], "--at must be a time such as"),
        (["plan", "snapshots", "--at", "0001-01-01"], "--at must be within 2006 to"),
        (["snapshots", "coverage", "--at", "9999-12-31T23:59-12:00"], "--at must be"),
        (["snapshots", "restore-plan", "vol-0123456789abcdef0", "--at", "2026-13-01"], "--at must be a time such as"),
        (["snapshots", "restore-plan", "i-0123456789abcdef0"], "VOLUME must be a volume's id"),
        (["snapshots", "restore-plan"], "Missing argument"),
        (["snapshots", "define", "nowhere.yaml"], "does not exist"),
        (["plan", "snapshots", "--stack", "no-such-stack"], "there is no stack no-such-stack"),
        (["sweep", "snapshots", "--force"], "No such option"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_what_cannot_be_meant_is_refused_with_clear_words(gardener: Gardener, words: list[str], said: str):
    refused = gardener.types(*words)
    assert refused.returncode == 2
    assert said in " ".join(refused.stderr.replace("│", " ").split())
    assert "Traceback" not in refused.stderr


def test_a_region_that_cannot_be_read_is_said_and_exits_with_1(gardener: Gardener):
    gardener.volume("daily")
    asked: list[tuple[list[str], Callable[[str], bool]]] = [
        (["plan", "snapshots"], lambda text: "was left as it is" in text),
        (["sweep", "snapshots"], lambda text: "was left as it is" in text),
        (["snapshots", "coverage"], lambda text: "was left as it is" in text),
        (["snapshots", "retire"], lambda text: "was left as it is" in text),
    ]
    for words, is_said in asked:
        gardener.garden.cloud.wait_idle()
        gardener.yard.fail("ec2:DescribeSnapshots", code="AuthFailure", status=401)
        answer = gardener.types(*words)
        assert (answer.returncode, is_said(answer.stderr)) == (1, True), answer.stderr
        assert "check that Regions" in answer.stderr


def test_a_stack_that_changes_nothing_makes_and_deletes_nothing(cloud: LocalCloud, tmp_path: Path):
    garden = Garden(cloud, POLICIES, {"DryRun": "1"})
    garden.run_file(tmp_path)
    gardener = Gardener(cloud, tmp_path, garden)
    volume = gardener.volume("daily")
    gardener.history("daily", 3, volume)
    swept = gardener.types("sweep", "snapshots")
    assert (swept.returncode, "would make (DryRun=1) 1 snapshots" in swept.stdout) == (0, True), swept.stderr
    retired = gardener.types("snapshots", "retire")
    assert (retired.returncode, "would delete 1 snapshots" in retired.stdout) == (0, True)
    assert len(garden.of(volume)) == 3
    assert {tags(shown)["groundskeeper:policy"] for shown in garden.of(volume)} == {"daily"}
    garden.leave()


def test_of_two_regions_the_one_with_the_volume_is_its_home_whichever_comes_first(cloud: LocalCloud, tmp_path: Path):
    """And where that one cannot be read, its copies in the other one still can."""
    garden = Garden(cloud, POLICIES, {"Regions": f"{THERE} {HERE}"})
    garden.run_file(tmp_path)
    gardener = Gardener(cloud, tmp_path, garden)
    volume = gardener.volume("copied")
    assert gardener.types("sweep", "snapshots").returncode == 0
    garden.await_completion()
    eventually(lambda: garden.of(volume, region=THERE))
    garden.await_completion(THERE)
    cloud.wait_idle()
    (source,), (copy,) = garden.of(volume), garden.of(volume, region=THERE)
    planned = gardener.types("snapshots", "restore-plan", volume)
    assert planned.stdout.startswith(source["SnapshotId"]), planned.stderr
    assert "is gone" not in planned.stdout
    garden.yard.fail("ec2:DescribeInstances", code="AuthFailure", status=401)
    planned = gardener.types("snapshots", "restore-plan", volume)
    cloud.aws.faults.clear()
    assert f"! {HERE} was not read" in planned.stderr
    assert planned.stdout.startswith(copy["SnapshotId"])
    garden.leave()


def test_moments_are_read_in_any_zone(gardener: Gardener):
    volume = gardener.volume("daily")
    gardener.history("daily", 1, volume)
    (made,) = gardener.garden.of(volume)
    at: datetime = made["StartTime"] + timedelta(minutes=1)
    for text in (f"{at:%Y-%m-%dT%H:%M:%S}", f"{at + timedelta(hours=2):%Y-%m-%dT%H:%M:%S}+02:00"):
        assert gardener.types("snapshots", "restore-plan", volume, "--at", text).stdout.startswith(made["SnapshotId"])
