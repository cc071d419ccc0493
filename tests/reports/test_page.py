"""The page as a file: strict, complete, whole or not at all, and never with a model's text as HTML."""

import base64
import hashlib
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

from tests.reports.pools import HOSTILE, SCRIPT, hostile
from tests.reports.synthetic import findings, part
from thinkharder.core.errors import UsageError
from thinkharder.records.pool import Pool
from thinkharder.replay.classed import classed
from thinkharder.reports import page, sections
from thinkharder.reports.findings import Browser, Findings, Part
from thinkharder.reports.gather import Known, Wanted
from thinkharder.reports.gather import part as gathered
from thinkharder.reports.rated import Asking


class Read(HTMLParser):
    """What a browser's parser would see: elements with their attributes, and the text of scripts and styles."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.inside: list[str] = []
        self.bodies: dict[str, list[str]] = {"script": [], "style": []}
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag in self.bodies:
            self.bodies[tag].append("")
            self.inside.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if self.inside and self.inside[-1] == tag:
            self.inside.pop()

    def handle_data(self, data: str) -> None:
        if self.inside:
            self.bodies[self.inside[-1]][-1] += data


def hostile_findings() -> Findings:
    """Everything of a pool that means harm."""
    pool = classed(Pool.of(hostile(), f"pool {SCRIPT}"))
    asking = Asking(strategies=("direct", "self-consistency"), trials=20)
    found = gathered(pool, Wanted(asking=asking, times=5), Known(levels={}, questions={}), lambda _: None)
    return Findings(f"title {SCRIPT}", "made by", (found,))


@pytest.fixture(scope="module")
def harm() -> str:
    return "".join(page.pieces(hostile_findings()))


@pytest.fixture(scope="module")
def whole() -> str:
    return "".join(page.pieces(findings()))


BARE = Findings("bare", "x", (Part("nothing", (), ()),))


def strict(text: str) -> Read:
    """The page's elements, once its policy is seen to allow them and nothing else."""
    read = Read(text)
    policy = next(a["content"] for t, a in read.elements if a.get("http-equiv") == "Content-Security-Policy")
    assert policy is not None
    assert policy.startswith("default-src 'none';")
    assert "unsafe" not in policy
    for kind in ("script", "style"):
        allowed = re.search(rf"{kind}-src '(sha256-[^']+)'", policy)
        assert allowed
        tags = [attributes for tag, attributes in read.elements if tag == kind]
        live = [b for b, a in zip(read.bodies[kind], tags, strict=True) if a.get("type") != "text/plain"]
        assert len(live) == 1
        assert "sha256-" + base64.b64encode(hashlib.sha256(live[0].encode()).digest()).decode() == allowed[1]
    return read


def test_the_policy_allows_the_page_and_nothing_else(whole: str) -> None:
    strict(whole)


def test_nothing_hostile_becomes_markup(harm: str) -> None:
    read = strict(harm)
    for tag, attributes in read.elements:
        assert tag not in {"img", "iframe", "object", "embed", "link", "base", "form", "foreignobject"}
        assert not [
            name for name in attributes if name.startswith("on") or name in {"style", "srcdoc", "src"}
        ]
        for name in ("href", "xlink:href"):
            assert str(attributes.get(name) or "#").startswith("#")
    assert "window.harmed" in harm, "the names are shown, as text"
    assert not re.search("[\u2028\u2029\x00\x1b]", harm)
    assert harm.count("</script>") == len(read.bodies["script"])


def test_the_script_never_reads_html() -> None:
    text = page.script()
    for sink in (
        "innerHTML",
        "outerHTML",
        "insertAdjacentHTML",
        "document.write",
        "eval(",
        "new Function",
        "DOMParser",
    ):
        assert sink not in text
    assert "srcdoc" not in text
    assert "fetch(" not in text


def test_every_section_is_there_also_when_nothing_is_known() -> None:
    read = strict("".join(page.pieces(BARE)))
    ids = {attributes.get("id") for _, attributes in read.elements}
    assert set(sections.NAMES) <= ids


def test_the_navigation_leads_to_every_section(whole: str) -> None:
    read = Read(whole)
    ids = [attributes["id"] for _, attributes in read.elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    links = [a["href"] for t, a in read.elements if t == "a"]
    assert {f"#{name}" for name in sections.NAMES} <= set(links)
    assert {str(link)[1:] for link in links} <= set(ids)


def test_two_parts_share_no_ids() -> None:
    two = replace(
        findings(),
        parts=(replace(part(1), by_level=(), fits=()), replace(part(1, "second"), by_level=(), fits=())),
    )
    ids = re.findall(r'\bid="([^"]+)"', "".join(page.pieces(two)))
    assert len(ids) == len(set(ids))


def test_the_page_is_whole_or_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "new" / "report.html"
    assert page.write(BARE, path) == path.stat().st_size
    before = path.read_bytes()
    monkeypatch.setattr(page, "script", lambda: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        page.write(BARE, path)
    assert path.read_bytes() == before
    assert [p.name for p in path.parent.iterdir()] == ["report.html"]


def test_a_place_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="--html"):
        page.write(BARE, tmp_path / "file" / "report.html")
    (tmp_path / "folder").mkdir()
    with pytest.raises(UsageError, match="--html"):
        page.write(BARE, tmp_path / "folder")


def test_huge_texts_are_cut_and_counted(harm: str) -> None:
    from thinkharder.reports.blocks import unpack

    blocks = re.findall(r'<script type="text/plain" id="p0-block-\d+">([^<]*)</script>', harm)
    candidates = [one for block in blocks for problem in unpack(block).values() for one in problem["found"]]
    cut = [one for one in candidates if one["cut"]]
    assert cut
    assert all(len(one["text"]) + one["cut"] >= 300_000 for one in cut)
    assert {kind for kind in HOSTILE if any(one["text"].startswith(f"{kind}:") for one in candidates)} == set(
        HOSTILE
    )


def test_an_empty_browser_says_so() -> None:
    bare = replace(BARE, parts=(replace(BARE.parts[0], browser=Browser()),))
    assert "There are no problems to show." in "".join(page.pieces(bare))
