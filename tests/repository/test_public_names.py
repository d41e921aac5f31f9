"""What may be imported from where. A name added or taken away is a decision, so it is written down here a second time."""

from __future__ import annotations

import importlib
import inspect

import pytest

PINNED = {
    "fraiseql_chaos": """
        AnswerError Bandwidth Baseline BitFlip Blackhole BurstLoss Chaos Corrupt CorruptMessage CutAt DelayMessage DropMessage Duplicate
        Duration Flapping Freeze HalfOpen Hang History Latency Limit Load Loss Match PacketDelay PacketRate Partition PoolExhaustion Rate
        Recording Refuse Reorder Reset ResetAt Scope Service Slicer SlowAccept SlowClose StallAt Stop Timeout Trigger TruncateResult all_of
        ambiguous_commit any_of availability checksums_refused correct_results detects_within error_is_clear fault_observed grows_with_delay
        isolated kernels_mended latency latency_within memory_below ms next_try_succeeds no_crash no_data_loss no_deadlock no_duplicates
        no_hang oldest_first per_second queue_depth_reported queued_not_rejected read_baseline read_history recovers recovers_within seconds
        slowdown spread_as_declared throughput_at_least us
    """,
    "fraiseql_chaos.errors": """
        CapabilityError ChaosError DeclarationError HistoryError InjectionError InternalError LocalProtocolError PeerProtocolError
        ProtocolError RigError ServiceError
    """,
    "fraiseql_chaos.measures": """
        MEASURES Measure Measurement error_rate executed_once hit_rate kernel_counts kernels_noticed latency_impact latency_percentiles
        look_time measure_from_json next_try one_way packet_fates pool_wait queue_depth recovery_time throughput_impact time_to_detect timeout_rate
    """,
    "fraiseql_chaos.testing": """
        HEALTHY OneWay Timed arm armed_with check_stream_fault
    """,
    "fraiseql_chaos.verdicts": """
        EXPECTATIONS AllOf AnyOf Availability ChaosMetrics ChecksumsRefused CorrectResults DetectsWithin During ErrorIsClear Expectation
        FaultObserved Finding GrowsWithDelay Instrument Isolated Judgement KernelsMended Kpi Latency LatencyWithin MemoryBelow NextTrySucceeds NoCrash
        NoDataLoss NoDeadlock NoDuplicates NoHang OldestFirst PhaseMetrics QueueDepthReported QueuedNotRejected RecoversWithin RunKpi
        Slowdown SpreadAsDeclared SteadyState ThroughputAtLeast Verdict all_of any_of availability checksums_refused correct_results current_kind
        detects_within error_is_clear expectation_from_json fault_observed from_json grows_with_delay instrument isolated judge_all
        kernels_mended kpis_of latency latency_within memory_below next_try_succeeds no_crash no_data_loss no_deadlock no_duplicates no_hang oldest_first
        queue_depth_reported queued_not_rejected recovers recovers_within run_kpis slowdown spread_as_declared steady_state
        throughput_at_least to_json worst
    """,
}


@pytest.mark.parametrize("module", PINNED)
def test_public_names_are_the_ones_pinned(module: str) -> None:
    """Flat, sorted as the linter sorts them, and nothing besides."""
    assert importlib.import_module(module).__all__ == PINNED[module].split()


@pytest.mark.parametrize("module", PINNED)
def test_every_public_name_exists_and_is_explained(module: str) -> None:
    """Classes and functions carry a docstring; constants and type aliases are explained where they stand."""
    public = {name: getattr(importlib.import_module(module), name) for name in PINNED[module].split()}
    unexplained = [name for name, value in public.items() if (inspect.isclass(value) or inspect.isroutine(value)) and not value.__doc__]
    assert unexplained == []
