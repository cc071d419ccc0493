"""Grows the tree of a strategy's search on a scripted toy: requests, their samples, and what followed from each.

`python -m tests.golden.trees` writes the golden files anew; look at the difference before you commit it.
"""

import asyncio
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import cycle
from pathlib import Path
from string import ascii_uppercase
from typing import Any

from tests.strategies.toys import RIGHT, WRONG, ByKind, Outcome, Table, bench, boxed

HERE = Path(__file__).parent
TABLE = Table({"18": 0.75, "20": 0.5, "16": 0.25})


@dataclass(frozen=True)
class Case:
    """One strategy on one script."""

    spec: str
    answers: tuple[object, ...]
    critiques: tuple[str, ...] = (WRONG, RIGHT)
    scored: bool = False
    plans: tuple[str, ...] = field(default=("It asks for a product.", "I will multiply."))


CASES = {
    "direct": Case("direct", (18,)),
    "cot": Case("cot", (None, 18)),
    "best-of-n": Case("best-of-n:n=4", (20, 20, 18, None), scored=True),
    "self-consistency": Case("self-consistency(n=8, until=margin(m=2))", (20, 18, 18, 18, 18)),
    "weighted-vote": Case("weighted-vote:n=5", (16, 16, 18, None, 20), scored=True),
    "multiple-attempts": Case("multiple-attempts:n=6", (18, 18, 20, 16, 18, 20)),
    "self-refine": Case("self-refine", (20, 18, 16)),
    "self-refine-verifier": Case("self-refine:feedback=verifier,rounds=2", (16, 20, 18), scored=True),
    "deep-reasoning": Case("deep-reasoning", (20, 18, 18)),
    "hybrid": Case("hybrid:chains=2,rounds=2", (20, 16, 18, 18), critiques=(WRONG, WRONG, RIGHT, WRONG)),
    "adaptive-low": Case("adaptive", (18, 18, 18, 18)),
    "adaptive-medium": Case("adaptive(medium=self-consistency(n=3))", (18, 18, 18, 20, 20, 18, 18)),
    "adaptive-high": Case("adaptive", (18, 18, 16, 20, 20, 18, 18)),
    "adaptive-very-high": Case("adaptive(very-high=hybrid(chains=2, rounds=1))", (1, 2, 3, 4, 18, 20, 18)),
}


def grow(name: str) -> dict[str, Any]:
    """The tree of a case, as JSON."""
    case = CASES[name]
    script = {"answer": boxed(*case.answers), "critique": case.critiques, "plan": case.plans}
    source = ByKind({kind: _lettered(kind, texts) for kind, texts in script.items()})
    found = asyncio.run(bench(case.spec, source, verifier=TABLE if case.scored else None))
    return {"spec": case.spec, **_tree(found)}


def _lettered(kind: str, texts: tuple[str, ...]) -> tuple[str, ...]:
    """The texts over and over, each with a letter of its own, so that no two replies are the same."""
    return tuple(
        f"{kind} {letter}. {text}" for letter, text in zip(ascii_uppercase, cycle(texts), strict=False)
    )


def _tree(found: Outcome) -> dict[str, Any]:
    names: dict[str, str] = {}
    nodes: dict[str, dict[str, Any]] = {}
    roots: list[dict[str, Any]] = []
    requests: dict[str, dict[str, Any]] = {}
    for event in found.events:
        data = event.data
        if event.kind == "request":
            node = _request(data)
            parent = _parent(data["messages"], nodes)
            (roots if parent is None else parent["then"]).append(node)
            for draw in range(data["n"]):
                label, _, first = data["id"].rpartition(".")
                requests[f"{label}.{int(first) + draw}"] = node
        elif event.kind == "candidate":
            names[data["id"]] = f"s{len(names)}"
            nodes[data["id"]] = _sample(names[data["id"]], data)
            requests[data["id"]]["samples"].append(nodes[data["id"]])
        elif event.kind == "score":
            nodes[data["id"]]["score"] = data["score"]
    result = found.result
    return {
        "tree": roots,
        "offers": [[names[i] for i in offer["ids"]] for offer in found.told("offer")],
        "revisions": {names[c.id]: [names[p] for p in c.parents] for c in result.candidates if c.parents},
        "decisions": list(result.decisions),
        "votes": {vote.answer: vote.votes for vote in result.votes},
        "answer": result.answer,
        "chosen": names[result.chosen or ""],
        "calls": result.usage.calls,
    }


def _request(data: Any) -> dict[str, Any]:
    talk = [f"{m['role']}: {m['content']}" for m in data["messages"]]
    return {"kind": data["kind"], "n": data["n"], "sampling": data["sampling"], "prompt": talk, "samples": []}


def _sample(name: str, data: Any) -> dict[str, Any]:
    keys = ("answer", "answer_class", "text")
    return {"name": name, **{key: data[key] for key in keys}, "score": None, "then": []}


def _parent(messages: Any, nodes: dict[str, dict[str, Any]]) -> dict[str, Any] | None:
    """The sample that the request goes on from: the last reply that it shows."""
    said = [m["content"] for m in messages if m["role"] == "assistant"]
    return next((n for n in reversed(nodes.values()) if said and n["text"] == said[-1]), None)


def differences(expected: Any, found: Any, path: str = "$") -> Iterator[str]:
    """Where two trees differ, node by node."""
    if isinstance(expected, dict) and isinstance(found, dict):
        for key in {**expected, **found}:
            if (key in expected) != (key in found):
                yield f"{path}.{key}: only in {'the golden tree' if key in expected else 'the new one'}"
            else:
                yield from differences(expected[key], found[key], f"{path}.{key}")
    elif isinstance(expected, list) and isinstance(found, list):
        if len(expected) != len(found):
            yield f"{path}: {len(expected)} nodes were {len(found)}"
        for place, (a, b) in enumerate(zip(expected, found, strict=False)):
            yield from differences(a, b, f"{path}[{place}]")
    elif expected != found:
        yield f"{path}: {expected!r} became {found!r}"


def main() -> None:
    """Write all golden trees."""
    for name in CASES:
        body = json.dumps(grow(name), indent=1, ensure_ascii=False)
        (HERE / f"{name}.json").write_text(body + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
