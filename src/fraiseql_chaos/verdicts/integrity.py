"""
What the database holds, against what clients were told: each request of the load that writes, and how often its mark was found afterwards.

    told            must be found       otherwise
    acknowledged    exactly once        0: lost            more: carried out twice
    indeterminate   at most once                           more: carried out twice
    refused         never                                  once is once too often: who was refused tries again

A mutation counts as refused only where it is certain that it was never carried out (see ``workload.causes``); everything else that is not the right
answer is indeterminate, and either fate of it is right. Only operations of which the workload says how to find their requests are looked at.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from fraiseql_chaos.core import Json
from fraiseql_chaos.history import History, Inventory, Operation

__all__ = ["NAMED_AT_MOST", "Stock", "named", "take_stock"]

NAMED_AT_MOST = 3
"""How many requests a statement names; the history has all of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stock:
    """
    The account of all requests that can be found again.

    Attributes:
        acknowledged: How many were answered rightly.
        indeterminate: How many of which nobody was told.
        refused: How many were certainly not carried out, as their clients know.
        took_effect: How many of the indeterminate ones are there.
        lost: Acknowledged, and not there.
        doubled: There more than once, however they were answered; each with how often.
        contradicted: Refused, and there.
        errors: Why operations could not be counted.
        under_way: How many sessions of the service were still at work while it was counted.
    """

    acknowledged: int
    indeterminate: int
    refused: int
    took_effect: int
    lost: tuple[Operation, ...]
    doubled: tuple[tuple[Operation, int], ...]
    contradicted: tuple[Operation, ...]
    errors: tuple[str, ...]
    under_way: int

    @property
    def counted(self) -> int:
        """How many requests were looked for."""
        return self.acknowledged + self.indeterminate + self.refused


def take_stock(history: History) -> Stock | None:
    """Return the account; None if the database was never asked, because no operation says how."""
    inventories = {inventory.operation: inventory for inventory in history.of(Inventory)}
    if not inventories:
        return None
    counted = [(o, _times(inventories[o.name], o)) for o in history.operations if o.name in inventories and not inventories[o.name].error]
    return Stock(
        acknowledged=sum(o.outcome == "ok" for o, _ in counted),
        indeterminate=sum(o.outcome == "indeterminate" for o, _ in counted),
        refused=sum(o.outcome == "fail" for o, _ in counted),
        took_effect=sum(o.outcome == "indeterminate" and times > 0 for o, times in counted),
        lost=tuple(o for o, times in counted if o.outcome == "ok" and times == 0),
        doubled=tuple((o, times) for o, times in counted if times > 1),
        contradicted=tuple(o for o, times in counted if o.outcome == "fail" and times == 1),
        errors=tuple(f"{inventory.operation} could not be counted: {inventory.error}" for inventory in inventories.values() if inventory.error),
        under_way=max(inventory.under_way for inventory in inventories.values()),
    )


def named(operations: Iterable[Operation]) -> str:
    """Return the first few requests as people look for them."""
    shown = tuple(operations)
    first = ", ".join(f"request {o.ordinal} ({o.name}) planned at {o.planned_ns / 1e9:.3f} s" for o in shown[:NAMED_AT_MOST])
    return f"{first}, ..." if len(shown) > NAMED_AT_MOST else first


def _times(inventory: Inventory, operation: Operation) -> int:
    times: Json = inventory.found.get(str(operation.ordinal), 0)
    return times if isinstance(times, int) else 0
