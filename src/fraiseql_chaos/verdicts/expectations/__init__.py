"""Everything that can be expected of a service. To add one: one file, one class, one line here."""

from __future__ import annotations

from typing import Any, Final

from fraiseql_chaos.errors import HistoryError
from fraiseql_chaos.verdicts.expectations.availability import Availability
from fraiseql_chaos.verdicts.expectations.correct_results import CorrectResults
from fraiseql_chaos.verdicts.expectations.detects_within import DetectsWithin
from fraiseql_chaos.verdicts.expectations.error_is_clear import ErrorIsClear
from fraiseql_chaos.verdicts.expectations.fails_within import FailsWithin
from fraiseql_chaos.verdicts.expectations.fault_observed import FaultObserved
from fraiseql_chaos.verdicts.expectations.instrument import Instrument
from fraiseql_chaos.verdicts.expectations.latency import Latency
from fraiseql_chaos.verdicts.expectations.no_crash import NoCrash
from fraiseql_chaos.verdicts.expectations.recovers_within import RecoversWithin
from fraiseql_chaos.verdicts.expectations.slowdown import Slowdown
from fraiseql_chaos.verdicts.expectations.steady_state import SteadyState
from fraiseql_chaos.verdicts.jsonform import from_json
from fraiseql_chaos.verdicts.model import Expectation

__all__ = ["EXPECTATIONS", "expectation_from_json"]

EXPECTATIONS: Final[tuple[type[Expectation], ...]] = (
    Availability,
    CorrectResults,
    DetectsWithin,
    ErrorIsClear,
    FailsWithin,
    FaultObserved,
    Instrument,
    Latency,
    NoCrash,
    RecoversWithin,
    Slowdown,
    SteadyState,
)


def expectation_from_json(raw: Any, where: str) -> Expectation:
    """
    Read a stored expectation back, chosen by its ``kind``.

    Raises:
        HistoryError: If it is of no kind that this release knows, or not exactly as it is written.
    """
    kinds = {cls.kind: cls for cls in EXPECTATIONS}
    kind = raw.get("kind") if isinstance(raw, dict) else None
    if not isinstance(kind, str) or kind not in kinds:
        raise HistoryError(f"{where}: {kind!r} is no kind of expectation; this release knows {', '.join(sorted(kinds))}")
    return from_json(kinds[kind], raw, where)
