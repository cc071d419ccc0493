"""Typed answers: find them in a model's text, say which are the same, abstain where there is none."""

from thinkharder.answers.auto import ANSWER_TYPES, answer_type, decide
from thinkharder.answers.base import Answer, AnswerType
from thinkharder.answers.choice import ChoiceAnswers
from thinkharder.answers.classes import Classes
from thinkharder.answers.code import CodeAnswers
from thinkharder.answers.json import JsonAnswers
from thinkharder.answers.math import MathAnswers
from thinkharder.answers.number import NumberAnswers
from thinkharder.answers.pool import MathPool, shared_pool
from thinkharder.answers.text import TextAnswers

__all__ = [
    "ANSWER_TYPES",
    "Answer",
    "AnswerType",
    "ChoiceAnswers",
    "Classes",
    "CodeAnswers",
    "JsonAnswers",
    "MathAnswers",
    "MathPool",
    "NumberAnswers",
    "TextAnswers",
    "answer_type",
    "decide",
    "shared_pool",
]
