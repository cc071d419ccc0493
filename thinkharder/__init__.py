"""thinkharder spends inference compute where it pays: the best answer that a hard budget buys, from any model.

    >>> from thinkharder import Budget, solve_sync
    >>> result = solve_sync("What is 17 * 23?", strategy="self-consistency:n=8", budget=Budget(tokens=4000))

Names are imported when they are used, so that `import thinkharder` is quick.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from thinkharder.api import Options as Options
    from thinkharder.api import solve as solve
    from thinkharder.api import solve_sync as solve_sync
    from thinkharder.assemble import load_model as load_model
    from thinkharder.core.errors import ModelError as ModelError
    from thinkharder.core.errors import NothingFound as NothingFound
    from thinkharder.core.errors import ThinkharderError as ThinkharderError
    from thinkharder.core.errors import UsageError as UsageError
    from thinkharder.core.protocols import Effort as Effort
    from thinkharder.core.protocols import Model as Model
    from thinkharder.core.protocols import Run as Run
    from thinkharder.core.protocols import Step as Step
    from thinkharder.core.protocols import StoppingRule as StoppingRule
    from thinkharder.core.protocols import Strategy as Strategy
    from thinkharder.core.protocols import StreamRule as StreamRule
    from thinkharder.core.protocols import Verifier as Verifier
    from thinkharder.core.registry import register as register
    from thinkharder.core.registry import strategy as strategy
    from thinkharder.core.registry import verifier as verifier
    from thinkharder.core.types import Candidate as Candidate
    from thinkharder.core.types import Message as Message
    from thinkharder.core.types import Problem as Problem
    from thinkharder.core.types import Result as Result
    from thinkharder.core.types import Sampling as Sampling
    from thinkharder.core.types import Score as Score
    from thinkharder.core.usage import Budget as Budget
    from thinkharder.core.usage import Price as Price
    from thinkharder.core.usage import Usage as Usage
    from thinkharder.events import Event as Event
    from thinkharder.many import Many as Many
    from thinkharder.many import Solved as Solved
    from thinkharder.many import solve_many as solve_many
    from thinkharder.models.options import EngineOptions as EngineOptions

_HOME = {
    "api": ("Options", "solve", "solve_sync"),
    "assemble": ("load_model",),
    "core.errors": ("ModelError", "NothingFound", "ThinkharderError", "UsageError"),
    "core.protocols": (
        *("Effort", "Model", "Run", "Step", "StoppingRule", "Strategy", "StreamRule", "Verifier"),
    ),
    "core.registry": ("register", "strategy", "verifier"),
    "core.types": ("Candidate", "Message", "Problem", "Result", "Sampling", "Score"),
    "core.usage": ("Budget", "Price", "Usage"),
    "events": ("Event",),
    "many": ("Many", "Solved", "solve_many"),
    "models.options": ("EngineOptions",),
}
_MODULE = {name: module for module, names in _HOME.items() for name in names}

__all__ = sorted(_MODULE)
__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    if name not in _MODULE:
        raise AttributeError(f"module 'thinkharder' has no attribute {name!r}")
    return getattr(import_module(f"thinkharder.{_MODULE[name]}"), name)


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
