"""How a test stands: its verdict, or ``weakness`` where a known one explains that it is violated."""

from __future__ import annotations

from typing import Final, Literal

__all__ = ["STANDINGS", "Standing"]

type Standing = Literal["violated", "inconclusive", "weakness", "held"]

STANDINGS: Final[tuple[Standing, ...]] = ("violated", "inconclusive", "weakness", "held")
"""From what a reader must see first to what may come last."""
