"""Expectations are stored and read again, so that the same question can be asked of the same record."""

from __future__ import annotations

import json
from typing import Any

import pytest

from baselines_made import baseline
from fraiseql_chaos.core import JsonObject, ms, us
from fraiseql_chaos.errors import HistoryError
from fraiseql_chaos.verdicts import (
    EXPECTATIONS,
    Expectation,
    all_of,
    any_of,
    availability,
    checksums_refused,
    correct_results,
    current_kind,
    detects_within,
    error_is_clear,
    expectation_from_json,
    fault_observed,
    grows_with_delay,
    instrument,
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
    recovers_within,
    slowdown,
    spread_as_declared,
    throughput_at_least,
    to_json,
)
from fraiseql_chaos.verdicts.expectations.steady_state import steady_state

EVERY: list[Expectation] = [
    all_of(no_crash(), any_of(availability(), no_hang(ms(2))), fault_observed("refuse")),
    any_of(latency(95, at_most=ms(20)), slowdown(at_most=3)),
    availability(at_least=0.999, during="outside"),
    checksums_refused(),
    correct_results(),
    detects_within(ms(500)),
    error_is_clear(names=("identity provider",)),
    no_hang(within=ms(1500)),
    fault_observed("latency", "refuse"),
    grows_with_delay(round_trips=4, overhead=ms(200), at_least=0.9),
    instrument(lag_at_most=ms(100)),
    isolated("ping", "health", slower_at_most=1.25),
    kernels_mended(),
    latency_within(baseline(), 2.5, foreign=True),
    latency(99.9, at_most=us(1500), during="fault", of="service"),
    memory_below(mb=512.5),
    next_try_succeeds(),
    no_crash(),
    no_data_loss(),
    no_deadlock(),
    no_duplicates(),
    oldest_first(ms(120)),
    queue_depth_reported(off_by_at_most=0),
    queued_not_rejected(),
    recovers_within(ms(0.001)),
    slowdown(at_most=2.5),
    spread_as_declared(round_trips=4),
    steady_state(),
    throughput_at_least(0.8),
]


@pytest.mark.parametrize("expectation", EVERY, ids=lambda expectation: str(expectation.kind))
def test_every_expectation_survives_json_unchanged(expectation: Expectation) -> None:
    assert expectation_from_json(json.loads(json.dumps(to_json(expectation))), "x") == expectation


def test_every_kind_is_covered_here_and_named_after_its_file() -> None:
    assert {type(expectation) for expectation in EVERY} == set(EXPECTATIONS)
    assert [cls.kind for cls in EXPECTATIONS] == [cls.__module__.rpartition(".")[2] for cls in EXPECTATIONS]


@pytest.mark.parametrize("expectation", EVERY, ids=lambda expectation: str(expectation.kind))
def test_every_expectation_is_a_sentence_with_its_magnitudes(expectation: Expectation) -> None:
    sentence = str(expectation)

    assert sentence[0].islower()
    assert not sentence.endswith(".")
    assert "(" not in sentence


@pytest.mark.parametrize(
    ("raw", "complaint"),
    [
        ({"kind": "vibes"}, "'vibes' is no kind of expectation; this release knows all_of, any_of, availability"),
        ([], "None is no kind"),
        ({"kind": "availability", "at_least": 2.0, "during": "all"}, "at_least=2.0 is no share"),
        ({"kind": "availability", "at_least": 0.9, "during": "noon"}, "'noon' is not 'all' or 'fault' or 'outside'"),
    ],
)
def test_an_expectation_without_meaning_is_refused(raw: Any, complaint: str) -> None:
    with pytest.raises(HistoryError, match=complaint):
        expectation_from_json(raw, "x")


def test_a_stored_kind_of_an_earlier_release_is_read_as_what_it_is_called_now() -> None:
    assert expectation_from_json({"kind": "fails_within", "limit_ms": 1500.0}, "x") == no_hang(ms(1500))
    assert (current_kind("fails_within"), current_kind("availability")) == ("no_hang", "availability")


def test_a_part_of_a_composition_without_meaning_is_refused_with_the_path_to_it() -> None:
    raw = {"kind": "all_of", "expectations": [{"kind": "no_crash"}, {"kind": "vibes"}]}
    with pytest.raises(HistoryError, match=r"x\.expectations\[1\]: 'vibes' is no kind of expectation"):
        expectation_from_json(raw, "x")


def test_an_expectation_from_before_a_field_was_added_is_read_and_written_as_it_was() -> None:
    """It asks what it asked then: errors were not asked for their class."""
    raw: JsonObject = {"kind": "error_is_clear", "names": ["database"]}
    expectation = expectation_from_json(raw, "x")

    assert to_json(expectation) == raw
    assert expectation == error_is_clear(names=("database",), classes=())
