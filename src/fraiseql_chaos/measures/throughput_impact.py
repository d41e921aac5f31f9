"""How many right answers a second come out under a fault, against before it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from fraiseql_chaos.history import History
from fraiseql_chaos.measures.model import Measurement
from fraiseql_chaos.verdicts.throughput import throughput
from fraiseql_chaos.verdicts.wording import percent

__all__ = ["ThroughputImpact"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ThroughputImpact:
    """Measure right answers a second before and during the fault, by the instant that they were complete."""

    kind: ClassVar[str] = "throughput_impact"

    def __str__(self) -> str:
        return "right answers a second during the fault, against before it"

    def take(self, history: History) -> Measurement:
        """Count; see ``verdicts/throughput.py`` for what counts when."""
        seen = throughput(history)
        if seen is None:
            return Measurement(measure=self, numbers={}, statement="no fault was armed while requests were sent")
        share = "" if seen.ratio is None else f": {percent(round(seen.ratio, 6))}"
        return Measurement(
            measure=self,
            numbers={
                "before_per_s": round(seen.before.per_s, 3),
                "during_per_s": round(seen.during.per_s, 3),
                "ratio": None if seen.ratio is None else round(seen.ratio, 6),
            },
            statement=f"{seen.before.per_s:.3g} right answers a second before the fault, {seen.during.per_s:.3g} during it{share}",
        )
