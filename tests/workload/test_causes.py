"""The promise that an outcome makes about the database."""

from __future__ import annotations

from typing import get_args

import pytest

from fraiseql_chaos.workload.causes import CAUSES, Cause, outcome_of

BAD: tuple[Cause, ...] = tuple(cause for cause in CAUSES if cause)


def test_every_word_is_explained() -> None:
    assert set(CAUSES) == set(get_args(Cause.__value__))


@pytest.mark.parametrize("cause", BAD)
def test_whatever_goes_wrong_with_a_query_is_a_failure(cause: Cause) -> None:
    assert outcome_of(cause, kind="query") == "fail"


@pytest.mark.parametrize("cause", BAD)
def test_a_mutation_fails_only_if_it_was_certainly_not_executed(cause: Cause) -> None:
    assert outcome_of(cause, kind="mutation") == ("fail" if cause in {"connect_failed", "not_sent"} else "indeterminate")
    assert outcome_of(cause, kind="mutation", refused=True) == "fail"


def test_the_right_answer_is_ok() -> None:
    assert outcome_of("", kind="mutation") == "ok"
