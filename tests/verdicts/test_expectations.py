"""Expectations are stored and read again, so that the same question can be asked of the same record."""

from __future__ import annotations

import json
from typing import Any

import pytest

from fraiseql_chaos.core import ms, us
from fraiseql_chaos.errors import HistoryError
from fraiseql_chaos.verdicts import (
    EXPECTATIONS,
    Expectation,
    availability,
    correct_results,
    detects_within,
    error_is_clear,
    expectation_from_json,
    fails_within,
    fault_observed,
    instrument,
    latency,
    no_crash,
    recovers_within,
    slowdown,
    to_json,
)
from fraiseql_chaos.verdicts.expectations.steady_state import steady_state

EVERY: list[Expectation] = [
    availability(at_least=0.999, during="outside"),
    correct_results(),
    detects_within(ms(500)),
    error_is_clear(names=("identity provider",)),
    fails_within(ms(1500)),
    fault_observed("latency", "refuse"),
    instrument(lag_at_most=ms(100)),
    latency(99.9, at_most=us(1500), during="fault", of="service"),
    no_crash(),
    recovers_within(ms(0.001)),
    slowdown(at_most=2.5),
    steady_state(),
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
        ({"kind": "vibes"}, "'vibes' is no kind of expectation; this release knows availability"),
        ([], "None is no kind"),
        ({"kind": "availability", "at_least": 2.0, "during": "all"}, "at_least=2.0 is no share"),
        ({"kind": "availability", "at_least": 0.9, "during": "noon"}, "'noon' is not 'all' or 'fault' or 'outside'"),
    ],
)
def test_an_expectation_without_meaning_is_refused(raw: Any, complaint: str) -> None:
    with pytest.raises(HistoryError, match=complaint):
        expectation_from_json(raw, "x")
