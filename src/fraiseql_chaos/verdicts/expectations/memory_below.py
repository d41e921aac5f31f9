"""
The service's memory stays below a bound.

What counts is what is resident, by the kernel's own account, of the service's process and its children together. Two numbers are looked at a few
times a second: what it is now, and the highest it has ever been (``VmHWM``), so that a peak between two looks does not go unseen. Of the time before
the first look, when the service started, only that is known which it still is; a peak from then does not count.

Pages that several processes share are counted once for each. So for a service of one process the number is exact, and for one of several it is an
upper bound, which can keep the promise and says so where it breaks it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Final

from fraiseql_chaos.errors import DeclarationError
from fraiseql_chaos.history import History, Sample
from fraiseql_chaos.verdicts.model import Finding, Verdict

__all__ = ["BYTES_PER_MB", "MemoryBelow", "memory_below", "peak_bytes"]

MEMORY_PROBE: Final = "service_memory"
BYTES_PER_MB: Final = 1_000_000

LOOKS_LEAST: Final = 4
"""Fewer looks than these, a second of them, have not seen how the service uses memory."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MemoryBelow:
    """
    Expect the service's resident memory to stay below a bound.

    Args:
        mb: The bound in megabytes of 1,000,000 bytes; above 0.

    Raises:
        DeclarationError: If the bound is no number above 0.
    """

    kind: ClassVar[str] = "memory_below"

    mb: float

    def __post_init__(self) -> None:
        if isinstance(self.mb, bool) or not isinstance(self.mb, int | float) or not 0 < self.mb < float("inf"):
            raise DeclarationError(f"memory_below: mb={self.mb!r} is not a number of megabytes above 0; nothing was judged")

    def __str__(self) -> str:
        return f"the service's memory stays below {self.mb:g} MB"

    def judge(self, history: History) -> Finding:
        """Compare the highest that was seen with the bound."""
        looks = [sample for sample in history.samples(MEMORY_PROBE) if sample.ok]
        if not looks:
            statement = "nobody looked at the service's memory"
            return Finding(expectation=self, verdict="inconclusive", statement=statement, numbers={"looks": 0})
        peak, processes = peak_bytes(looks), max(_number(look, "processes") for look in looks)
        verdict: Verdict = "violated" if peak >= self.mb * BYTES_PER_MB else "held"
        statement = f"the service took at most {peak / BYTES_PER_MB:.0f} MB, over {len(looks)} looks"
        if verdict == "held" and len(looks) < LOOKS_LEAST:
            verdict, statement = "inconclusive", f"{statement}; {LOOKS_LEAST} are needed"
        elif verdict == "violated" and processes > 1:
            verdict = "inconclusive"
            statement += f", but in {processes} processes, and what they share is counted more than once"
        return Finding(
            expectation=self,
            verdict=verdict,
            statement=statement,
            numbers={
                "peak_mb": round(peak / BYTES_PER_MB, 1),
                "first_mb": round(_number(looks[0], "rss_bytes") / BYTES_PER_MB, 1),
                "last_mb": round(_number(looks[-1], "rss_bytes") / BYTES_PER_MB, 1),
                "processes": processes,
                "looks": len(looks),
                "looks_needed": LOOKS_LEAST,
            },
        )


def memory_below(*, mb: float) -> MemoryBelow:
    """Expect the service's resident memory to stay below a bound; see ``MemoryBelow``."""
    return MemoryBelow(mb=mb)


def peak_bytes(looks: Sequence[Sample]) -> int:
    """
    Return the most memory that was in use from the first of these looks to the last, in bytes.

    Args:
        looks: Looks of the memory probe in time order, at least one.
    """
    seen = max(_number(look, "rss_bytes") for look in looks)
    highest = _number(looks[-1], "peak_bytes")
    return max(seen, highest) if highest > _number(looks[0], "peak_bytes") else seen


def _number(look: Sample, name: str) -> int:
    value = look.value.get(name)
    return value if isinstance(value, int) else 0
