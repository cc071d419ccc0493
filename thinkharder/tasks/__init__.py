"""Tasks: problems with a split, a licence, a source, an answer type, and a check that every gold answer passes."""

from thinkharder.tasks.base import Check, Item, StepChecker, StepVerdict, Task, TaskError
from thinkharder.tasks.checks import GoldCheck, TestsCheck
from thinkharder.tasks.environment import Action, Agent, Environment, Episode, Observation, Turn, play
from thinkharder.tasks.equations import split_steps
from thinkharder.tasks.export import task_rows, write_rows
from thinkharder.tasks.load import Known, known, load_task, parse_task, task_names
from thinkharder.tasks.registering import task

__all__ = [
    "Action",
    "Agent",
    "Check",
    "Environment",
    "Episode",
    "GoldCheck",
    "Item",
    "Known",
    "Observation",
    "StepChecker",
    "StepVerdict",
    "Task",
    "TaskError",
    "TestsCheck",
    "Turn",
    "known",
    "load_task",
    "parse_task",
    "play",
    "split_steps",
    "task",
    "task_names",
    "task_rows",
    "write_rows",
]
