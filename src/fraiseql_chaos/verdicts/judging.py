"""
From expectations to one answer.

Some questions are asked of every experiment, whether its author thought of them or not: was the instrument sound, did nothing die, and,
where there were any, were all faults seen, did the service work before the first of them, and were all answers right. Where the database was asked
afterwards what it holds, and there was enough to tell: was nothing lost, and nothing done twice. Then the overall verdict:

1. A wrong answer, a process that died, a write that was lost or done twice is a fact that needs no clock and no evidence of a fault: it violates,
   whatever else is true.
2. Otherwise an unsound instrument, a fault without evidence, or a service that did not work before it, makes everything inconclusive, also
   what looks violated: the numbers are not about this service under this fault.
3. Otherwise the worst finding decides: violated, then inconclusive, then held.

A judge that crashes has a bug; its finding is inconclusive and names the exception, and the other judges are still heard. The same
history and expectations always give the same judgement, to the byte.
"""

from __future__ import annotations

from collections.abc import Iterable

from fraiseql_chaos.history import History
from fraiseql_chaos.verdicts.expectations.correct_results import WRONG, CorrectResults
from fraiseql_chaos.verdicts.expectations.fault_observed import FaultObserved
from fraiseql_chaos.verdicts.expectations.instrument import Instrument
from fraiseql_chaos.verdicts.expectations.no_crash import NoCrash
from fraiseql_chaos.verdicts.expectations.no_data_loss import NoDataLoss
from fraiseql_chaos.verdicts.expectations.no_duplicates import NoDuplicates
from fraiseql_chaos.verdicts.expectations.steady_state import SteadyState
from fraiseql_chaos.verdicts.hearing import hear
from fraiseql_chaos.verdicts.model import VERDICTS, Expectation, Finding, Judgement, Verdict, worst

__all__ = ["judge_all"]

FACTS = (CorrectResults.kind, NoCrash.kind, NoDataLoss.kind, NoDuplicates.kind)
PRECONDITIONS = (Instrument.kind, FaultObserved.kind, SteadyState.kind)


def judge_all(history: History, expectations: Iterable[Expectation]) -> Judgement:
    """
    Judge one experiment.

    Args:
        history: Its record.
        expectations: What its author expects; the questions that every experiment is asked are added where they are missing.

    Returns:
        The overall verdict by the rule at the top of this file, its reasons, and every finding.
    """
    findings = tuple(hear(expectation, history) for expectation in _completed(history, tuple(expectations)))
    return Judgement(verdict=_overall(findings), reasons=_reasons(findings), findings=findings)


def _completed(history: History, asked: tuple[Expectation, ...]) -> tuple[Expectation, ...]:
    """Put the questions of every experiment in front; those about faults and answers only if there were any."""
    answered = any(o.outcome == "ok" or o.cause == WRONG for o in history.operations)
    implied: list[Expectation] = [Instrument()]
    implied += [FaultObserved(), SteadyState()] if history.faults else []
    implied += [CorrectResults()] if answered else []
    implied += [NoCrash()]
    # Not asked for, they are asked where they can be answered: a load of three writes is no reason to conclude nothing.
    implied += [e for e in (NoDataLoss(), NoDuplicates()) if hear(e, history).verdict != "inconclusive"]
    declared = {fault.declared.kind for fault in history.faults}
    covered = {e.kind for e in asked if not isinstance(e, FaultObserved) or not e.kinds or declared <= set(e.kinds)}
    return (*(e for e in implied if e.kind not in covered), *asked)


def _overall(findings: tuple[Finding, ...]) -> Verdict:
    if any(f.verdict == "violated" for f in findings if f.expectation.kind in FACTS):
        return "violated"
    if any(f.verdict != "held" for f in findings if f.expectation.kind in PRECONDITIONS):
        return "inconclusive"
    return worst(f.verdict for f in findings)


def _reasons(findings: tuple[Finding, ...]) -> tuple[str, ...]:
    """Return the statements of all that did not hold: facts, then preconditions, then the rest from bad to less bad."""

    def weight(finding: Finding) -> tuple[int, int]:
        kind = finding.expectation.kind
        return (0 if kind in FACTS and finding.verdict == "violated" else 1 if kind in PRECONDITIONS else 2), -VERDICTS.index(finding.verdict)

    doubtful = sorted((f for f in findings if f.verdict != "held"), key=weight)
    return tuple(f"{f.expectation.kind}: {f.statement}" for f in doubtful)
