"""What is expected of a service, and what a stored history says about it. Pure: the same record always gets the same answer."""

from __future__ import annotations

from fraiseql_chaos.verdicts.expectations import EXPECTATIONS, current_kind, expectation_from_json
from fraiseql_chaos.verdicts.expectations.all_of import AllOf, all_of
from fraiseql_chaos.verdicts.expectations.any_of import AnyOf, any_of
from fraiseql_chaos.verdicts.expectations.availability import Availability, availability
from fraiseql_chaos.verdicts.expectations.checksums_refused import ChecksumsRefused, checksums_refused
from fraiseql_chaos.verdicts.expectations.correct_results import CorrectResults, correct_results
from fraiseql_chaos.verdicts.expectations.detects_within import DetectsWithin, detects_within
from fraiseql_chaos.verdicts.expectations.error_is_clear import ErrorIsClear, error_is_clear
from fraiseql_chaos.verdicts.expectations.fault_observed import FaultObserved, fault_observed
from fraiseql_chaos.verdicts.expectations.grows_with_delay import GrowsWithDelay, grows_with_delay
from fraiseql_chaos.verdicts.expectations.instrument import Instrument, instrument
from fraiseql_chaos.verdicts.expectations.isolated import Isolated, isolated
from fraiseql_chaos.verdicts.expectations.kernels_mended import KernelsMended, kernels_mended
from fraiseql_chaos.verdicts.expectations.latency import Latency, latency
from fraiseql_chaos.verdicts.expectations.latency_within import LatencyWithin, latency_within
from fraiseql_chaos.verdicts.expectations.memory_below import MemoryBelow, memory_below
from fraiseql_chaos.verdicts.expectations.next_try_succeeds import NextTrySucceeds, next_try_succeeds
from fraiseql_chaos.verdicts.expectations.no_crash import NoCrash, no_crash
from fraiseql_chaos.verdicts.expectations.no_data_loss import NoDataLoss, no_data_loss
from fraiseql_chaos.verdicts.expectations.no_deadlock import NoDeadlock, no_deadlock
from fraiseql_chaos.verdicts.expectations.no_duplicates import NoDuplicates, no_duplicates
from fraiseql_chaos.verdicts.expectations.no_hang import NoHang, no_hang
from fraiseql_chaos.verdicts.expectations.oldest_first import OldestFirst, oldest_first
from fraiseql_chaos.verdicts.expectations.queue_depth_reported import QueueDepthReported, queue_depth_reported
from fraiseql_chaos.verdicts.expectations.queued_not_rejected import QueuedNotRejected, queued_not_rejected
from fraiseql_chaos.verdicts.expectations.recovers_within import RecoversWithin, recovers, recovers_within
from fraiseql_chaos.verdicts.expectations.slowdown import Slowdown, slowdown
from fraiseql_chaos.verdicts.expectations.spread_as_declared import SpreadAsDeclared, spread_as_declared
from fraiseql_chaos.verdicts.expectations.steady_state import SteadyState, steady_state
from fraiseql_chaos.verdicts.expectations.throughput_at_least import ThroughputAtLeast, throughput_at_least
from fraiseql_chaos.verdicts.jsonform import from_json, to_json
from fraiseql_chaos.verdicts.judging import judge_all
from fraiseql_chaos.verdicts.kpis import Kpi, RunKpi, kpis_of, run_kpis
from fraiseql_chaos.verdicts.metrics import ChaosMetrics, PhaseMetrics
from fraiseql_chaos.verdicts.model import Expectation, Finding, Judgement, Verdict, worst
from fraiseql_chaos.verdicts.requests import During

__all__ = [
    "EXPECTATIONS",
    "AllOf",
    "AnyOf",
    "Availability",
    "ChaosMetrics",
    "ChecksumsRefused",
    "CorrectResults",
    "DetectsWithin",
    "During",
    "ErrorIsClear",
    "Expectation",
    "FaultObserved",
    "Finding",
    "GrowsWithDelay",
    "Instrument",
    "Isolated",
    "Judgement",
    "KernelsMended",
    "Kpi",
    "Latency",
    "LatencyWithin",
    "MemoryBelow",
    "NextTrySucceeds",
    "NoCrash",
    "NoDataLoss",
    "NoDeadlock",
    "NoDuplicates",
    "NoHang",
    "OldestFirst",
    "PhaseMetrics",
    "QueueDepthReported",
    "QueuedNotRejected",
    "RecoversWithin",
    "RunKpi",
    "Slowdown",
    "SpreadAsDeclared",
    "SteadyState",
    "ThroughputAtLeast",
    "Verdict",
    "all_of",
    "any_of",
    "availability",
    "checksums_refused",
    "correct_results",
    "current_kind",
    "detects_within",
    "error_is_clear",
    "expectation_from_json",
    "fault_observed",
    "from_json",
    "grows_with_delay",
    "instrument",
    "isolated",
    "judge_all",
    "kernels_mended",
    "kpis_of",
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
    "run_kpis",
    "slowdown",
    "spread_as_declared",
    "steady_state",
    "throughput_at_least",
    "to_json",
    "worst",
]
