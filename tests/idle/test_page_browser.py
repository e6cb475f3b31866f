"""The page in a real browser: at desktop and phone width, in light and dark, nothing sticks out and all can be read."""

import html
import json
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from chalicelib.idle.documents import page
from tests.idle import reports

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
KINDS, WIDTHS = ("small", "large", "empty", "unread", "hostile"), (390, 1280)
SCHEMES = {"dark": 0, "light": 1}  # Chromium's own numbers
LOOK = (Path(__file__).parent / "look.js").read_text()

pytestmark = [
    pytest.mark.skipif(BROWSER is None, reason="neither chromium, chromium-browser nor google-chrome is installed"),
    pytest.mark.xdist_group("browser"),
]


@dataclass(frozen=True)
class Seen:
    """What a browser saw of pages, by their frames' names; and what it complained of."""

    frames: dict[str, dict[str, Any]]
    complaints: list[str]


def look(pages: dict[str, str], folder: Path, scheme: str) -> Seen:
    """Open pages, each in a frame of each width; the frames' owner has a script that looks, the pages have none."""
    frames = [
        f'<iframe name="{name} at {width}" width="{width}" height="900" srcdoc="{html.escape(text)}"></iframe>'
        for name, text in pages.items()
        for width in WIDTHS
    ]
    path = folder / f"{scheme}.html"
    path.write_text(f'<!DOCTYPE html><pre id="seen"></pre>{"".join(frames)}<script>{LOOK}</script>')
    done = subprocess.run(
        [
            *(str(BROWSER), "--headless", "--no-sandbox", "--disable-gpu", "--disable-extensions"),
            *(f"--user-data-dir={folder / scheme}", "--enable-logging=stderr", "--virtual-time-budget=60000"),
            *(f"--blink-settings=preferredColorScheme={SCHEMES[scheme]}", "--dump-dom", path.as_uri()),
        ],
        capture_output=True,
        text=True,
        timeout=300,
        check=True,
    )
    seen = re.search(r'<pre id="seen">(.+?)</pre>', done.stdout)
    assert seen, done.stderr[-2_000:]
    return Seen(json.loads(html.unescape(seen[1])), re.findall(r".*CONSOLE.*", done.stderr))


@pytest.fixture(scope="module", params=SCHEMES)
def seen(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Seen]:
    pages = {kind: page.render(getattr(reports, kind)()) for kind in KINDS}
    return request.param, look(pages, tmp_path_factory.mktemp("browser"), request.param)


def every(seen: tuple[str, Seen], what: str) -> dict[str, Any]:
    """Return what was seen of every page at every width."""
    found = {name: frame[what] for name, frame in seen[1].frames.items()}
    assert list(found) == [f"{kind} at {width}" for kind in KINDS for width in WIDTHS]
    return found


def test_the_page_follows_the_scheme_that_its_reader_prefers(seen: tuple[str, Seen]):
    for brightness in every(seen, "brightness").values():
        assert brightness < 0.05 if seen[0] == "dark" else brightness > 0.9


def test_nothing_scrolls_sideways(seen: tuple[str, Seen]):
    for name, (content, width) in every(seen, "widths").items():
        assert content <= width, name


def test_nothing_sticks_out_of_the_page_or_its_box(seen: tuple[str, Seen]):
    assert not {name: out for name, out in every(seen, "sticking_out").items() if out}


def test_all_text_has_contrast_enough(seen: tuple[str, Seen]):
    """WCAG 2.2, 1.4.3, level AA, with what it asks of small text for all: https://www.w3.org/TR/WCAG22/#contrast-minimum."""
    assert not {name: faint for name, faint in every(seen, "faint").items() if faint}
    assert all(texts > 20 for texts in every(seen, "texts").values())


def test_charts_have_contrast_enough(seen: tuple[str, Seen]):
    """WCAG 2.2, 1.4.11: https://www.w3.org/TR/WCAG22/#non-text-contrast."""
    found = every(seen, "charts")["small at 1280"]
    assert set(found) == {"within", "today", "limit", "gap", "bar"}
    assert not {what: contrast for what, contrast in found.items() if contrast < 3}


def test_what_is_a_table_on_a_desktop_is_cards_on_a_phone(seen: tuple[str, Seen]):
    rows = every(seen, "rows")
    assert (rows["small at 1280"], rows["small at 390"]) == ("table-row", "grid")


def test_the_browser_has_nothing_to_complain_of(seen: tuple[str, Seen]):
    assert seen[1].complaints == []


@pytest.mark.parametrize(
    ("added", "what"),
    [
        pytest.param("<div style='width:2000px'>wide</div>", "sticking_out", id="what is too wide"),
        pytest.param(
            "<p style='width:20px;overflow-wrap:normal'>unbreakable</p>", "sticking_out", id="too wide a word"
        ),
        pytest.param("<p style='color:#999;background:#fff'>faint</p>", "faint", id="what is too faint"),
    ],
)
def test_a_fault_would_be_seen(added: str, what: str, tmp_path: Path):
    found = look({"faulty": page.render(reports.empty()).replace("<main>", f"<main>{added}")}, tmp_path, "light")
    assert all(frame[what] for frame in found.frames.values())


@pytest.mark.parametrize(
    "added",
    [
        pytest.param("<img src='https://example.com/x.png'>", id="an image"),
        pytest.param("<script>parent.document.title = 'ran'</script>", id="a script"),
        pytest.param("<style>@import 'https://example.com/x.css'</style>", id="a style sheet from elsewhere"),
    ],
)
def test_the_policy_forbids_what_might_be_slipped_in(added: str, tmp_path: Path):
    found = look({"injected": page.render(reports.empty()).replace("<main>", f"<main>{added}")}, tmp_path, "light")
    assert found.complaints
    assert all("Content Security Policy" in complaint for complaint in found.complaints)
