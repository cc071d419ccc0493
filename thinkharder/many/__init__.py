"""Solve many problems on one budget: who gets the next sample is decided across all of them, wave after wave."""

from thinkharder.many.options import Many, Solved
from thinkharder.many.solve import DEFAULT_ALLOCATOR, DEFAULT_STRATEGY, solve_many

__all__ = ["DEFAULT_ALLOCATOR", "DEFAULT_STRATEGY", "Many", "Solved", "solve_many"]
