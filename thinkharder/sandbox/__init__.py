"""Runs model-written code where it can do no harm, and forms verdicts on it that it cannot forge."""

from thinkharder.sandbox.bwrap import BubblewrapSandbox
from thinkharder.sandbox.detect import Detection, choose, detect
from thinkharder.sandbox.landlock import LandlockSandbox
from thinkharder.sandbox.monty import MontySandbox
from thinkharder.sandbox.none import NoSandbox
from thinkharder.sandbox.suite import TestSuite
from thinkharder.sandbox.types import Limits, Sandbox, SandboxResult, Session, SessionEnded
from thinkharder.sandbox.verdict import CallOutcome, TestOutcome, TestReport, call_function, matrix, run_tests

__all__ = [
    "BubblewrapSandbox",
    "CallOutcome",
    "Detection",
    "LandlockSandbox",
    "Limits",
    "MontySandbox",
    "NoSandbox",
    "Sandbox",
    "SandboxResult",
    "Session",
    "SessionEnded",
    "TestOutcome",
    "TestReport",
    "TestSuite",
    "call_function",
    "choose",
    "detect",
    "matrix",
    "run_tests",
]
