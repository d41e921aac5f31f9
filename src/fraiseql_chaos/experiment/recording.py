"""
A history on its way to a verdict.

``require`` is where a test states its promises. The verdict is a value and is stored; only its translation for pytest is an exception,
one for each verdict that is not green.
"""

from __future__ import annotations

from collections.abc import Callable

from fraiseql_chaos.history import History
from fraiseql_chaos.verdicts import ChaosMetrics, Expectation, Judgement, Verdict, judge_all

__all__ = ["Inconclusive", "Recording", "Violated"]


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
        keep: Stores the judgement for the report.

    Attributes:
        history: What happened.
        metrics: The plan's numbers, computed from it.
        verdict: What it came to so far; None if nothing was required of it yet.
    """

    def __init__(self, history: History, keep: Callable[[History, tuple[Expectation, ...], Judgement], None]) -> None:
        self.history = history
        self.metrics: ChaosMetrics = ChaosMetrics.of(history)
        self.verdict: Verdict | None = None
        self._asked: tuple[Expectation, ...] = ()
        self._keep = keep

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
        self._keep(self.history, self._asked, judgement)
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
