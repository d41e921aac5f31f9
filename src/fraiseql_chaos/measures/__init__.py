"""
How much, where expectations say whether: what the plan calls metrics. To add one: one file, one class, two lines here.

    recording.measure("1.1.1.m1", measures.time_to_detect())

Pure, like the verdicts: the same record always gives the same numbers.
"""

from __future__ import annotations

from typing import Any, Final

from fraiseql_chaos.errors import HistoryError
from fraiseql_chaos.measures.error_rate import ErrorRate
from fraiseql_chaos.measures.executed_once import ExecutedOnce
from fraiseql_chaos.measures.hit_rate import HitRate
from fraiseql_chaos.measures.kernel_counts import KernelCounts
from fraiseql_chaos.measures.kernels_noticed import KernelsNoticed, Noticeable
from fraiseql_chaos.measures.latency_impact import LatencyImpact
from fraiseql_chaos.measures.latency_percentiles import LatencyPercentiles
from fraiseql_chaos.measures.look_time import LookTime
from fraiseql_chaos.measures.model import Measure, Measurement
from fraiseql_chaos.measures.next_try import NextTry
from fraiseql_chaos.measures.one_way import OneWay
from fraiseql_chaos.measures.packet_fates import PacketFates
from fraiseql_chaos.measures.pool_wait import PoolWait
from fraiseql_chaos.measures.queue_depth import QueueDepth
from fraiseql_chaos.measures.recovery_time import RecoveryTime
from fraiseql_chaos.measures.throughput_impact import ThroughputImpact
from fraiseql_chaos.measures.time_to_detect import TimeToDetect
from fraiseql_chaos.measures.timeout_rate import TimeoutRate
from fraiseql_chaos.verdicts import During, from_json

__all__ = [
    "MEASURES",
    "Measure",
    "Measurement",
    "error_rate",
    "executed_once",
    "hit_rate",
    "kernel_counts",
    "kernels_noticed",
    "latency_impact",
    "latency_percentiles",
    "look_time",
    "measure_from_json",
    "next_try",
    "one_way",
    "packet_fates",
    "pool_wait",
    "queue_depth",
    "recovery_time",
    "throughput_impact",
    "time_to_detect",
    "timeout_rate",
]

MEASURES: Final[tuple[type[Measure], ...]] = (
    ErrorRate,
    ExecutedOnce,
    HitRate,
    KernelCounts,
    KernelsNoticed,
    LatencyImpact,
    LatencyPercentiles,
    LookTime,
    NextTry,
    OneWay,
    PacketFates,
    PoolWait,
    QueueDepth,
    RecoveryTime,
    ThroughputImpact,
    TimeToDetect,
    TimeoutRate,
)


def measure_from_json(raw: Any, where: str) -> Measure:
    """
    Read a stored measure back, chosen by its ``kind``.

    Raises:
        HistoryError: If it is of no kind that this release knows, or not exactly as it is written.
    """
    kinds = {cls.kind: cls for cls in MEASURES}
    kind = raw.get("kind") if isinstance(raw, dict) else None
    if not isinstance(kind, str) or kind not in kinds:
        raise HistoryError(f"{where}: {kind!r} is no kind of measure; this release knows {', '.join(sorted(kinds))}")
    return from_json(kinds[kind], raw, where)


def error_rate(*, during: During = "fault") -> ErrorRate:
    """Measure the share of requests that were not answered rightly; see ``ErrorRate``."""
    return ErrorRate(during=during)


def executed_once() -> ExecutedOnce:
    """Measure how often each write was carried out; see ``ExecutedOnce``."""
    return ExecutedOnce()


def hit_rate() -> HitRate:
    """Measure how often a request is answered without asking the database; see ``HitRate``."""
    return HitRate()


def kernel_counts(*counters: str) -> KernelCounts:
    """Measure by how much counters of both kernels grew; see ``KernelCounts``."""
    return KernelCounts(counters=counters)


def kernels_noticed(of: Noticeable) -> KernelsNoticed:
    """Measure the share of copies, or of wrong checksums, that the receiving kernels noticed; see ``KernelsNoticed``."""
    return KernelsNoticed(of=of)


def latency_impact() -> LatencyImpact:
    """Measure latency during the fault against before it; see ``LatencyImpact``."""
    return LatencyImpact()


def latency_percentiles(*, during: During = "fault") -> LatencyPercentiles:
    """Measure the distribution of latency; see ``LatencyPercentiles``."""
    return LatencyPercentiles(during=during)


def look_time(probe: str) -> LookTime:
    """Measure how long the looks of a witness took; see ``LookTime``."""
    return LookTime(probe=probe)


def next_try() -> NextTry:
    """Measure how often the next request succeeds after one that failed; see ``NextTry``."""
    return NextTry()


def one_way() -> OneWay:
    """Measure how late requests and answers are on their way, each by itself; see ``OneWay``."""
    return OneWay()


def packet_fates() -> PacketFates:
    """Measure what became of the packets that faults were about; see ``PacketFates``."""
    return PacketFates()


def pool_wait() -> PoolWait:
    """Measure how long clients waited for a connection of the pool; see ``PoolWait``."""
    return PoolWait()


def queue_depth() -> QueueDepth:
    """Measure how many clients waited for a connection of the pool; see ``QueueDepth``."""
    return QueueDepth()


def recovery_time() -> RecoveryTime:
    """Measure how long it takes until all is well again; see ``RecoveryTime``."""
    return RecoveryTime()


def throughput_impact() -> ThroughputImpact:
    """Measure right answers a second during the fault against before it; see ``ThroughputImpact``."""
    return ThroughputImpact()


def time_to_detect() -> TimeToDetect:
    """Measure how long a fault acts before it shows; see ``TimeToDetect``."""
    return TimeToDetect()


def timeout_rate(*, during: During = "fault") -> TimeoutRate:
    """Measure the share of requests that ended in a timeout; see ``TimeoutRate``."""
    return TimeoutRate(during=during)
