"""What may be imported from where. A name added or taken away is a decision, so it is written down here a second time."""

from __future__ import annotations

import importlib
import inspect

import pytest

PINNED = {
    "fraiseql_chaos": """
        AnswerError Bandwidth Blackhole Chaos Corrupt CorruptMessage CutAt DelayMessage DropMessage Duration HalfOpen Hang History
        Latency Limit Load Rate Recording Refuse Reset ResetAt Scope Service Slicer SlowAccept SlowClose StallAt Stop Timeout
        Trigger TruncateResult ambiguous_commit availability correct_results detects_within error_is_clear no_hang fault_observed latency ms no_crash per_second
        read_history recovers seconds slowdown us
    """,
    "fraiseql_chaos.errors": """
        CapabilityError ChaosError DeclarationError HistoryError InjectionError InternalError LocalProtocolError PeerProtocolError
        ProtocolError RigError ServiceError
    """,
    "fraiseql_chaos.testing": """
        HEALTHY OneWay Timed arm armed_with check_stream_fault
    """,
    "fraiseql_chaos.verdicts": """
        EXPECTATIONS Availability ChaosMetrics CorrectResults DetectsWithin During ErrorIsClear Expectation NoHang FaultObserved
        Finding Instrument Judgement Latency NoCrash PhaseMetrics RecoversWithin Slowdown SteadyState Verdict
        availability correct_results detects_within error_is_clear expectation_from_json no_hang fault_observed from_json
        instrument judge_all latency no_crash recovers recovers_within slowdown steady_state to_json worst
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
