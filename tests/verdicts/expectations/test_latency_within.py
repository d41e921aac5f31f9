"""Answers take at most so many times as long as a baseline says: three answers, and whose baseline it is."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from baselines_made import baseline, metric
from fraiseql_chaos.baselines import Baseline
from fraiseql_chaos.errors import DeclarationError, HistoryError
from fraiseql_chaos.verdicts import expectation_from_json, latency_within, to_json
from histories import Scene

OURS = Scene().history().begin


def steady(*medians_ms: float) -> Baseline:
    """Return a baseline of the machine and service that histories made by hand are of."""
    values = medians_ms or (3.9, 4.0, 4.1, 4.0, 4.0)
    made = baseline(metric(repetitions=values), metric("query.nested.c1.latency_p50", [40.0, 40.1, 39.9]))
    return replace(made, target=dict(OURS.target))


def scene(took_ms: float, *, every_ms: float = 20) -> Scene:
    """Health before and after, and answers of this length during the fault."""
    made = Scene().load(300).fault(1000, 4000, kind="latency")
    return made.answers(0, 1000).answers(1000, 4000, every_ms=every_ms, took_ms=took_ms).answers(4000, 5000)


def judged(made: Scene, yardstick: Baseline | None = None, tolerance: float = 2.0, **more: Any) -> tuple[str, str]:
    finding = latency_within(yardstick or steady(), tolerance, foreign=True, **more).judge(made.history())
    return finding.verdict, finding.statement


def test_it_holds_when_all_that_is_known_lies_within_the_tolerance() -> None:
    verdict, statement = judged(scene(6))

    assert verdict == "held"
    assert "over 150 answers; 2 times is tolerated" in statement


def test_it_is_violated_when_nothing_of_it_does() -> None:
    assert judged(scene(9))[0] == "violated"


def test_it_cannot_tell_on_the_border_and_says_how_many_answers_would() -> None:
    verdict, statement = judged(scene(7.9, every_ms=100))

    assert verdict == "inconclusive"
    assert "answers are needed to tell" in statement


def test_a_baseline_that_varies_leaves_more_open() -> None:
    wild = steady(2.0, 6.0, 4.0, 3.0, 5.0)

    assert judged(scene(6), wild)[0] == "inconclusive"
    assert judged(scene(6))[0] == "held"


def test_each_operation_is_measured_by_its_own_mark() -> None:
    """Nested reads take ten times as long in health, so that they still do is no slowness."""
    mixed = scene(5)
    for index in range(140):
        mixed.request(1010 + index * 20, 45, name="read_nested")

    assert judged(mixed)[0] == "held"


def test_requests_that_were_given_up_count_as_endless() -> None:
    hung = Scene().load(300).fault(1000, 4000).answers(0, 1000).hangs(1000, 4000, took_ms=3)

    assert judged(hung)[0] == "inconclusive"
    assert judged(Scene().load(300).fault(1000, 4000).answers(0, 1000).hangs(1000, 4000, took_ms=500))[0] == "violated"


def test_too_few_answers_cannot_tell_and_the_number_needed_is_said() -> None:
    verdict, statement = judged(scene(6, every_ms=300))

    assert verdict == "inconclusive"
    assert statement.startswith("10 answers during the fault are too few to compare; 20 are needed")


def test_operations_that_the_baseline_does_not_know_are_left_out_and_named() -> None:
    other = Scene().fault(1000, 2000).answers(0, 3000, name="orders")

    assert "20 are needed; the baseline does not know orders" in judged(other)[1]


def test_a_baseline_of_something_else_is_refused_with_what_differs() -> None:
    finding = latency_within(steady(), 2.0).judge(scene(6).history())

    assert finding.verdict == "inconclusive"
    assert finding.statement == (
        "the baseline is of something else (machine 0123456789abcdef, not None), so it is no yardstick here; "
        "collect one here, or say that a foreign one will do"
    )


def test_a_foreign_baseline_that_was_allowed_is_said_in_the_answer() -> None:
    assert judged(scene(6))[1].endswith("; the baseline is of something else (machine 0123456789abcdef, not None)")


def test_what_is_stored_judges_without_the_baselines_file() -> None:
    asked = latency_within(steady(), 2.0, foreign=True)
    again = expectation_from_json(json.loads(json.dumps(to_json(asked))), "x")

    assert again == asked
    assert to_json(asked)["yardstick"] == {
        "created": "2026-01-02T03:04:05+00:00",
        "seed": 7,
        "machine": "0123456789abcdef",
        "target": OURS.target,
        "marks": [to_json(mark) for mark in asked.yardstick.marks],
    }
    assert again.judge(scene(6).history()) == asked.judge(scene(6).history())


def test_a_stored_yardstick_that_was_changed_by_hand_is_refused() -> None:
    raw: Any = json.loads(json.dumps(to_json(latency_within(steady(), 2.0))))
    raw["yardstick"]["marks"][0]["low_ms"] = 99.0

    with pytest.raises(HistoryError, match=r"x\.yardstick\.marks\[0\]: query\.by_id\.c1\.latency_p50: .* is no time to compare with"):
        expectation_from_json(raw, "x")


@pytest.mark.parametrize("tolerance", [0.5, True, "2", float("nan"), float("inf")])
def test_a_tolerance_without_meaning_is_refused(tolerance: Any) -> None:
    with pytest.raises(DeclarationError, match="is not a factor of at least 1"):
        latency_within(steady(), tolerance)
