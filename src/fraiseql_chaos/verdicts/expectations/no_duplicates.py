"""
What was asked once is done at most once.

A retry somewhere between the client and the database turns one order into two. So of every mutation that was sent, acknowledged or not, at most one
trace may be found in the database once all faults are healed; and of one that was certainly refused, none, because who was refused asks again.

A trace too many violates, whatever else was wrong with the run. Sessions of the service that were still at work while it was counted may add one
later, so that nothing was found is then no proof.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from fraiseql_chaos.history import History
from fraiseql_chaos.verdicts.expectations.no_data_loss import NOT_ASKED
from fraiseql_chaos.verdicts.integrity import Stock, named, take_stock
from fraiseql_chaos.verdicts.model import Finding, Verdict
from fraiseql_chaos.verdicts.shares import LEAST_REQUESTS

__all__ = ["NoDuplicates", "no_duplicates"]


@dataclass(frozen=True, slots=True, kw_only=True)
class NoDuplicates:
    """Expect that no mutation took effect twice, and no refused one at all."""

    kind: ClassVar[str] = "no_duplicates"

    def __str__(self) -> str:
        return "no write takes effect twice, and a refused one not at all"

    def judge(self, history: History) -> Finding:
        """Count the traces of each request in the inventory."""
        stock = take_stock(history)
        if stock is None:
            return Finding(expectation=self, verdict="inconclusive", statement=NOT_ASKED, numbers={})
        verdict, statement = _answer(stock)
        return Finding(
            expectation=self,
            verdict=verdict,
            statement=statement,
            numbers={
                "writes": stock.counted,
                "acknowledged": stock.acknowledged,
                "indeterminate": stock.indeterminate,
                "indeterminate_that_took_effect": stock.took_effect,
                "refused": stock.refused,
                "doubled": len(stock.doubled),
                "refused_and_there": len(stock.contradicted),
                "writes_needed": LEAST_REQUESTS,
            },
        )


def no_duplicates() -> NoDuplicates:
    """Expect that no mutation took effect twice, and no refused one at all; see ``NoDuplicates``."""
    return NoDuplicates()


def _answer(stock: Stock) -> tuple[Verdict, str]:
    wrong = []
    if stock.doubled:
        most = max(times for _, times in stock.doubled)
        wrong.append(
            f"{len(stock.doubled)} of {stock.counted} writes are in the database more than once (up to {most} times): "
            f"{named(o for o, _ in stock.doubled)}"
        )
    if stock.contradicted:
        wrong.append(f"{len(stock.contradicted)} of {stock.refused} refused writes are in the database all the same: {named(stock.contradicted)}")
    if wrong:
        return "violated", "; ".join(wrong)
    once = f"none of {stock.counted} writes took effect twice"
    if stock.indeterminate:
        once += f"; of {stock.indeterminate} of which nobody was told, {stock.took_effect} took effect"
    if stock.errors:
        return "inconclusive", "; ".join((*stock.errors, once))
    if stock.under_way:
        return "inconclusive", f"{once}, but {stock.under_way} sessions of the service were still at work when it was counted"
    if stock.counted < LEAST_REQUESTS:
        return "inconclusive", f"{once}, but {LEAST_REQUESTS} are needed to speak of writes"
    return "held", once
