"""How late requests are on their way to the server, and answers on their way back: each by itself, by the server's own clock."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from fraiseql_chaos.core import Json
from fraiseql_chaos.history import History, Sample
from fraiseql_chaos.measures.model import Measurement
from fraiseql_chaos.stats import value_at
from fraiseql_chaos.verdicts.requests import fault_windows

__all__ = ["OneWay"]

_PROBE = "edge_round_trip"


@dataclass(frozen=True, slots=True, kw_only=True)
class OneWay:
    """
    Measure the two halves of the round trips that a witness makes through the edge: until the server was at work on a question, and from then on.

    The witness asks the server for its clock. Only by how much each half grew is sure where that is another machine's.
    """

    kind: ClassVar[str] = "one_way"

    def __str__(self) -> str:
        return "time of a request on its way, and of its answer on the way back"

    def take(self, history: History) -> Measurement:
        """Take the median of each half before the fault and under it, of the looks that lie in one or the other whole."""
        windows = fault_windows(history)
        looks = [s for s in history.samples(_PROBE) if s.ok and "up_ms" in s.value]
        first_ns = min((w.begin_ns for w in windows), default=0)
        before = [s for s in looks if s.at_ns < first_ns]
        during = [s for s in looks if any(w.begin_ns <= s.began_ns and s.at_ns < w.end_ns for w in windows)]
        if not before or not during:
            statement = f"{len(before)} looks before the fault and {len(during)} during it are too few to compare"
            return Measurement(measure=self, numbers={}, statement=statement)
        halves = {way: (_median(before, f"{way}_ms"), _median(during, f"{way}_ms")) for way in ("up", "down")}
        numbers: dict[str, Json] = {"before_looks": len(before), "during_looks": len(during)}
        for way, (healthy, faulted) in halves.items():
            numbers |= {f"{way}_before_ms": healthy, f"{way}_during_ms": faulted, f"{way}_added_ms": round(faulted - healthy, 3)}
        added = {way: faulted - healthy for way, (healthy, faulted) in halves.items()}
        return Measurement(
            measure=self,
            numbers=numbers,
            statement=f"the fault added {added['up']:.3g} ms to the way of a request to the server, and {added['down']:.3g} ms to that of its answer",
        )


def _median(looks: list[Sample], key: str) -> float:
    return value_at([value for look in looks if isinstance(value := look.value[key], int | float)], 50)
