"""Everything that can be expected of a service. To add one: one file, one class, one line here."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any, Final

from fraiseql_chaos.errors import HistoryError
from fraiseql_chaos.verdicts.expectations.all_of import AllOf
from fraiseql_chaos.verdicts.expectations.any_of import AnyOf
from fraiseql_chaos.verdicts.expectations.availability import Availability
from fraiseql_chaos.verdicts.expectations.checksums_refused import ChecksumsRefused
from fraiseql_chaos.verdicts.expectations.correct_results import CorrectResults
from fraiseql_chaos.verdicts.expectations.detects_within import DetectsWithin
from fraiseql_chaos.verdicts.expectations.error_is_clear import ErrorIsClear
from fraiseql_chaos.verdicts.expectations.fault_observed import FaultObserved
from fraiseql_chaos.verdicts.expectations.grows_with_delay import GrowsWithDelay
from fraiseql_chaos.verdicts.expectations.instrument import Instrument
from fraiseql_chaos.verdicts.expectations.isolated import Isolated
from fraiseql_chaos.verdicts.expectations.kernels_mended import KernelsMended
from fraiseql_chaos.verdicts.expectations.latency import Latency
from fraiseql_chaos.verdicts.expectations.latency_within import LatencyWithin
from fraiseql_chaos.verdicts.expectations.memory_below import MemoryBelow
from fraiseql_chaos.verdicts.expectations.next_try_succeeds import NextTrySucceeds
from fraiseql_chaos.verdicts.expectations.no_crash import NoCrash
from fraiseql_chaos.verdicts.expectations.no_data_loss import NoDataLoss
from fraiseql_chaos.verdicts.expectations.no_deadlock import NoDeadlock
from fraiseql_chaos.verdicts.expectations.no_duplicates import NoDuplicates
from fraiseql_chaos.verdicts.expectations.no_hang import NoHang
from fraiseql_chaos.verdicts.expectations.oldest_first import OldestFirst
from fraiseql_chaos.verdicts.expectations.queue_depth_reported import QueueDepthReported
from fraiseql_chaos.verdicts.expectations.queued_not_rejected import QueuedNotRejected
from fraiseql_chaos.verdicts.expectations.recovers_within import RecoversWithin
from fraiseql_chaos.verdicts.expectations.slowdown import Slowdown
from fraiseql_chaos.verdicts.expectations.spread_as_declared import SpreadAsDeclared
from fraiseql_chaos.verdicts.expectations.steady_state import SteadyState
from fraiseql_chaos.verdicts.expectations.throughput_at_least import ThroughputAtLeast
from fraiseql_chaos.verdicts.jsonform import from_json
from fraiseql_chaos.verdicts.model import Expectation

__all__ = ["EXPECTATIONS", "current_kind", "expectation_from_json"]

EXPECTATIONS: Final[tuple[type[Expectation], ...]] = (
    AllOf,
    AnyOf,
    Availability,
    ChecksumsRefused,
    CorrectResults,
    DetectsWithin,
    ErrorIsClear,
    FaultObserved,
    GrowsWithDelay,
    Instrument,
    Isolated,
    KernelsMended,
    Latency,
    LatencyWithin,
    MemoryBelow,
    NextTrySucceeds,
    NoCrash,
    NoDataLoss,
    NoDeadlock,
    NoDuplicates,
    NoHang,
    OldestFirst,
    QueueDepthReported,
    QueuedNotRejected,
    RecoversWithin,
    Slowdown,
    SpreadAsDeclared,
    SteadyState,
    ThroughputAtLeast,
)

RENAMED: Final = MappingProxyType({"fails_within": "no_hang"})
"""What kinds were called by earlier releases, and are called now: what is stored is still read."""


def current_kind(kind: str) -> str:
    """Return what a kind of expectation is called now."""
    return RENAMED.get(kind, kind)


def expectation_from_json(raw: Any, where: str) -> Expectation:
    """
    Read a stored expectation back, chosen by its ``kind``; what it is made of is read likewise.

    Raises:
        HistoryError: If it is of no kind that this release knows, or not exactly as it is written.
    """
    kinds = {cls.kind: cls for cls in EXPECTATIONS}
    kind = raw.get("kind") if isinstance(raw, dict) else None
    kind = current_kind(kind) if isinstance(kind, str) else kind
    if not isinstance(kind, str) or kind not in kinds:
        raise HistoryError(f"{where}: {kind!r} is no kind of expectation; this release knows {', '.join(sorted(kinds))}")
    return from_json(kinds[kind], raw, where, {Expectation: expectation_from_json})
