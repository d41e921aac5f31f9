"""
A history on its way to a verdict.

``require`` is where a test states its promises. The verdict is a value and is stored; only its translation for pytest is an exception,
one for each verdict that is not green.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Final

from fraiseql_chaos.errors import DeclarationError
from fraiseql_chaos.history import History
from fraiseql_chaos.measures import Measure, Measurement
from fraiseql_chaos.verdicts import ChaosMetrics, Expectation, Judgement, Verdict, judge_all

__all__ = ["METRIC", "Inconclusive", "Recording", "Violated"]


METRIC: Final = re.compile(r"\d+\.\d+\.\d+\.m\d+")
"""How the plan's metrics are numbered; its claims end in a letter instead."""

type Keep = Callable[[History, tuple[Expectation, ...], Judgement, Mapping[str, Measure]], None]
"""Stores what was asked of a history, and how it was answered."""


class Violated(AssertionError):  # noqa: N818  a verdict, named as verdicts are
    """
    A promise was broken, and the evidence stands.

    Attributes:
        judgement: What was found.
    """

    def __init__(self, message: str, judgement: Judgement) -> None:
        super().__init__(message)
        self.judgement = judgement


class Inconclusive(AssertionError):  # noqa: N818  see above
    """Nothing can be said: the fault left no evidence, the instrument was not sound, or there was too little to see."""


class Recording:
    """
    What one load brought back.

    Args:
        history: What happened.
        keep: Stores judgement and measures for the report.

    Attributes:
        history: What happened.
        metrics: The plan's numbers, computed from it.
        verdict: What it came to so far; None if nothing was required of it yet.
        measured: What was measured for the plan, by the metric's id there.
    """

    def __init__(self, history: History, keep: Keep) -> None:
        self.history = history
        self.metrics: ChaosMetrics = ChaosMetrics.of(history)
        self.verdict: Verdict | None = None
        self.measured: dict[str, Measure] = {}
        self._asked: tuple[Expectation, ...] = ()
        self._keep = keep

    def measure(self, metric: str, measure: Measure) -> Measurement:
        """
        Measure something that the plan wants to know, for the report; call it before ``require``, which stores it.

        Args:
            metric: The metric's id in the plan, as ``1.1.1.m1``.
            measure: What it is, as ``measures.time_to_detect()``.

        Returns:
            The numbers.

        Raises:
            DeclarationError: If the id is none, or was measured already, or the verdict was stored before.
        """
        if not METRIC.fullmatch(metric):
            raise DeclarationError(f"{metric!r} is no metric of the plan; they are written as 1.1.1.m1; nothing was measured")
        if metric in self.measured:
            raise DeclarationError(f"{metric} was measured in this recording already, as {self.measured[metric]}; nothing was measured")
        if self.verdict is not None:
            raise DeclarationError(f"{metric}: measure before require(), which stores the record; nothing was measured")
        self.measured[metric] = measure
        return measure.take(self.history)

    def require(self, *expectations: Expectation) -> Judgement:
        """
        Judge the history by these expectations, by those of earlier calls, and by those that always apply.

        Raises:
            Violated: If the verdict is ``violated``.
            Inconclusive: If it is ``inconclusive``.
        """
        self._asked += expectations
        judgement = judge_all(self.history, self._asked)
        self.verdict = judgement.verdict
        self._keep(self.history, self._asked, judgement, self.measured)
        if judgement.verdict == "violated":
            raise Violated(_explained(judgement, self.history), judgement)
        if judgement.verdict == "inconclusive":
            raise Inconclusive(_explained(judgement, self.history))
        return judgement


def _explained(judgement: Judgement, history: History) -> str:
    findings = sorted(judgement.findings, key=lambda finding: finding.verdict == "held")
    lines = [f"{judgement.verdict}: {history.begin.experiment}"]
    lines += [f"  {finding.verdict:<12}  {finding.statement}" for finding in findings]
    return "\n".join([*lines, f"  replay        {history.begin.replay}"])
