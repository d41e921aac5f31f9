"""Nothing waits for ever: three answers."""

from __future__ import annotations

from fraiseql_chaos.core import JsonObject
from fraiseql_chaos.history import Sample
from fraiseql_chaos.verdicts import no_deadlock
from histories import Scene

IDLE = ("idle", "idle")


def afterwards(*, available: int = 2, waiting: int = 0, states: tuple[str, ...] = IDLE, age_ms: int = 1000, looks: int = 8, **more: str) -> Scene:
    """A fault from 0 to 1 s, requests until 1.2 s, and looks from 1.3 s on."""
    made = Scene().fault(0, 1000, kind="pool_exhaustion").answers(0, 1200)
    for n in range(looks):
        made.pool(1300 + n * 50, available=available, waiting=waiting).sessions(1300 + n * 50, *states, age_ms=age_ms, **more)
    return made


def test_it_holds_when_everything_ended_and_came_back() -> None:
    finding = no_deadlock().judge(afterwards().history())

    assert finding.verdict == "held"
    assert (finding.numbers["quiet_looks"], finding.numbers["not_back"]) == (8, 0)


def test_a_connection_that_does_not_come_back_violates() -> None:
    finding = no_deadlock().judge(afterwards(available=1).history())

    assert finding.verdict == "violated"
    assert finding.statement.startswith("when nothing was in flight any more, 1 of 2 connections had not come back")


def test_a_connection_that_comes_back_at_last_does_not() -> None:
    made = afterwards(available=1).pool(2000).sessions(2000, *IDLE)
    assert no_deadlock().judge(made.history()).verdict == "held"


def test_one_that_was_back_and_is_away_again_cannot_be_told() -> None:
    assert no_deadlock().judge(afterwards().pool(2000, available=1).history()).verdict == "inconclusive"


def test_the_word_of_the_server_violates() -> None:
    made = afterwards()
    value: JsonObject = {"message": "deadlock detected", "severity": "ERROR", "sqlstate": "40P01", "pid": 7}
    made.events.append(Sample(probe="server_log", began_ns=10, at_ns=10, ok=False, value=value))
    finding = no_deadlock().judge(made.history())

    assert (finding.verdict, finding.statement) == ("violated", "the server detected 1 deadlocks among its locks")


def test_everybody_waiting_while_no_session_works_violates() -> None:
    made = afterwards(available=0, waiting=3, states=("idle in transaction", "idle in transaction")).hangs(900, 920, cause="unfinished")
    assert no_deadlock().judge(made.history()).verdict == "violated"
    locked = afterwards(available=0, waiting=3, states=("active", "active"), waits_for="Lock").hangs(900, 920, cause="unfinished")
    assert no_deadlock().judge(locked.history()).verdict == "violated"


def test_everybody_waiting_while_a_session_works_cannot_be_told() -> None:
    made = afterwards(available=0, waiting=3, states=("active", "idle")).hangs(900, 920, cause="unfinished")
    assert no_deadlock().judge(made.history()).verdict == "inconclusive"


def test_a_session_that_stays_in_its_transaction_violates() -> None:
    assert no_deadlock().judge(afterwards(states=("idle", "idle in transaction")).history()).verdict == "violated"
    assert no_deadlock().judge(afterwards(states=("idle", "idle in transaction"), age_ms=20).history()).verdict == "held"


def test_it_cannot_tell_from_few_looks_or_when_nobody_looked() -> None:
    assert no_deadlock().judge(afterwards(looks=3).history()).verdict == "inconclusive"
    finding = no_deadlock().judge(Scene().fault(0, 1000).answers(0, 2000).history())
    assert (finding.verdict, finding.statement) == ("inconclusive", "nobody looked at the service's pool")


def test_without_a_look_at_the_sessions_nobody_knows_what_they_do() -> None:
    made = Scene().fault(0, 1000).answers(0, 1200)
    for n in range(8):
        made.pool(1300 + n * 50)
    assert no_deadlock().judge(made.history()).verdict == "inconclusive"
