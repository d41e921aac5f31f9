"""Asking again helps: three answers."""

from __future__ import annotations

from fraiseql_chaos.verdicts import next_try_succeeds
from histories import Scene


def scene(*failing: int) -> Scene:
    """Ten requests of one kind, of which some fail, and as many of another, of which none does."""
    made = Scene().load(20).fault(0, 1000)
    for n in range(10):
        if n in failing:
            made.request(100 * n, 20, outcome="fail", cause="graphql_error", detail="connection lost")
        else:
            made.request(100 * n)
        made.request(100 * n + 50, name="read_users")
    return made


def test_it_holds_if_every_second_try_was_answered() -> None:
    finding = next_try_succeeds().judge(scene(1, 4, 7).history())
    assert (finding.verdict, finding.statement) == ("held", "all of 3 second tries were answered")


def test_one_second_try_that_failed_violates_it() -> None:
    finding = next_try_succeeds().judge(scene(1, 4, 5, 8).history())
    assert finding.verdict == "violated"
    assert finding.statement == "1 of 4 second tries failed as well: request 10 (read_post) planned at 0.500 s"


def test_without_any_nobody_can_tell_and_the_last_request_has_no_second_try() -> None:
    finding = next_try_succeeds().judge(scene(9).history())
    assert finding.verdict == "inconclusive"
    assert finding.statement == "no request got an error and was followed by another of its kind"


def test_who_was_given_up_got_no_error_to_act_upon() -> None:
    assert next_try_succeeds().judge(Scene().load(20).fault(0, 1000).hangs(0, 200).answers(200, 400).history()).verdict == "inconclusive"
