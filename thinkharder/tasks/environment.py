"""Tasks of several turns: an agent observes, acts, is rewarded, and at some time it is done.

    async with environment:
        seen = await environment.observe()
        while not seen.done:
            seen = await environment.act(await agent.act(environment.tools, history))

Rewards add up over an episode; in the tasks here a solved episode gives 1 and an unsolved one 0, at its end.
"""

from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Any, Protocol, final, runtime_checkable

from thinkharder.core.errors import BadOption

MOST_TURNS = 20
"""Actions after which an episode ends where nobody says otherwise."""


@dataclass(frozen=True, slots=True)
class Observation:
    """What the environment shows: a text for the agent, the reward of the action before it, and whether it is over."""

    text: str
    reward: float = 0.0
    done: bool = False


@dataclass(frozen=True, slots=True)
class Action:
    """The call of one tool by its name, with its arguments. Untrusted: it may come from a model."""

    tool: str
    arguments: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Turn:
    """One action and what came of it."""

    action: Action
    observation: Observation


@runtime_checkable
class Environment(Protocol):
    """A world of one problem. One use: enter it, act in it, leave it; leaving frees its processes."""

    @property
    def tools(self) -> tuple[Mapping[str, Any], ...]:
        """The tools in the shape of OpenAI's function definitions, as `Problem.tools` takes them."""
        ...

    async def __aenter__(self) -> "Environment": ...
    async def __aexit__(self, *exception: object) -> None: ...

    async def observe(self) -> Observation:
        """What is to be seen before the first action."""
        ...

    async def act(self, action: Action) -> Observation:
        """What the action leads to. An action that makes no sense (an unknown tool, a missing argument) is answered with
        a text that says so and costs a turn. Raises SandboxError where the sandbox itself fails."""
        ...


@runtime_checkable
class Agent(Protocol):
    """Chooses actions. A baseline is a fixed program; strategies with tools are another kind."""

    async def act(
        self, tools: Sequence[Mapping[str, Any]], opening: Observation, turns: Sequence[Turn]
    ) -> Action | None:
        """The next action, or None to give up."""
        ...


@dataclass(frozen=True, slots=True)
class Episode:
    """How one went: its turns, the sum of its rewards, and how it ended: `done`, `gave up` or `turns`."""

    opening: Observation
    turns: tuple[Turn, ...]
    reward: float
    ended: str


async def play(
    environment: AbstractAsyncContextManager[Environment], agent: Agent, most_turns: int = MOST_TURNS
) -> Episode:
    """Let an agent act until the environment is done, the agent gives up, or the turns are used up.

    Raises BadOption for fewer than one turn, and SandboxError where the environment's sandbox fails.
    """
    if most_turns < 1:
        raise BadOption(f"most_turns={most_turns} must be at least 1")
    turns: list[Turn] = []
    async with environment as world:
        opening = last = await world.observe()
        ended = "done"
        while not last.done:
            if len(turns) >= most_turns:
                ended = "turns"
                break
            action = await agent.act(world.tools, opening, tuple(turns))
            if action is None:
                ended = "gave up"
                break
            last = await world.act(action)
            turns.append(Turn(action, last))
    return Episode(opening, tuple(turns), opening.reward + sum(t.observation.reward for t in turns), ended)


def tool(name: str, about: str, **arguments: str) -> Mapping[str, Any]:
    """A tool's definition: its text arguments with what they mean, all of them needed."""
    properties = {key: {"type": "string", "description": text} for key, text in arguments.items()}
    parameters = {"type": "object", "properties": properties, "required": list(arguments)}
    return {
        "type": "function",
        "function": {"name": name, "description": about, "parameters": parameters},
    }


@final
@dataclass(frozen=True, slots=True)
class Refusal:
    """Why an action makes no sense, as the agent is told."""

    text: str


def understood(tools: Sequence[Mapping[str, Any]], action: Action) -> dict[str, str] | Refusal:
    """The text arguments of an action that one of the tools takes, or what is wrong with it."""
    known = {str(t["function"]["name"]): t["function"]["parameters"]["required"] for t in tools}
    if action.tool not in known:
        return Refusal(f"There is no tool {str(action.tool)[:50]!r}; there are: {', '.join(known)}.")
    if not isinstance(action.arguments, Mapping):
        return Refusal(f"The arguments of {action.tool} must be an object.")
    wanted = known[action.tool]
    for name in wanted:
        if not isinstance(action.arguments.get(name), str):
            return Refusal(f"{action.tool} needs the argument {name!r}, a text.")
    extra = sorted(str(key)[:50] for key in action.arguments if key not in wanted)
    if extra:
        return Refusal(
            f"{action.tool} has no argument {extra[0]!r}; it takes: {', '.join(wanted) or 'none'}."
        )
    return {name: str(action.arguments[name]) for name in wanted}
