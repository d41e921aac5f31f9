"""Wrong answers: one is too many."""

from __future__ import annotations

from fraiseql_chaos.verdicts import correct_results
from histories import Scene, outage


def test_it_holds_when_all_answers_were_right_however_many_errors_there_were() -> None:
    assert correct_results().judge(outage().history()).verdict == "held"


def test_one_wrong_answer_violates_and_is_named() -> None:
    finding = correct_results().judge(outage().request(2105, outcome="fail", cause="wrong_answer", detail="title is null").history())

    assert finding.verdict == "violated"
    assert finding.statement == "1 of 251 answers were wrong, the first of them: request 350 (read_post) planned at 2.105 s: title is null"


def test_a_wrong_answer_to_a_mutation_counts_although_its_outcome_is_indeterminate() -> None:
    assert correct_results().judge(outage().request(1, outcome="indeterminate", cause="wrong_answer").history()).verdict == "violated"


def test_it_cannot_tell_when_nothing_was_answered() -> None:
    assert correct_results().judge(Scene().errors(0, 1000).history()).verdict == "inconclusive"
