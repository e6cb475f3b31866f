"""`groundskeeper idle`, `plan|sweep idle`, `plan|sweep running-hours` and `costs define`, against a deployed stack."""

import csv
import io
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from localcloud.cloud import LocalCloud
from localcloud.cloudwatch.behaviour import QUIET, by_day, steady
from tests.clocked.crew import OLD, Crew
from tests.clocked.terminal import Terminal

BUSY = steady(40, 80, network_in=10**8, network_out=10**7)
OFFICE = by_day(BUSY, QUIET, range(9, 17))
RULES = "preset: gentle\npresets: {gentle: {cpu: {below: 0.5}}}\ngrace: 3\n"
PRICES = """\
date: 2026-01-31
source: our agreement
regions:
  us-east-1:
    instances:
      Linux/UNIX: {m5: {large: 1.0}}
"""


@dataclass
class Foreman(Terminal):
    """Somebody at a terminal, who has a stack that judges instances."""

    crew: Crew

    def old(self, *args: object, **kwargs: object) -> str:
        """Return an instance that has run for a month."""
        self.cloud.set_clock(self.cloud.aws.clock.now() - OLD)
        made = self.crew.instance(*args, **kwargs)  # type: ignore[arg-type]
        self.cloud.set_clock(None)
        return made


@pytest.fixture(scope="module")
def crew(cloud: LocalCloud) -> Iterator[Crew]:
    """Return a stack that tests share; each takes instances of its own."""
    made = Crew(cloud, {"IdleParking": "1", "RunningHours": "1", "LivePrices": "0"})
    made.listen()
    yield made
    made.leave()


@pytest.fixture(scope="module")
def folder(crew: Crew, tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("foreman")
    crew.run_file(made)
    return made


@pytest.fixture
def foreman(cloud: LocalCloud, crew: Crew, folder: Path) -> Iterator[Foreman]:
    yield Foreman(cloud, folder, crew)
    cloud.set_clock(None)
    crew.dismiss()
    crew.letters()
    for name in ("idle", "prices"):
        cloud.client("s3").delete_object(
            Bucket=crew.site.stack.outputs["DocumentBucketName"], Key=f"definitions/{name}.yaml"
        )


def test_it_says_what_is_idle_what_that_costs_and_what_happens_next(foreman: Foreman):
    idle = foreman.old(QUIET, {"Name": "batch", "Owner": "data"})
    busy, office = foreman.old(BUSY), foreman.old(OFFICE)
    shown = foreman.types_elsewhere("idle")
    assert shown.returncode == 0, shown.stderr
    assert idle in shown.stdout
    assert "data" in shown.stdout
    assert busy not in shown.stdout, "--all has it"
    assert "next: nothing, unless its people agree" in shown.stdout
    assert f"{office} could have the tag groundskeeper:running-hours=" in shown.stdout
    assert "not checked" in shown.stdout or "left out where they differed" in shown.stdout, "where prices come from"
    assert busy in foreman.types("idle", "--all").stdout
    assert foreman.crew.flagged(idle) == set(), "it changes nothing"


def test_programs_get_json_and_csv_and_browsers_a_page(foreman: Foreman, tmp_path: Path):
    idle, busy = foreman.old(QUIET, {"Name": "=evil()"}), foreman.old(BUSY)
    page = tmp_path / "idle.html"
    answer = foreman.types("idle", "--json", "--html", str(page))
    found = {each["instance"]: each for each in json.loads(answer.stdout)["instances"]}
    assert (found[idle]["verdict"], found[busy]["verdict"]) == ("idle", "active")
    gross, remains, net = (found[idle][f"{kind}_usd_a_month"] for kind in ("gross", "remains", "net"))
    assert net == pytest.approx(gross - remains)
    assert net > 0
    assert (found[idle]["flagged"], found[busy]["net_usd_a_month"]) == (None, None)
    rows = {row["instance"]: row for row in csv.DictReader(io.StringIO(foreman.types("idle", "--csv").stdout))}
    assert (rows[idle]["verdict"], rows[idle]["name"]) == ("idle", "'=evil()")
    assert idle in page.read_text()
    both = foreman.types("idle", "--csv", "--json")
    assert (both.returncode, both.stdout) == (2, "")


def test_a_plan_is_what_a_sweep_does_and_then_nothing_is_planned(foreman: Foreman):
    idle = foreman.old()
    planned = foreman.types("plan", "idle")
    assert f"flag {idle}" in planned.stdout
    assert "would flag 1, un-flag 0, stop 0" in planned.stdout
    assert foreman.crew.flagged(idle) == set()
    swept = foreman.types("sweep", "idle")
    assert (swept.returncode, "flag 1, un-flag 0, stop 0" in swept.stdout) == (0, True), swept.stderr
    assert "reports/idle/" in swept.stdout
    assert foreman.crew.flagged(idle) == {idle}
    assert foreman.reads("plan", "idle") == []


def test_many_are_stopped_only_where_somebody_says_so(foreman: Foreman):
    agreeing = [foreman.old(QUIET, {"groundskeeper:idle": "park"}) for _ in range(6)]
    foreman.cloud.set_clock(foreman.cloud.aws.clock.now() + timedelta(days=40))  # told anew on a day of its own
    for days in (2, 2, 2, 1):
        assert foreman.types("sweep", "idle").returncode == 0
        foreman.cloud.set_clock(foreman.cloud.aws.clock.now() + timedelta(days=days))
    refused = foreman.types("sweep", "idle")
    assert (refused.returncode, "6 of 6 would be stopped" in refused.stderr) == (1, True), refused.stderr
    assert {foreman.crew.state(id_) for id_ in agreeing} == {"running"}
    forced = foreman.types("sweep", "idle", "--force")
    assert (forced.returncode, "stop 6" in forced.stdout) == (0, True), forced.stderr
    assert {foreman.crew.state(id_) for id_ in agreeing} == {"stopped"}


def test_rules_are_put_in_force_and_it_says_who_would_be_idle_by_them(foreman: Foreman, tmp_path: Path):
    idle = foreman.old()
    file = tmp_path / "rules.yaml"
    file.write_text(RULES)
    tried = foreman.types("idle", "define", str(file), "--dry-run")
    assert f"- {idle} would not be idle any more" in tried.stdout
    assert "grace: 3" in tried.stdout
    assert foreman.types("idle", "define", "--show").stdout != RULES
    put = foreman.types("idle", "define", str(file))
    assert (put.returncode, "In force" in put.stdout) == (0, True), put.stderr
    assert foreman.types("idle", "define", "--show").stdout == RULES
    assert idle not in foreman.types("idle").stdout
    file.write_text("preset: gentel\n")
    refused = foreman.types("idle", "define", str(file))
    assert (refused.returncode, "line 1" in refused.stderr) == (2, True)
    assert foreman.types("idle", "define", "--show").stdout == RULES, "those in force stay"
    back = foreman.types("idle", "define", "--default")
    assert f"+ {idle} would be idle" in back.stdout


def test_ones_own_prices_are_used_and_said_to_be(foreman: Foreman, tmp_path: Path):
    idle = foreman.old()
    file = tmp_path / "prices.yaml"
    file.write_text(PRICES)
    put = foreman.types("costs", "define", str(file))
    assert (put.returncode, "+ prices of us-east-1" in put.stdout) == (0, True), put.stderr
    report = foreman.reads("idle")
    (found,) = [each for each in report["instances"] if each["instance"] == idle]
    assert 730 <= found["net_usd_a_month"] <= 740
    assert "our agreement" in report["prices"]["us-east-1"][0]["source"]
    file.write_text(PRICES.replace("1.0", "one"))
    refused = foreman.types("costs", "define", str(file))
    assert (refused.returncode, "line 6" in refused.stderr) == (2, True)


def test_running_hours_are_planned_and_kept(foreman: Foreman):
    never = foreman.old(BUSY, {"groundskeeper:running-hours": "never"})
    wrong = foreman.old(BUSY, {"groundskeeper:running-hours": "nevr"})
    planned = foreman.types("plan", "running-hours")
    assert f"stop {never}" in planned.stdout
    assert wrong in planned.stderr
    assert foreman.crew.state(never) == "running"
    swept = foreman.types("sweep", "running-hours")
    assert (swept.returncode, "stop 1, start 0" in swept.stdout) == (0, True), swept.stderr
    assert (foreman.crew.state(never), foreman.crew.state(wrong)) == ("stopped", "running")
    assert [each["action"] for each in foreman.reads("plan", "running-hours")] == ["problem"]


def test_a_stack_that_does_not_keep_running_hours_says_so(cloud: LocalCloud, tmp_path: Path):
    crew = Crew(cloud)
    crew.run_file(tmp_path)
    foreman = Foreman(cloud, tmp_path, crew)
    never = foreman.old(BUSY, {"groundskeeper:running-hours": "never"})
    swept = foreman.types("sweep", "running-hours")
    assert (swept.returncode, "RunningHours=0" in swept.stderr, "would stop 1" in swept.stdout) == (0, True, True)
    assert crew.state(never) == "running"
    crew.leave()


def test_a_region_that_cannot_be_read_is_said_and_the_rest_is_shown(cloud: LocalCloud, tmp_path: Path):
    crew = Crew(cloud, {"Regions": "us-east-1 eu-west-1", "LivePrices": "0"})
    crew.run_file(tmp_path)
    foreman = Foreman(cloud, tmp_path, crew)
    idle = foreman.old()
    cloud.aws.faults.fail("cloudwatch:GetMetricData", code="AccessDenied", status=403, region="us-east-1")
    shown = foreman.types("idle")
    assert shown.returncode == 1
    assert "CloudWatch in us-east-1 denies access" in shown.stderr
    assert idle in foreman.types("idle").stdout
    crew.leave()
