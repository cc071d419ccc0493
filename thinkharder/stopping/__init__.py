"""When to stop sampling: rules that see the finished draws in draw order and say how many more they want now.

Pure: no clock, no randomness, no state, so that a recorded pool replays them exactly. Draws that abstain
(`answer_class` None) and failed ones cast no vote, but each is one draw of the cap.

A rule is one short file: a frozen dataclass with the paper's parameters and one function `wants(seen)`, the same for one
run and for thousands (see `seen`).
"""

from thinkharder.stopping.fixed import Fixed
from thinkharder.stopping.margin import Margin
from thinkharder.stopping.seen import REST, Count, CountRule, Seen, ask
from thinkharder.stopping.unanimous import Unanimous

__all__ = ["REST", "Count", "CountRule", "Fixed", "Margin", "Seen", "Unanimous", "ask"]
