"""When to stop sampling: rules that see the finished draws in draw order and say how many more they want now.

Pure: no clock, no randomness, no state, so that a recorded pool replays them exactly. Draws that abstain
(`answer_class` None) and failed ones cast no vote, but each is one draw of the cap.
"""

from thinkharder.stopping.fixed import Fixed
from thinkharder.stopping.margin import Margin
from thinkharder.stopping.unanimous import Unanimous

__all__ = ["Fixed", "Margin", "Unanimous"]
