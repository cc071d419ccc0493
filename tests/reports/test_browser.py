"""The page in a real Chromium: nothing hostile runs, nothing is loaded, and it is used by keyboard alone."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.reports.chromium import Page, browser
from tests.reports.pools import HOSTILE, many
from tests.reports.synthetic import findings, part
from tests.reports.test_page import hostile_findings
from thinkharder.records.pool import Pool
from thinkharder.replay.classed import classed
from thinkharder.reports import page as pages
from thinkharder.reports.problems import Shown, browse

SHOWN = "[...document.querySelectorAll('.list tbody tr')].map(row => row.cells[0].innerText)"
OPEN = "document.querySelector('.detail').dataset.ready"


@pytest.fixture(scope="module")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    with browser(tmp_path_factory.mktemp("profile")) as page:
        yield page


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A page with all figures and 150 problems of 12 samples, 4 of them in full."""
    pool = classed(Pool.of(many(150, 12, words=30), "many"))
    held = browse(pool, Shown(candidates=4), {"p3": "hard"}, {"p3": "What is 3 + 4?"})
    path = tmp_path_factory.mktemp("page") / "report.html"
    pages.write(replace(findings(), parts=(replace(part(), browser=held),)), path)
    return path


@pytest.fixture
def page(chromium: Page, report: Path) -> Page:
    chromium.size(1300, 900)
    chromium.said.clear()
    chromium.asked.clear()
    chromium.open(report)
    return chromium


def test_it_opens_offline_and_without_complaint(page: Page, report: Path) -> None:
    assert page.said == []
    assert page.asked == [report.resolve().as_uri()]
    assert page.js("document.querySelectorAll('figure svg').length") >= 10
    assert page.js("document.querySelectorAll('.f-tokens svg')[0].getBoundingClientRect().width") > 400


def test_nothing_hostile_runs(chromium: Page, tmp_path: Path) -> None:
    path = tmp_path / "hostile.html"
    pages.write(hostile_findings(), path)
    chromium.size(1300, 900)
    chromium.said.clear()
    chromium.asked.clear()
    chromium.open(path)
    for i, (kind, body) in enumerate(HOSTILE.items()):
        chromium.js(f"document.querySelectorAll('.list tbody button')[{i}].click()")
        chromium.wait(f"{OPEN} === '{i}'")
        chromium.js("document.querySelectorAll('.candidates details').forEach(d => d.open = true)")
        text = chromium.js(
            "[...document.querySelectorAll('.candidates pre')].map(p => p.textContent).join('|')"
        )
        assert f"{kind}: {body[:5000]}" in text, "the text is shown as it is"
    assert chromium.js("window.harmed") is None
    assert (
        chromium.js("document.querySelectorAll('.browser script, .browser img, .candidates svg').length") == 0
    )
    assert chromium.js("getComputedStyle(document.body).display") == "block"
    assert chromium.js("document.documentElement.scrollWidth") <= 1300
    assert chromium.said == []
    assert chromium.asked == [path.resolve().as_uri()]


def test_what_would_write_html_is_refused(page: Page) -> None:
    """Should a later script of ours forget itself, the page's own policy stops it."""
    tried = "(() => { try { document.body.innerHTML = '<b>x</b>'; return 'done' } catch (e) { return e.name } })()"
    assert page.js(tried) == "TypeError"
    page.js(
        "document.body.append(Object.assign(document.createElement('img'), {src: 'data:image/gif;base64,R0lGODlhAQABAAAAACw='}))"
    )
    page.wait("performance.now() > 0")
    assert any("Content Security Policy" in line or "TrustedHTML" in line for line in page.said)


def test_problems_by_keyboard_alone(page: Page) -> None:
    page.key("/")
    assert page.js("document.activeElement.className") == "search"
    page.type("p14")
    assert page.js(SHOWN) == ["p14", *(f"p{i}" for i in range(140, 150))]
    page.js("document.querySelector('.list tbody button').focus()")
    page.key("ArrowDown")
    assert page.js("document.activeElement.innerText") == "p140"
    page.key("Enter")
    page.wait(f"{OPEN} === '140'")
    assert page.js("document.activeElement.innerText") == "Problem p140"
    page.key("j")
    page.wait(f"{OPEN} === '141'")
    page.key("k")
    page.wait(f"{OPEN} === '140'")
    page.key("Escape")
    assert page.js("document.querySelector('.detail').hidden")
    assert page.js("document.activeElement.innerText") == "p140"
    assert page.said == []


def test_everything_can_be_reached_with_tab(page: Page) -> None:
    seen = set()
    for _ in range(60):
        page.key("Tab")
        seen.add(
            page.js(
                "document.activeElement.className || document.activeElement.id || document.activeElement.tagName"
            )
        )
    assert {"skip", "theme", "ax-tokens"} <= seen
    assert "SUMMARY" in seen
    tab_stops = "[...document.querySelectorAll('button, a, input, select, summary')].filter(e => e.tabIndex < 0).length"
    assert page.js(tab_stops) == 0


def test_the_list_is_sorted_filtered_and_paged(page: Page) -> None:
    assert len(page.js(SHOWN)) == 100
    assert page.js("document.querySelector('.where').innerText") == "1 to 100 of 150 problems"
    page.js("document.querySelector('.after').click()")
    assert page.js(SHOWN)[0] == "p100"
    page.js(
        "[...document.querySelectorAll('.list th button')].find(b => b.innerText.startsWith('right')).click()"
    )
    rates = "[...document.querySelectorAll('.list tbody .c-rate')].map(c => parseFloat(c.innerText))"
    found = page.js(rates)
    assert found == sorted(found)
    assert page.js("document.querySelector('.list th[aria-sort]').getAttribute('aria-sort')") == "ascending"
    page.js(
        "(s => { s.value = 'never'; s.dispatchEvent(new Event('change')) })(document.querySelector('.filter'))"
    )
    assert set(page.js(rates)) <= {0}
    page.js(
        "(s => { s.value = 'no such problem'; s.dispatchEvent(new Event('input')) })(document.querySelector('.search'))"
    )
    assert page.js("document.querySelector('.where').innerText") == "no problem matches"


def test_a_problem_shows_votes_question_and_texts(page: Page, report: Path) -> None:
    page.open(report, "problem=p3")
    page.wait(f"{OPEN} === '3'")
    assert page.js("document.querySelector('.question pre').innerText") == "What is 3 + 4?"
    assert page.js("document.querySelectorAll('.candidate').length") == 4
    assert "4 candidates in full; the other 8" in page.js("document.querySelector('.candidates').innerText")
    assert "The answer is \\boxed" in page.js("document.querySelector('.candidate[open] pre').innerText")
    votes = page.js("document.querySelector('.votes').innerText")
    assert "right" in votes
    assert "wrong" in votes


def test_light_and_dark(page: Page, report: Path) -> None:
    paper = "getComputedStyle(document.body).backgroundColor"
    drawn = "getComputedStyle(document.querySelector('figure svg rect')).fill"
    assert page.js(paper) == page.js(drawn) == "rgb(255, 255, 255)"
    page.size(1300, 900, dark=True)
    assert page.js(paper) == page.js(drawn) == "rgb(22, 25, 29)", "figures follow the page"
    page.js("document.querySelector('#theme').click()")
    assert page.js(paper) == "rgb(255, 255, 255)", "the toggle overrules the system"
    page.open(report, "theme=dark")
    page.size(1300, 900)
    assert page.js(paper) == page.js(drawn) == "rgb(22, 25, 29)"
    page.js("localStorage.clear()")


def test_axes_and_series_are_switched(page: Page) -> None:
    seen = "[...document.querySelectorAll('.switchable figure')].filter(f => f.offsetParent).map(f => f.className)"
    assert page.js(seen) == ["f-tokens"]
    page.js("document.querySelector('.ax-samples').click()")
    assert page.js(seen) == ["f-samples"]
    gone = "document.querySelectorAll('.f-tokens svg .dim').length"
    page.js("document.querySelectorAll('.legend button')[1].click()")
    assert page.js(gone) >= 6
    assert page.js("document.querySelectorAll('.legend button')[1].getAttribute('aria-pressed')") == "false"
    page.js("document.querySelectorAll('.legend button')[1].click()")
    assert page.js(gone) == 0


def test_tables_sort(page: Page) -> None:
    table = "document.querySelector('#cost table')"
    page.js(f"[...{table}.querySelectorAll('th button')].at(-2).click()")
    values = page.js(f"[...{table}.tBodies[0].rows].map(r => Number([...r.cells].at(-2).dataset.v))")
    assert values == sorted(values)


@pytest.mark.parametrize("width", [320, 390, 768])
def test_it_fits_narrow_screens(page: Page, report: Path, width: int) -> None:
    page.size(width, 800)
    page.open(report, "problem=p3")
    assert page.js("document.documentElement.scrollWidth") <= width


def test_pictures_have_names_and_tables(page: Page) -> None:
    assert page.js(
        "[...document.querySelectorAll('figure svg')].every(s => s.getAttribute('role') === 'img' && s.getAttribute('aria-label'))"
    )
    assert (
        page.js("document.querySelectorAll('figure').length")
        <= page.js("document.querySelectorAll('details table, section > .scroll table').length") + 6
    )
    assert page.js("[...document.querySelectorAll('input, select')].every(i => i.labels.length === 1)")
