"""
Real faults against a real FraiseQL service on a real PostgreSQL, judged from evidence.

What a chaos test needs is here, flat. Names are looked up when they are first used, because pytest imports this package in every project
that has it installed, and the keeper's process must start fast.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from fraiseql_chaos import measures
    from fraiseql_chaos.baselines import Baseline, read_baseline
    from fraiseql_chaos.core import Duration, Rate, ms, per_second, seconds, us
    from fraiseql_chaos.experiment import Chaos, Load, Recording, Service
    from fraiseql_chaos.history import History, read_history
    from fraiseql_chaos.layers.packet.faults import (
        BitFlip,
        BurstLoss,
        Duplicate,
        Flapping,
        Loss,
        PacketDelay,
        PacketRate,
        Partition,
        Reorder,
    )
    from fraiseql_chaos.layers.packet.match import Match
    from fraiseql_chaos.layers.server.faults import Freeze, Stop
    from fraiseql_chaos.layers.service.faults import PoolExhaustion
    from fraiseql_chaos.layers.stream.faults import (
        Bandwidth,
        Blackhole,
        Corrupt,
        HalfOpen,
        Hang,
        Latency,
        Limit,
        Refuse,
        Reset,
        Slicer,
        SlowAccept,
        SlowClose,
        Timeout,
    )
    from fraiseql_chaos.layers.stream.scope import Scope
    from fraiseql_chaos.layers.wire.faults import (
        AnswerError,
        CorruptMessage,
        CutAt,
        DelayMessage,
        DropMessage,
        ResetAt,
        StallAt,
        TruncateResult,
        ambiguous_commit,
    )
    from fraiseql_chaos.layers.wire.trigger import Trigger
    from fraiseql_chaos.verdicts import (
        all_of,
        any_of,
        availability,
        checksums_refused,
        correct_results,
        detects_within,
        error_is_clear,
        fault_observed,
        grows_with_delay,
        isolated,
        kernels_mended,
        latency,
        latency_within,
        memory_below,
        next_try_succeeds,
        no_crash,
        no_data_loss,
        no_deadlock,
        no_duplicates,
        no_hang,
        oldest_first,
        queue_depth_reported,
        queued_not_rejected,
        recovers,
        recovers_within,
        slowdown,
        spread_as_declared,
        throughput_at_least,
    )

__all__ = [
    "AnswerError",
    "Bandwidth",
    "Baseline",
    "BitFlip",
    "Blackhole",
    "BurstLoss",
    "Chaos",
    "Corrupt",
    "CorruptMessage",
    "CutAt",
    "DelayMessage",
    "DropMessage",
    "Duplicate",
    "Duration",
    "Flapping",
    "Freeze",
    "HalfOpen",
    "Hang",
    "History",
    "Latency",
    "Limit",
    "Load",
    "Loss",
    "Match",
    "PacketDelay",
    "PacketRate",
    "Partition",
    "PoolExhaustion",
    "Rate",
    "Recording",
    "Refuse",
    "Reorder",
    "Reset",
    "ResetAt",
    "Scope",
    "Service",
    "Slicer",
    "SlowAccept",
    "SlowClose",
    "StallAt",
    "Stop",
    "Timeout",
    "Trigger",
    "TruncateResult",
    "all_of",
    "ambiguous_commit",
    "any_of",
    "availability",
    "checksums_refused",
    "correct_results",
    "detects_within",
    "error_is_clear",
    "fault_observed",
    "grows_with_delay",
    "isolated",
    "kernels_mended",
    "latency",
    "latency_within",
    "measures",
    "memory_below",
    "ms",
    "next_try_succeeds",
    "no_crash",
    "no_data_loss",
    "no_deadlock",
    "no_duplicates",
    "no_hang",
    "oldest_first",
    "per_second",
    "queue_depth_reported",
    "queued_not_rejected",
    "read_baseline",
    "read_history",
    "recovers",
    "recovers_within",
    "seconds",
    "slowdown",
    "spread_as_declared",
    "throughput_at_least",
    "us",
]

_HOMES: Final = {
    "baselines": ("Baseline", "read_baseline"),
    "core": ("Duration", "Rate", "ms", "per_second", "seconds", "us"),
    "experiment": ("Chaos", "Load", "Recording", "Service"),
    "history": ("History", "read_history"),
    "layers.packet.faults": (
        "BitFlip",
        "BurstLoss",
        "Duplicate",
        "Flapping",
        "Loss",
        "PacketDelay",
        "PacketRate",
        "Partition",
        "Reorder",
    ),
    "layers.packet.match": ("Match",),
    "layers.server.faults": ("Freeze", "Stop"),
    "layers.service.faults": ("PoolExhaustion",),
    "layers.stream.faults": (
        "Bandwidth",
        "Blackhole",
        "Corrupt",
        "HalfOpen",
        "Hang",
        "Latency",
        "Limit",
        "Refuse",
        "Reset",
        "Slicer",
        "SlowAccept",
        "SlowClose",
        "Timeout",
    ),
    "layers.stream.scope": ("Scope",),
    "layers.wire.faults": (
        "AnswerError",
        "CorruptMessage",
        "CutAt",
        "DelayMessage",
        "DropMessage",
        "ResetAt",
        "StallAt",
        "TruncateResult",
        "ambiguous_commit",
    ),
    "layers.wire.trigger": ("Trigger",),
    "verdicts": (
        "all_of",
        "any_of",
        "availability",
        "checksums_refused",
        "correct_results",
        "detects_within",
        "error_is_clear",
        "fault_observed",
        "grows_with_delay",
        "isolated",
        "kernels_mended",
        "latency",
        "latency_within",
        "memory_below",
        "next_try_succeeds",
        "no_crash",
        "no_data_loss",
        "no_deadlock",
        "no_duplicates",
        "no_hang",
        "oldest_first",
        "queue_depth_reported",
        "queued_not_rejected",
        "recovers",
        "recovers_within",
        "slowdown",
        "spread_as_declared",
        "throughput_at_least",
    ),
}
_HOME_OF: Final = {name: home for home, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> object:
    if name == "measures":
        return import_module(f"{__name__}.measures")
    if name not in _HOME_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOME_OF[name]}"), name)


def __dir__() -> list[str]:
    return __all__
