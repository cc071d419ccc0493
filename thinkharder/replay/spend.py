"""What many runs draw and pay under a rule, a cap on their draws and a budget: the arithmetic of draws.py and the ledger.

A rule asks in waves. A wave is one request, whose prompt is charged once, and it is paid whole; the rule sees its draws
one by one and the vote uses the draws that it has seen. Under a token budget a request admits as many draws as fit at
their full cap; the others are asked for again, in a request of their own. Where not one fits, the cap of one is cut to
what is left; a draw that runs over that cap is paid up to it and abstains.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import final

import numpy as np
from numpy.typing import NDArray

from thinkharder.replay.block import Block
from thinkharder.replay.votes import Standings
from thinkharder.stopping.seen import REST, CountRule, Seen, folds

Ints = NDArray[np.int64]


@final
@dataclass(frozen=True, slots=True)
class Waves:
    """What a rule does in each run if nothing else limits it: `stop` [R] is the first prefix after which it wants no
    more (K + 1: none). After k draws, [K + 1, R]: `level` is how many it has asked for in all, `asked` how many of them
    were asked for before it saw draw k, `requests` in how many requests."""

    stop: Ints
    level: NDArray[np.int16]
    asked: NDArray[np.int16]
    requests: NDArray[np.int16]


def waves(rule: CountRule, standings: Standings, cap: NDArray[np.int16]) -> Waves:
    """Ask a rule about one prefix of all runs after another, and follow its waves until it has stopped in all."""
    block = standings.block
    shape = (block.depth + 1, block.runs)
    level, asked, requests = (np.zeros(shape, np.int16) for _ in range(3))
    stop = np.full(block.runs, block.depth + 1, np.int64)
    started, sent = np.zeros(block.runs, np.int16), np.zeros(block.runs, np.int16)
    live = np.ones(block.runs, np.bool_)
    for k, seen in enumerate(_prefixes(rule, standings, cap)):
        asked[k], requests[k] = started, sent
        wants = np.minimum(rule.wants(seen), REST)
        ends = live & (wants <= 0)
        stop[ends] = k
        live &= ~ends
        np.maximum(level[max(0, k - 1)], wants + k, out=level[k], casting="unsafe")
        if not live.any():
            break
        asks = live & (started == k)
        np.copyto(started, level[k], where=asks)
        sent += asks
    return Waves(stop, level, asked, requests)


def _prefixes(rule: CountRule, standings: Standings, cap: NDArray[np.int16]) -> Iterator[Seen]:
    """What the rule sees after 0, 1, … draws of all runs, with its state if it has one."""
    counts = range(standings.block.depth + 1)
    folding = folds(rule)
    if folding is None:
        yield from (standings.seen(k, cap) for k in counts)
        return
    before, state = standings.whole(0, cap), folding.start()
    yield replace(before, state=state)
    for k in counts[1:]:
        now = standings.whole(k, cap)
        state = folding.step(state, before, now)
        yield replace(now, state=state)
        before = now


@final
@dataclass(frozen=True, slots=True)
class Spent:
    """How R runs ended, [R]: the first `prefix` draws are selected from, `paid` draws were paid in `requests` requests
    with `output` tokens in all; `cut`: the last paid draw ran into the budget and abstains."""

    prefix: Ints
    paid: Ints
    requests: Ints
    output: Ints
    cut: NDArray[np.bool_]


def drawn(block: Block, cap: Ints, rule: Waves | None) -> Spent:
    """Runs that nothing limits but their cap on draws, [R]."""
    if rule is None:
        prefix, paid, requests = cap, cap, np.minimum(cap, 1)
    else:
        prefix = np.minimum(rule.stop, cap)
        flat = prefix * block.runs + np.arange(block.runs)
        asked: Ints = rule.asked.ravel().take(flat).astype(np.int64)
        requests = rule.requests.ravel().take(flat).astype(np.int64)
        paid = np.minimum(np.maximum(asked, prefix), cap)
    return Spent(prefix, paid, requests, _upto(block, paid), np.zeros(block.runs, np.bool_))


def budgeted(block: Block, cap: Ints, rule: Waves | None, tokens: int, most: int) -> Spent:
    """Runs under a hard limit of so many input and output `tokens` each; `most` is the full cap of a draw in tokens."""
    runs = block.runs
    have, requests, spent = np.zeros(runs, np.int64), np.zeros(runs, np.int64), np.zeros(runs, np.int64)
    stop = cap if rule is None else np.minimum(rule.stop, cap)
    cut = np.zeros(runs, np.bool_)
    live = np.flatnonzero(stop > 0)
    while live.size:
        now, prompt = have[live], block.prompt[live]
        level = cap[live] if rule is None else np.minimum(rule.level[now, live], cap[live])
        room = tokens - spent[live] - prompt
        fits = np.minimum(room // most, level - now)
        one = fits < 1
        fits = np.where(one, 1, fits)
        cost = block.output[now + fits, live] - block.output[now, live]
        over = one & (cost > room)
        paid = room >= 1
        spent[live] += np.where(paid, prompt + np.where(over, room, cost), 0)
        have[live] += np.where(paid, fits, 0)
        requests[live] += paid
        cut[live] = over & paid
        live = live[paid & ~over & (have[live] < stop[live])]
    return Spent(np.minimum(have, stop), have, requests, spent - requests * block.prompt, cut)


def _upto(block: Block, paid: Ints) -> Ints:
    out: Ints = block.output.ravel().take(paid * block.runs + np.arange(block.runs))
    return out
