"""How long a witness had to wait for what it looked at, such as a connection or a round trip: before the fault and during it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from fraiseql_chaos.core import Json
from fraiseql_chaos.errors import DeclarationError
from fraiseql_chaos.history import History, Sample
from fraiseql_chaos.measures.model import Measurement
from fraiseql_chaos.stats import value_at
from fraiseql_chaos.verdicts.requests import Window, fault_windows, in_ms
from fraiseql_chaos.verdicts.wording import span

__all__ = ["LookTime"]


@dataclass(frozen=True, slots=True, kw_only=True)
class LookTime:
    """
    Measure how long the looks of one witness took.

    Args:
        probe: The witness, as in ``edge_greeting``.

    Raises:
        DeclarationError: If no witness is named.
    """

    kind: ClassVar[str] = "look_time"

    probe: str

    def __post_init__(self) -> None:
        if not self.probe:
            raise DeclarationError('look_time: name the witness whose looks are timed, as look_time("edge_login"); nothing was measured')

    def __str__(self) -> str:
        return f"time of the looks of {self.probe.replace('_', ' ')}"

    def take(self, history: History) -> Measurement:
        """Take median, 95th percentile and maximum of the looks that were answered, and count those that were not."""
        looks, windows = history.samples(self.probe), fault_windows(history)
        if not looks:
            return Measurement(measure=self, numbers={}, statement=f"{self.probe} did not look in this run")
        numbers: dict[str, Json] = {}
        told = []
        for phase, chosen in (("outside", [s for s in looks if not _touched(s, windows)]), ("during", [s for s in looks if _touched(s, windows)])):
            took_ns = [s.at_ns - s.began_ns for s in chosen if s.ok]
            numbers |= {f"{phase}_looks": len(chosen), f"{phase}_unanswered": len(chosen) - len(took_ns)}
            if took_ns:
                numbers |= {
                    f"{phase}_p50_ms": in_ms(value_at(took_ns, 50)),
                    f"{phase}_p95_ms": in_ms(value_at(took_ns, 95)),
                    f"{phase}_max_ms": in_ms(max(took_ns)),
                }
            told.append(f"{span(value_at(took_ns, 50))} {phase} the fault" if took_ns else f"none of {len(chosen)} was answered {phase} the fault")
        return Measurement(measure=self, numbers=numbers, statement=f"{self}: {', '.join(told)}")


def _touched(look: Sample, windows: tuple[Window, ...]) -> bool:
    return any(look.began_ns < window.end_ns and look.at_ns >= window.begin_ns for window in windows)
