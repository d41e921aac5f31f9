"""How long a fault acts before it shows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from fraiseql_chaos.core import Json
from fraiseql_chaos.history import History
from fraiseql_chaos.measures.model import Measurement
from fraiseql_chaos.verdicts.requests import in_ms
from fraiseql_chaos.verdicts.timing import detection
from fraiseql_chaos.verdicts.wording import span

__all__ = ["TimeToDetect"]


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeToDetect:
    """Measure the time from the fault to the first sign of it: a request that fails, or ``/ready`` that says no."""

    kind: ClassVar[str] = "time_to_detect"

    def __str__(self) -> str:
        return "time from the fault to the first sign of it"

    def take(self, history: History) -> Measurement:
        """Read it off the requests and the looks at ``/ready``; a fault that was never noticed is a finding as well, and has the time that it lasted."""
        noticed = detection(history)
        if noticed is None:
            return Measurement(measure=self, numbers={}, statement="no fault was armed")
        signs = {"by_requests_ms": noticed.by_requests_ns, "by_readiness_ms": noticed.by_readiness_ns}
        numbers: dict[str, Json] = {name: None if at is None else in_ms(at - noticed.bite_ns) for name, at in signs.items()}
        if noticed.at_ns is None:
            return Measurement(
                measure=self,
                numbers={"noticed": False, **numbers},
                statement=f"none of {noticed.asked} requests and {noticed.looks} looks at /ready showed the fault while it lasted",
            )
        after_ns = noticed.at_ns - noticed.bite_ns
        return Measurement(
            measure=self, numbers={"noticed": True, "detect_ms": in_ms(after_ns), **numbers}, statement=f"the first sign came after {span(after_ns)}"
        )
