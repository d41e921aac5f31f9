"""How often each write was carried out, as the database says afterwards."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from fraiseql_chaos.history import History
from fraiseql_chaos.measures.model import Measurement
from fraiseql_chaos.verdicts.integrity import take_stock

__all__ = ["ExecutedOnce"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutedOnce:
    """Measure how many writes were carried out once, more than once, or not at all, against what their clients were told."""

    kind: ClassVar[str] = "executed_once"

    def __str__(self) -> str:
        return "how often each write was carried out"

    def take(self, history: History) -> Measurement:
        """Compare what the database holds with what clients were told."""
        stock = take_stock(history)
        if stock is None or not stock.counted:
            return Measurement(measure=self, numbers={}, statement="no write was counted in the database")
        return Measurement(
            measure=self,
            numbers={
                "writes": stock.counted,
                "acknowledged": stock.acknowledged,
                "indeterminate": stock.indeterminate,
                "took_effect_unacknowledged": stock.took_effect,
                "lost": len(stock.lost),
                "doubled": len(stock.doubled),
                "contradicted": len(stock.contradicted),
            },
            statement=f"of {stock.counted} writes {stock.acknowledged} were acknowledged; {len(stock.lost)} of these are missing, and {len(stock.doubled)} of all are there twice",
        )
