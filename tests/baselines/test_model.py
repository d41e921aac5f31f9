"""What a baseline may be compared with, and what is none."""

from __future__ import annotations

from dataclasses import replace

import pytest

from baselines_made import CONFIGURATION, MACHINE, TARGET, baseline, metric
from fraiseql_chaos.baselines import AACheck
from fraiseql_chaos.errors import DeclarationError


def test_it_fits_where_it_was_made() -> None:
    assert baseline().fits(MACHINE | {"kernel": "another"}, dict(TARGET), dict(CONFIGURATION)) == ()


def test_what_differs_is_named() -> None:
    """Another machine, a release more and a setting that is not there: each with both sides."""
    told = baseline().fits({"id": "feedface"}, TARGET | {"fraiseql": "1.8.9"}, {"repetitions": 5})
    assert told == (
        "machine 0123456789abcdef, not feedface",
        "target fraiseql 1.9.16, not 1.8.9",
        "configuration edge_tls False, not absent",
    )


def test_a_metric_is_found_by_its_name() -> None:
    made = baseline()
    assert made.metric("query.by_id.c1.throughput") is made.metrics[1]
    assert made.metric("query.unheard_of") is None


def test_a_metric_stands_in_a_baseline_once() -> None:
    with pytest.raises(DeclarationError, match=r"each metric once, but query\.by_id\.c1\.latency_p50 more often"):
        baseline(metric(), metric())


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"schema": "fraiseql-chaos/baseline/3"}, "has the schema 'fraiseql-chaos/baseline/2'"),
        ({"created": "2026-01-02T03:04:05"}, "with its offset"),
        ({"created": "yesterday"}, "with its offset"),
        ({"machine": {}}, "has an id"),
    ],
)
def test_what_is_no_baseline_is_refused(change: dict[str, str], said: str) -> None:
    with pytest.raises(DeclarationError, match=f"{said}.*; nothing was compared with it"):
        replace(baseline(), **change)  # type: ignore[arg-type]  # the point of it


def test_the_rate_of_false_alarms_is_of_what_was_compared() -> None:
    check = AACheck(test="t", level=0.05, compared=40, alarms=("a",), inconclusive=("b",))
    assert check.rate == pytest.approx(0.025)
    with pytest.raises(DeclarationError, match="or one twice"):
        replace(check, inconclusive=("a",))
