"""Who comes while everything is in use waits in line: three answers."""

from __future__ import annotations

from fraiseql_chaos.verdicts import queued_not_rejected
from histories import Scene

REFUSED = "graphql_error: the pool 'pool-1' has already 1 requests waiting"


def waited(queued: int = 40, errors: int = 0) -> Scene:
    made = Scene().answers(0, 1000).fault(1000, 3000, kind="pool_exhaustion").pool(500).answers(1000, 3000, took_ms=300).crowd(1100, 900)
    return made.pool(2900, queued=queued, errors=errors)


def test_it_holds_when_all_waited_and_were_answered() -> None:
    finding = queued_not_rejected().judge(waited().history())

    assert finding.verdict == "held"
    assert (finding.numbers["queued_by_pool"], finding.numbers["rejected"]) == (40, 0)


def test_it_is_violated_when_a_request_is_rejected() -> None:
    finding = queued_not_rejected().judge(waited().errors(2000, 2020, detail="couldn't get a connection after 2.00 sec").history())

    assert finding.verdict == "violated"
    assert 'the first with "couldn\'t get a connection after 2.00 sec"' in finding.statement


def test_it_is_violated_when_one_of_the_crowd_is_sent_away_or_the_pool_says_so_itself() -> None:
    assert queued_not_rejected().judge(waited().crowd(1200, 5, error=REFUSED).history()).verdict == "violated"
    assert queued_not_rejected().judge(waited(errors=1).history()).verdict == "violated"


def test_what_fails_before_the_fault_is_another_matter() -> None:
    assert queued_not_rejected().judge(waited().errors(100, 200).history()).verdict == "held"


def test_it_cannot_tell_when_nobody_waited() -> None:
    finding = queued_not_rejected().judge(waited(queued=3).history())

    assert finding.verdict == "inconclusive"
    assert finding.statement == "the pool let only 3 requests wait; 20 are needed"


def test_it_cannot_tell_when_requests_were_given_up_or_nobody_looked() -> None:
    assert queued_not_rejected().judge(waited().hangs(2000, 2020).history()).verdict == "inconclusive"
    assert queued_not_rejected().judge(waited().crowd(1200, 5000, error="hung up before there was an answer").history()).verdict == "inconclusive"
    assert queued_not_rejected().judge(Scene().fault(1000, 3000).answers(0, 3000).history()).statement == "nobody looked at the service's pool"
