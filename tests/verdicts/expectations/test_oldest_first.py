"""Nobody overtakes one who came before: three answers, from the pool's queue and from the answers."""

from __future__ import annotations

from typing import Any

import pytest

from fraiseql_chaos.core import ms
from fraiseql_chaos.errors import DeclarationError
from fraiseql_chaos.verdicts import oldest_first
from histories import Scene

SLACK = ms(100)


def scene() -> Scene:
    return Scene().fault(0, 2000, kind="pool_exhaustion").pool(-50)


def served_in_order(looks: int = 40) -> Scene:
    """Every 50 ms one client comes and, from the tenth look on, the oldest goes."""
    made = scene()
    for n in range(looks):
        made.pool(n * 50, waiting=10, queue=((max(0, n - 9), n),), queued=n + 1)
    return made


def test_it_holds_when_the_queue_moves_on_from_its_head() -> None:
    finding = oldest_first(SLACK).judge(served_in_order().history())

    assert finding.verdict == "held"
    assert (finding.numbers["left_the_queue"], finding.numbers["overtook_in_queue"]) == (30, 0)
    assert finding.statement.endswith("in 36 looks at it some had come more than 100 ms before others; nobody overtook")


def test_it_is_violated_when_the_youngest_leaves_first() -> None:
    made = served_in_order(10)
    for n in range(10, 40):
        made.pool(n * 50, waiting=10, queue=((0, 8), (n, n)), queued=n + 1)
    finding = oldest_first(SLACK).judge(made.history())

    assert finding.verdict == "violated"
    assert finding.numbers["overtook_in_queue"] == 30


def test_who_came_and_went_between_two_looks_has_overtaken_who_stood_there_at_both() -> None:
    made = served_in_order(10)
    for n in range(10, 40):
        made.pool(n * 50, waiting=10, queue=((0, 9),), queued=n + 1, numbered=10)
    assert oldest_first(SLACK).judge(made.history()).numbers["overtook_in_queue"] == 30


def test_a_client_that_is_counted_a_look_later_than_it_is_seen_has_not_overtaken() -> None:
    """The pool's two accounts are read one after the other."""
    made = scene()
    for n in range(40):
        made.pool(n * 50, waiting=10, queue=((max(0, n - 9), n),), queued=n + 1 - n % 2, numbered=n + 1)
    assert oldest_first(SLACK).judge(made.history()).verdict == "held"


def test_who_came_hardly_later_may_go_before() -> None:
    """Within the slack: numbers 9 and 10 came together, and swap."""
    made = served_in_order(9).pool(450, waiting=11, queue=((0, 10),), queued=11).pool(500, waiting=10, queue=((9, 9),), queued=11)
    assert oldest_first(SLACK).judge(made.history()).numbers["overtook_in_queue"] == 0


def test_while_clients_give_up_nobody_knows_who_was_served() -> None:
    made = served_in_order(10).pool(500, waiting=5, queue=((0, 4),), queued=10, errors=5)
    assert oldest_first(SLACK).judge(made.history()).verdict == "inconclusive"


def test_a_request_that_is_answered_before_an_older_one_has_overtaken_it_wherever_that_was() -> None:
    made = served_in_order().request(200, 1500).request(400, 100)
    finding = oldest_first(SLACK).judge(made.history())

    assert finding.verdict == "violated"
    assert (finding.numbers["overtook_in_queue"], finding.numbers["requests_overtaken"]) == (0, 1)


def test_a_slower_request_that_ends_hardly_later_was_not_overtaken() -> None:
    made = served_in_order().request(200, 550).request(400, 290)
    assert oldest_first(SLACK).judge(made.history()).verdict == "held"


def test_without_a_queue_to_look_at_the_answers_decide() -> None:
    waited = Scene().fault(0, 2000).pool(100, queue=None).answers(200, 1000, took_ms=500)
    few = Scene().fault(0, 2000).pool(100, queue=None).answers(200, 300, took_ms=500)

    assert oldest_first(ms(400)).judge(waited.history()).verdict == "held"
    assert oldest_first(ms(400)).judge(few.history()).verdict == "inconclusive"


def test_it_cannot_tell_where_nobody_waited() -> None:
    quiet = Scene().fault(0, 2000).answers(0, 2000)
    for n in range(40):
        quiet.pool(n * 50)
    finding = oldest_first(SLACK).judge(quiet.history())

    assert finding.verdict == "inconclusive"
    assert finding.statement.endswith("20 clients and 5 looks are needed")


@pytest.mark.parametrize("slack", [250, ms(0)])
def test_a_slack_without_meaning_is_refused(slack: Any) -> None:
    with pytest.raises(DeclarationError, match="nothing was judged"):
        oldest_first(slack)
