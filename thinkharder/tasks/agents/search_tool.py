"""The search tool, as it runs inside the sandbox beside its documents: BM25 over words, and reading by name.

Robertson and Zaragoza 2009, The Probabilistic Relevance Framework, with k1 = 1.2 and b = 0.75.
"""

import json
import math
import os
import re
import sys

K1, B, SHOWN, MOST = 1.2, 0.75, 5, 12_000
"""Constants of BM25, documents that are shown, characters of a document that are read."""


def load(root: str = "documents") -> dict[str, str]:
    """The documents by their name."""
    found = {}
    for folder, _, names in os.walk(root):
        for name in names:
            path = os.path.join(folder, name)
            with open(path, encoding="utf-8") as file:
                found[os.path.relpath(path, root).replace(os.sep, "/")] = file.read()
    return found


def words(text: str) -> list[str]:
    """The words of a text, in lower case."""
    return re.findall(r"\w+", text.lower())


def search(documents: dict[str, str], query: str) -> str:
    """The best documents, each with its first line."""
    texts = {name: words(f"{name} {text}") for name, text in documents.items()}
    mean = sum(map(len, texts.values())) / max(len(texts), 1)
    scores = dict.fromkeys(texts, 0.0)
    for word in set(words(query)):
        holding = [name for name, text in texts.items() if word in text]
        rarity = math.log(1 + (len(texts) - len(holding) + 0.5) / (len(holding) + 0.5))
        for name in holding:
            count, length = texts[name].count(word), len(texts[name])
            scores[name] += rarity * count * (K1 + 1) / (count + K1 * (1 - B + B * length / mean))
    best = sorted((name for name in scores if scores[name] > 0), key=lambda name: (-scores[name], name))
    lines = [f"{name}: {' '.join(documents[name].split())[:120]}" for name in best[:SHOWN]]
    return "\n".join(lines) or "No document holds any of these words."


def read(documents: dict[str, str], name: str) -> str:
    """A document's text."""
    if name not in documents:
        return f"There is no document {name[:100]!r}; search gives the names."
    text = documents[name]
    return text if len(text) <= MOST else text[:MOST] + "\n(cut here)"


if __name__ == "__main__":
    order = json.load(sys.stdin)
    run = {"search": search, "read": read}[order["tool"]]
    sys.stdout.write(run(load(), order["argument"]))
