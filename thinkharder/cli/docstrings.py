"""Reads the docstring contract of strategies, verifiers and rules: what it is, its source, its names, its cost."""

import inspect
import re
from dataclasses import dataclass
from typing import Any

_AUTHORS = re.compile(r"\b[A-ZÀ-Þ][\w'’-]+(?: et al\.| (?:and|&) [A-ZÀ-Þ][\w'’-]+)? (?:19|20)\d\d\b")
SECTIONS = ("Reference", "Names", "Cost", "Departures", "Departure")


@dataclass(frozen=True, slots=True)
class Explained:
    """A docstring in parts; a part that is not there is empty. `detail` is what stands between summary and sections."""

    summary: str
    detail: str
    reference: str
    names: str
    cost: str
    departures: str

    @property
    def paper(self) -> str:
        """The reference, short: authors with year, and the arXiv number; a dash where there is none."""
        first = self.reference.split(";")[0]
        authors = _AUTHORS.search(first)
        arxiv = re.search(r"arXiv:\d{4}\.\d{4,5}", first)
        return ", ".join(found[0] for found in (authors, arxiv) if found) or "–"


def explain(thing: Any) -> Explained:
    """The parts of a class's or function's docstring."""
    found: dict[str, list[str]] = {"": []}
    section = ""
    for line in (inspect.getdoc(thing) or "").splitlines():
        match = re.match(r"(\w+): ?(.*)", line)
        if match and match[1] in SECTIONS:
            section = "Departures" if match[1] == "Departure" else match[1]
            found[section] = [match[2]]
        else:
            found[section].append(line)
    paragraphs = "\n".join(found[""]).strip().split("\n\n", 1)
    summary = " ".join(paragraphs[0].split())
    detail = paragraphs[1] if len(paragraphs) > 1 else ""
    parts = {name.lower(): " ".join(" ".join(found.get(name, [])).split()) for name in SECTIONS[:4]}
    return Explained(summary, _folded(detail), **parts)


def first_sentence(text: str) -> str:
    """The first sentence of a paragraph, without its full stop."""
    match = re.match(r"(.+?)\.(?:\s+(?=[^a-z\d])|$)", text)
    return match[1] if match else text


def _folded(text: str) -> str:
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in text.split("\n\n") if paragraph.strip())
