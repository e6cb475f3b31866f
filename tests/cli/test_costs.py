"""The commands about costs: what they print, as a person and as a program would read it, without AWS."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from matplotlib.backends.backend_agg import RendererAgg
from PIL import Image
from typer.testing import CliRunner, Result

from chalicelib.errors import BadRequest
from cli.costs import app, options

RUN = CliRunner()
COMMANDS = ["derived", "parking", "snapshots", "load-balancer"]
OWN = "date: 2026-10-01\nsource: our agreement\nregions: {us-east-1: {instances: {Linux/UNIX: {m5: {large: 0.05}}}}}\n"


def run(*arguments: str, width: int = 80) -> Result:
    return RUN.invoke(app, arguments, env={"COLUMNS": str(width)})


def printed(*arguments: str, width: int = 80) -> str:
    done = run(*arguments, width=width)
    assert done.exit_code == 0, done.output
    return done.stdout


def refused(*arguments: str) -> str:
    done = run(*arguments)
    assert isinstance(done.exception, BadRequest)
    return str(done.exception)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        pytest.param(["derived"], ["$12.50", "$61.20", "489,600", "$0.09"], id="derived"),
        pytest.param(["parking"], ["$10.96", "from 28 idle hours"], id="parking"),
        pytest.param(["load-balancer"], ["70.6 %"], id="load-balancer"),
        pytest.param(["load-balancer", "--hour", "0.095"], ["73.7 %"], id="load-balancer at 0.095 an hour"),
    ],
)
def test_the_published_figures_are_printed_with_the_prices_of_2010(arguments: list[str], said: list[str]):
    text = printed(*arguments, "--prices", "2010")
    assert [each for each in said if each not in text] == []
    assert "published examples of 2009 and 2010, 2010-05-19" in text


@pytest.mark.parametrize("width", [60, 80, 120])
@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_answers_within_the_terminals_width(command: str, width: int):
    text = printed(command, width=width)
    assert max(map(len, text.split("\n"))) <= width
    assert "USD a month" in text
    assert "  a  " in text
    assert "not checked live" in " ".join(text.split())
    assert "\x1b" not in text


@pytest.mark.parametrize("command", COMMANDS)
def test_json_has_the_same_answer_for_programs(command: str):
    found = json.loads(printed(command, "--json"))
    assert set(found) == {"title", "inputs", "results", "because", "series", "origin", "notes"}
    assert found["because"] in " ".join(printed(command).split())
    assert found["origin"][0]["day"] == "2025-06-01"
    assert {len(line) for line in found["series"]["alternatives"].values()} == {len(found["series"]["x"])}


def test_what_has_no_price_is_said_and_null_for_programs():
    assert "no price" in printed("snapshots", "--prices", "2010")
    found = json.loads(printed("snapshots", "--prices", "2010", "--json"))
    assert None in [line["value"] for line in found["results"]]


@pytest.mark.parametrize("prices", ["today", "2010"])
@pytest.mark.parametrize("command", COMMANDS)
def test_the_chart_is_drawn_into_a_file(command: str, prices: str, tmp_path: Path):
    file = tmp_path / "chart.png"
    done = run(command, "--prices", prices, "--png", str(file))
    assert done.exit_code == 0
    with Image.open(file) as drawn:
        assert (drawn.format, drawn.size) == ("PNG", (1350, 810))
        assert len(drawn.convert("RGB").getcolors(1 << 24) or []) > 10


def test_own_prices_count_and_are_named(tmp_path: Path):
    file = tmp_path / "prices.yaml"
    file.write_text(OWN)
    text = printed("parking", "--file", str(file))
    assert "$0.05" in text
    assert "our agreement, 2026-10-01; what it does not say: packaged table" in " ".join(text.split())


@pytest.mark.parametrize("command", ["prices", "parking"])
@pytest.mark.parametrize("source", ["[/bold] our EDP", "contract [draft] 4711", ":x: [link=https://a.test]a[/link]"])
def test_whatever_people_call_their_prices_is_printed_as_it_is(source: str, command: str, tmp_path: Path):
    file = tmp_path / "prices.yaml"
    file.write_text(OWN.replace("our agreement", f"'{source}'"))
    assert f"{source}, 2026-10-01" in " ".join(printed(command, "--file", str(file)).split())


@pytest.mark.parametrize(
    "source", [r"list price $ \ our discount_$", "from $100 to $200 off_peak", r"\$1, $2 and \\$3"]
)
def test_whatever_people_call_their_prices_is_drawn_as_a_text_and_not_as_a_formula(
    source: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    drawn: list[str] = []
    draw: Any = RendererAgg.draw_text

    def watch(self: RendererAgg, gc: Any, x: float, y: float, s: str, *rest: Any, **more: Any) -> None:
        drawn.append(s)
        draw(self, gc, x, y, s, *rest, **more)

    monkeypatch.setattr(RendererAgg, "draw_text", watch)
    monkeypatch.setattr(RendererAgg, "draw_mathtext", None)
    file = tmp_path / "prices.yaml"
    file.write_text(OWN.replace("our agreement", f"'{source}'"))
    printed("parking", "--file", str(file), "--png", str(tmp_path / "chart.png"))
    assert f"Prices: {source}, 2026-10-01; what it does not say" in " ".join(drawn)


def test_a_file_is_named_as_it_is_called(tmp_path: Path):
    file = tmp_path / "chart[old].png"
    assert f"drawn: {file}\n" in run("parking", "--png", str(file)).stderr


def test_own_prices_that_are_malformed_are_refused_with_their_lines(tmp_path: Path):
    file = tmp_path / "prices.yaml"
    file.write_text("regions: {us-east-1: {public-ipv4: much}}")
    assert "line 1: regions.us-east-1.public-ipv4: wants a price in USD" in refused("parking", "--file", str(file))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        pytest.param(["derived", "--sources", "nan"], "--sources wants a number from 1 to", id="nan"),
        pytest.param(["parking", "--gib", "-1"], "--gib wants a number from 0 to", id="negative"),
        pytest.param(["parking", "--type", "m5.lagre"], "There is one of m5.large", id="a slip"),
        pytest.param(["parking", "--region", "mars-1"], "There are some of us-east-1, us-east-2", id="another region"),
        pytest.param(["derived", "--region", "ap-southeast-2"], "S3's class STANDARD", id="a region without S3"),
        pytest.param(
            ["derived", "--png", "/nowhere/chart.png"], "cannot be written: No such file", id="no such folder"
        ),
        pytest.param(["derived", "--prices", "1999"], "say today, or one of 2010-05-19, 2025-06-01", id="a year"),
        pytest.param(["derived", "--prices", "yesterday"], "there is no table of 'yesterday'", id="no day"),
    ],
)
def test_what_cannot_be_asked_is_refused_by_the_options_name(arguments: list[str], said: str):
    assert said in refused(*arguments)


@pytest.mark.parametrize(
    ("prices", "day"),
    [
        pytest.param("today", "2025-06-01", id="the newest"),
        pytest.param("2010", "2010-05-19", id="that of a year"),
        pytest.param("2010-05-19", "2010-05-19", id="that of its very day"),
        pytest.param("2025-05-31", "2010-05-19", id="the newest of that day"),
        pytest.param("2030-01-01", "2025-06-01", id="the newest so far"),
    ],
)
def test_a_table_is_named_by_its_year_or_a_day(prices: str, day: str):
    assert options.day(prices).isoformat() == day


def test_the_prices_in_force_are_listed():
    text = printed("prices", "m5.", "--region", "eu-central-1")
    assert "m5.large, Linux/UNIX     $0.115  an hour" in text
    assert "t3.small" not in text
    assert "8 prices of eu-central-1. Prices: packaged table" in text


def test_every_price_of_a_region_is_listed():
    text = printed("prices", width=120)
    kinds = {line.split("  ")[0] for line in text.split("\n")}
    assert kinds >= {"instance", "volume", "snapshot", "storage", "load balancer", "address", "Lambda"}


def test_what_draws_pictures_is_loaded_only_to_draw():
    code = "import cli.costs, sys; print({'matplotlib', 'plotext'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("set()\n", "")


def test_the_models_need_nothing_that_lambda_does_not_have():
    modules = "definitions, derived, parking, snapshots, balancing, quotes, aws"
    looked_for = "{'matplotlib', 'plotext', 'rich', 'typer'}"
    code = f"from chalicelib.economics import {modules}; import sys; print({looked_for} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("set()\n", "")
