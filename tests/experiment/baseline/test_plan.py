"""What is measured, as a value: its bounds, and what makes two collections comparable."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from fraiseql_chaos import reference
from fraiseql_chaos.errors import DeclarationError
from fraiseql_chaos.experiment.baseline.plan import BaselinePlan, configuration


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"repetitions": 1}, "2 to 100 repetitions, because one has no variation, not 1"),
        ({"repetitions": 101}, "not 101"),
        ({"requests": {}}, "at least one request"),
        ({"requests": {0: 5}}, "at least one request"),
        ({"requests": {1: 0}}, "at least one request"),
        ({"samples": -1}, "at least one request"),
        ({"passes": 0}, "at least one request"),
    ],
)
def test_a_plan_without_meaning_is_refused(wrong: dict[str, Any], said: str) -> None:
    with pytest.raises(DeclarationError, match=f"{said}.*; nothing was measured"):
        BaselinePlan(**wrong)


def configured(plan: BaselinePlan, *operations: Any, edge_tls: bool = False) -> Any:
    return configuration(plan, operations or reference.OPERATIONS, edge_tls=edge_tls, own_server=True)


def test_how_often_it_was_measured_does_not_keep_two_collections_apart() -> None:
    assert configured(BaselinePlan(repetitions=2)) == configured(BaselinePlan(repetitions=9))


def test_what_was_asked_and_how_keeps_them_apart() -> None:
    """Other requests, other samples, another edge, another operation, or another case of the same one."""
    usual = configured(BaselinePlan())
    fewer_cases = replace(reference.READ_POST, cases=reference.READ_POST.cases[1:])
    others = [
        configured(BaselinePlan(requests={1: 5})),
        configured(BaselinePlan(samples=1)),
        configured(BaselinePlan(passes=1)),
        configured(BaselinePlan(), edge_tls=True),
        configured(BaselinePlan(), *reference.RING),
        configured(BaselinePlan(), *(fewer_cases if o is reference.READ_POST else o for o in reference.OPERATIONS)),
    ]
    assert usual not in others
    assert len({str(other) for other in others}) == len(others)
