"""The page: it says what the report says, of every text that others wrote it shows the text, and it stays small."""

import re
import subprocess
import sys
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.idle import definitions
from chalicelib.idle.documents import page, wording
from chalicelib.idle.findings import Finding, Report, Waste
from chalicelib.idle.model import Verdict
from chalicelib.idle.rules import PRESETS, Rules
from tests.idle import reports
from tests.idle.pages import Element, read
from tests.idle.reports import HERE, HOSTILE, OFFICE_HOURS, THERE, UNPRICED, idle, other, report

KINDS = ("small", "large", "empty", "unread", "hostile")


def render(of: Report) -> Element:
    return read(page.render(of))


def tiles(found: Element) -> dict[str, str]:
    """Return the headline numbers, by what they are."""
    return {tile.one("dt").text: tile.one(class_="figure").text for tile in found.one(class_="tiles").all("div")}


def rows(found: Element) -> dict[str, Element]:
    """Return the idle instances, by id."""
    return {body.one("th").one("code").text: body for body in found.all("tbody")}


def cells(row: Element) -> dict[str, str]:
    return {cell.attributes["data-label"]: cell.text for cell in row.all("td") if "data-label" in cell.attributes}


def facts(row: Element) -> dict[str, str]:
    return {fact.one("dt").text: fact.one("dd").text for fact in row.one("dl").all("div")}


def region_of(found: Element, id_: str) -> Element:
    return found.one("section", **{"aria-labelledby": id_})


@pytest.mark.parametrize("kind", KINDS)
def test_it_is_well_formed_and_says_what_it_is(kind: str):
    found = render(getattr(reports, kind)())
    assert found.attributes["lang"] == "en"
    assert found.one("head").one("title").text == "Idle instances of 123456789012, 2026-11-26"
    assert found.one("meta", name="viewport").attributes["content"] == "width=device-width, initial-scale=1"
    ids = [each.attributes["id"] for each in found.all() if "id" in each.attributes]
    assert len(ids) == len(set(ids))
    assert {each.attributes["aria-labelledby"] for each in found.all() if "aria-labelledby" in each.attributes} < set(
        ids
    )


@pytest.mark.parametrize("kind", KINDS)
def test_it_needs_nothing_else_and_runs_nothing(kind: str):
    text = page.render(getattr(reports, kind)())
    found = read(text)
    policy = found.one("meta", **{"http-equiv": "Content-Security-Policy"}).attributes["content"]
    assert policy == "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
    tags = {each.tag for each in found.all()}
    assert not tags & {"script", "img", "link", "iframe", "object", "embed", "form", "base", "a", "use", "image"}
    attributes = {name for each in found.all() for name in each.attributes}
    assert not {name for name in attributes if name.startswith("on") or name in ("src", "href", "xlink:href", "srcset")}
    style = found.one("style").text + " ".join(each.attributes.get("style", "") for each in found.all())
    assert set(re.findall(r"url\(.*?\)", style)) == {"url(#gap)"}
    assert "@import" not in style


def test_headline_numbers_say_what_has_no_price():
    found = render(
        report(idle(1, waste=Waste(150.0, 10.5, 60.25)), idle(2, waste=UNPRICED), reports.small().findings[3])
    )
    assert tiles(found) == {
        "Idle instances": "2",
        "Net savings a month": "$140",
        "Wasted since idle": "$60.25",
        "Without a price": "1",
    }
    assert "of 3 that run" in found.one(class_="tiles").text


def test_where_nothing_has_a_price_no_sum_is_0():
    found = render(report(idle(1, waste=UNPRICED), idle(2, waste=None)))
    assert tiles(found) | {"Idle instances": ""} == {
        "Idle instances": "",
        "Net savings a month": "no price",
        "Wasted since idle": "no price",
        "Without a price": "2",
    }
    assert "$0" not in found.text
    assert region_of(found, "owners").one(class_="said").text == "no price (2 instances)"
    assert region_of(found, "owners").one(class_="unknown").attributes["aria-label"] == "waste not known"


def test_regions_that_were_not_read_come_before_all_numbers():
    made = reports.unread()
    head = render(made).one("header")
    alert = head.one(role="alert")
    assert head.children.index(alert) < head.children.index(head.one(class_="tiles"))
    assert alert.one("h2").text == "⚠ 2 regions could not be read"
    assert [item.text for item in alert.all("li")] == [f"{region} : {why}" for region, why in made.errors.items()]
    assert not render(reports.small()).all(role="alert")


@pytest.mark.parametrize(
    ("errors", "said"),
    [
        pytest.param({}, "No instance is idle.", id="all was read"),
        pytest.param(
            {THERE: "denied"}, "No instance is idle in the regions that could be read.", id="not all was read"
        ),
    ],
)
def test_where_nothing_is_idle_it_says_so(errors: dict[str, str], said: str):
    found = render(report(errors=errors))
    assert region_of(found, "idle").one("p").text == said
    assert not found.all("table")


def test_an_idle_instance_has_all_that_is_known_of_it():
    told = reports.TODAY.replace(day=20)
    made = idle(
        7,
        "data",
        region=THERE,
        name="training",
        waste=Waste(120.4, 20.15, 50.5, ("io2 volume vol-1", "public IPv4 addresses")),
        flagged=told,
        noticed=None,
        next_step="it is stopped on 2026-12-02",
        caveats=("it has a GPU", "it has burst credits"),
    )
    row = rows(render(report(made)))["i-00000000000000007"]
    assert row.one("th").text == "training i-00000000000000007 m5.large · us-east-1"
    assert cells(row) == {
        "Owner": "data",
        "Idle since": "2026-11-12",
        "Coverage": "99 %",
        "Peak CPU": wording.cpu(made.judgement.cpu),
        "Network a day": wording.traffic(made.judgement.network),
        "Gross a month": "$120",
        "Remains": "$20.15",
        "Net a month": "$100 $50.50 so far",
    }
    assert facts(row) == {
        "Why": made.judgement.because,
        "Next": "it is stopped on 2026-12-02",
        "Flagged": "2026-11-20",
        "Owner told": "not yet",
        "Mind": "it has a GPU; it has burst credits",
        "In no sum": "io2 volume vol-1; public IPv4 addresses",
    }


def test_every_column_has_a_heading_and_numbers_stand_right():
    table = render(reports.small()).one("table")
    headings = table.one("thead").all("th")
    for body in table.all("tbody"):
        first = body.all("tr")[0]
        fields = [each for each in first.children if isinstance(each, Element)]
        assert len(fields) == len(headings) == len(table.all("col")) == 10
        assert [("number" in each.classes) for each in fields] == [("number" in each.classes) for each in headings]
        assert body.all("tr")[1].one("td").attributes["colspan"] == "10"
    assert sum("number" in each.classes for each in headings) == 6


def test_those_that_waste_most_come_first():
    found = render(report(idle(1, waste=Waste(9.0, 1.0)), idle(2, waste=UNPRICED), idle(3, waste=Waste(99.0, 1.0))))
    assert [int(id_[-1]) for id_ in rows(found)] == [3, 1, 2]


def test_the_average_is_called_so_where_the_preset_takes_it():
    found = render(report(idle(1), rules=Rules(PRESETS["trusted-advisor"])))
    assert "Average CPU" in [heading.text for heading in found.one("thead").all("th")]
    assert "Average CPU of 10 % at the most" in region_of(found, "means").text
    assert "on at least 4 of the last 14 days" in region_of(found, "means").text


def test_each_chart_has_words_for_those_who_do_not_see_it():
    found = render(reports.small())
    charts = found.all("svg", class_="days")
    assert len(charts) == 3
    for chart in charts:
        assert chart.attributes["role"] == "img"
        assert "14 days and today so far" in chart.attributes["aria-label"]
        assert len(chart.one("g").all("title")) == 15
    assert {kind for chart in charts for path in chart.all("path") for kind in path.classes} >= {
        "within",
        "today",
        "gap",
        "limit",
    }
    assert [item.text for item in found.one(class_="legend").all("li")] == [
        "a day, within its limits",
        "beyond a limit (cut off at the top)",
        "today, which is not over",
        "no data, which is not zero",
        "the limit",
    ]


@pytest.mark.parametrize("network", [0.0, 5e6])
def test_limits_of_0_which_nothing_but_0_is_within_are_drawn(network: float):
    rules = definitions.read("preset: silent\npresets: {silent: {cpu: {at-most: 0}, network: {at-most: 0}}}")
    days = tuple(replace(day, cpu=0.0, network=network) for day in reports.usage())
    found = render(report(idle(1, usage=days), rules=rules))
    assert "CPU of 0 % at the most and network of 0 MB at the most a day" in region_of(found, "means").text
    kinds = {kind for path in found.one("svg", class_="days").all("path") for kind in path.classes}
    assert ("beyond" in kinds) == (network > 0)


def test_owners_have_bars_as_long_as_their_waste():
    found = region_of(
        render(
            report(
                idle(1, "a", waste=Waste(41.0, 1.0)), idle(2, "b", waste=Waste(11.0, 1.0)), idle(3, "c", waste=UNPRICED)
            )
        ),
        "owners",
    )
    items = {item.one("bdi").text: item for item in found.all("li")}
    assert list(items) == ["a", "b", "c"]
    assert items["a"].one(class_="bar").attributes["style"] == "width:100.0%"
    assert items["b"].one(class_="bar").attributes["style"] == "width:25.0%"
    assert not items["c"].all(class_="bar")
    assert items["b"].one(role="img").attributes["aria-label"] == "waste $10.00 a month (1 instance)"


def test_verdicts_are_counted():
    found = region_of(render(reports.large(100)), "verdicts")
    assert {item.one("bdi").text: item.one(class_="said").text for item in found.all("li")} == {
        "active": "40 (40 %)",
        "idle": "30 (30 %)",
        "insufficient-data": "10 (10 %)",
        "too-young": "10 (10 %)",
        "exempt": "10 (10 %)",
    }


def test_it_says_what_was_assumed_which_regions_were_read_and_where_prices_come_from():
    found = render(replace(reports.unread(), origins={HERE: reports.ORIGIN}))
    assert reports.ASSUMPTION in found.one("header").text
    assert "2 regions read: eu-west-1, us-east-1." in region_of(found, "means").text
    money = region_of(found, "money").text
    assert "Prices: AWS Price List API, 2026-11-25 (eu-west-1)" in money
    assert "No prices: us-east-1" in money
    assert "A month has 730 hours" in money


def test_suggested_running_hours_are_ready_to_paste_those_that_save_most_first():
    less = replace(OFFICE_HOURS, hours="mon-sun 06:00-22:00 UTC", net=None)
    made = [other(number, Verdict.ACTIVE, "busy", suggestion=each) for number, each in enumerate((less, OFFICE_HOURS))]
    found = region_of(render(report(*made)), "hours")
    assert [code.text for code in found.all("code", class_="paste")] == [OFFICE_HOURS.hours, less.hours]
    assert "113 hours a week off; $46.97 a month saved" in found.text
    assert "113 hours a week off; no price" in found.text


def test_all_others_are_listed_by_verdict_with_why():
    found = region_of(render(reports.small()), "others")
    assert [each.text for each in found.all("summary")] == [
        "insufficient-data: 1",
        "exempt: 1",
        "too-young: 1",
        "active: 1",
    ]
    for each in reports.small().findings:
        assert (each.judgement.because in found.text) == (not each.is_idle)
    assert "coverage 41 %" in found.text


def test_what_was_left_as_it_is_is_listed():
    assert "its tag groundskeeper:idle is 'kepe'" in region_of(render(reports.small()), "problems").text


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_is_shown_as_text(text: str):
    shown = wording.line(text, 64)
    hostile, plain = (
        render(report(idle(1, said, name=said, next_step=said, caveats=(said,)), errors={THERE: said}))
        for said in (text, "plain")
    )
    assert [(each.tag, sorted(each.attributes)) for each in hostile.all()] == [
        (each.tag, sorted(each.attributes)) for each in plain.all()
    ]
    row = rows(hostile)["i-00000000000000001"]
    assert row.one("th").one("bdi").text == shown
    assert cells(row)["Owner"] == shown
    assert facts(row)["Next"] == wording.line(text, 300)


@settings(max_examples=50)
@given(st.text(alphabet=st.characters(), min_size=1, max_size=80))
def test_whatever_an_instance_is_called_the_page_can_be_written_and_read(name: str):
    text = page.render(report(idle(1, name=f"x{name}")))
    assert text.encode().decode() == text
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", text)
    (row,) = rows(read(text)).values()
    assert row.one("th").one("bdi").text == wording.line(f"x{name}", 64)


LONGEST = "\N{GRINNING FACE}&<\"'>" * 50


OF_EACH_KIND = reports.large(10).findings


def _longest(number: int) -> Finding:
    found = OF_EACH_KIND[number % 10]
    judgement = replace(found.judgement, because=LONGEST, instance=reports.instance(number, LONGEST))
    waste = found.waste and replace(found.waste, gross=number + 100.0)
    owner = f"{number % 5_000} {LONGEST}"
    return replace(found, judgement=judgement, waste=waste, owner=owner, suggestion=OFFICE_HOURS)


def test_of_10_000_with_the_longest_names_it_stays_below_2_mb_and_says_what_is_left_out():
    made = report(
        *(_longest(number) for number in range(10_000)),
        errors={f"{number}{LONGEST}": LONGEST for number in range(99)},
        problems=reports.small().problems * 999,
        origins={f"region-{number}": replace(reports.ORIGIN, source=f"{number}{LONGEST}") for number in range(99)},
    )
    text = page.render(made)
    assert len(text.encode()) < 2_000_000
    found = read(text)
    assert len(rows(found)) == 200
    assert "The 200 that waste most; 2,800 more are in the CSV." in region_of(found, "idle").text
    assert [note.text for note in region_of(found, "others").all(class_="note")] == [
        *("950 more are in the CSV.",) * 3,
        "3,950 more are in the CSV.",
    ]
    for name, said in {
        "owners": "1,488 more owners are in the CSV.",
        "hours": "9,950 more are in the CSV.",
        "problems": "959 more are in the log.",
        "money": "59 more origins of prices are in the JSON.",
    }.items():
        assert said in region_of(found, name).text
    assert "59 more are in the log." in found.one(role="alert").text


def test_jinja_is_loaded_only_where_a_page_is_made():
    code = "import sys, chalicelib.idle.documents.page; print({'jinja2', 'markupsafe'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"
