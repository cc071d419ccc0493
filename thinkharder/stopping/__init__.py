"""When to stop sampling: rules that see the finished draws in draw order and say how many more they want now.

Pure: no clock, no randomness, so that a recorded pool replays them exactly. Draws that abstain (`answer_class` None) and
failed ones cast no vote, but each is one draw of the cap.

A rule is one short file: a frozen dataclass with the paper's parameters and one function `wants(seen)`, the same for one
run and for thousands (see `seen`); a rule that needs the history folds it into a state, once a draw.
"""

from thinkharder.stopping.adaptive_consistency import AdaptiveConsistency
from thinkharder.stopping.cite import Cite
from thinkharder.stopping.dsc import Dsc
from thinkharder.stopping.esc import Esc
from thinkharder.stopping.fixed import Fixed
from thinkharder.stopping.margin import Margin
from thinkharder.stopping.mmc import Mmc
from thinkharder.stopping.msprt import Msprt
from thinkharder.stopping.ppr import Ppr
from thinkharder.stopping.seen import NOBODY, REST, Count, CountRule, FoldingRule, Seen, ask, choose
from thinkharder.stopping.sprt import Sprt
from thinkharder.stopping.unanimous import Unanimous
from thinkharder.stopping.worth import Worth

__all__ = [
    "NOBODY",
    "REST",
    "AdaptiveConsistency",
    "Cite",
    "Count",
    "CountRule",
    "Dsc",
    "Esc",
    "Fixed",
    "FoldingRule",
    "Margin",
    "Mmc",
    "Msprt",
    "Ppr",
    "Seen",
    "Sprt",
    "Unanimous",
    "Worth",
    "ask",
    "choose",
]
