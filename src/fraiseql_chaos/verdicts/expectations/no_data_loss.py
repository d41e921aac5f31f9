"""
What was acknowledged is there.

A client that was told "done" has gone home. So every mutation that was answered rightly, before, during or after a fault, must be found in the
database once all faults are healed. One that is missing violates, whatever else was wrong with the run: the answer was given, and the row is not there.

What nobody was told about may be there or not; what is there twice is another expectation's question (``no_duplicates``).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Final

from fraiseql_chaos.history import History
from fraiseql_chaos.verdicts.integrity import Stock, named, take_stock
from fraiseql_chaos.verdicts.model import Finding, Verdict
from fraiseql_chaos.verdicts.shares import LEAST_REQUESTS

__all__ = ["NOT_ASKED", "NoDataLoss", "no_data_loss"]

NOT_ASKED: Final = "the database was not asked what it holds: no operation of the load says how its requests are found (found_by in the workload)"


@dataclass(frozen=True, slots=True, kw_only=True)
class NoDataLoss:
    """Expect that every acknowledged mutation is found in the database afterwards."""

    kind: ClassVar[str] = "no_data_loss"

    def __str__(self) -> str:
        return "every acknowledged write is in the database afterwards"

    def judge(self, history: History) -> Finding:
        """Look for each acknowledged request in the inventory."""
        stock = take_stock(history)
        if stock is None:
            return Finding(expectation=self, verdict="inconclusive", statement=NOT_ASKED, numbers={})
        verdict, statement = _answer(stock)
        return Finding(
            expectation=self,
            verdict=verdict,
            statement=statement,
            numbers={
                "acknowledged": stock.acknowledged,
                "lost": len(stock.lost),
                "lost_ratio": round(len(stock.lost) / stock.acknowledged, 6) if stock.acknowledged else None,
                "acknowledged_needed": LEAST_REQUESTS,
            },
        )


def no_data_loss() -> NoDataLoss:
    """Expect that every acknowledged mutation is found in the database afterwards; see ``NoDataLoss``."""
    return NoDataLoss()


def _answer(stock: Stock) -> tuple[Verdict, str]:
    if stock.lost:
        return "violated", f"{len(stock.lost)} of {stock.acknowledged} acknowledged writes are not in the database: {named(stock.lost)}"
    there = f"all {stock.acknowledged} acknowledged writes are in the database"
    if stock.errors:
        return "inconclusive", "; ".join((*stock.errors, there))
    if stock.acknowledged < LEAST_REQUESTS:
        return "inconclusive", f"{there}, but {LEAST_REQUESTS} are needed to speak of writes"
    return "held", there
