"""
A stop is seen in the server's own words and in its absence; that the service was under it, in the sessions it had.

That these are the words of a server that stops is seen in ``test_driver``.
"""

from __future__ import annotations

from typing import Literal, get_args, get_type_hints

import pytest

from fraiseql_chaos.errors import DeclarationError
from fraiseql_chaos.history import Sample
from fraiseql_chaos.layers.server.faults import Stop

type Mode = Literal["fast", "immediate", "crash"]

WORDS: dict[Mode, str] = {
    "fast": "received fast shutdown request",
    "immediate": "received immediate shutdown request",
    "crash": "database system was not properly shut down; automatic recovery in progress",
}


GONE = 'connection failed: connection to server on socket "/tmp/x/.s.PGSQL.5432" failed: Connection refused'


def look(*, ok: bool, sessions: int = 3, error: str = GONE) -> Sample:
    return Sample(probe="server_sessions", began_ns=0, at_ns=1, ok=ok, value={"sessions": sessions} if ok else {}, error="" if ok else error)


def line(message: str, at_ns: int = 1_250_000_000) -> Sample:
    return Sample(
        probe="server_log", began_ns=at_ns, at_ns=at_ns, ok=True, value={"message": message, "severity": "LOG", "sqlstate": "00000", "pid": 7}
    )


def seen(mode: Mode, before: tuple[Sample, ...], during: tuple[Sample, ...]) -> tuple[int, int]:
    log, absence, _ = Stop(mode=mode).sightings(before, during)
    assert [(s.witness, s.shows) for s in (log, absence)] == [("server log", "fault"), ("control socket", "fault")]
    return log.count, absence.count


def reached(before: tuple[Sample, ...], during: tuple[Sample, ...]) -> tuple[int, str]:
    *_, sessions = Stop().sightings(before, during)
    assert (sessions.witness, sessions.shows) == ("pg_stat_activity over the control socket", "reach")
    return sessions.count, sessions.statement


@pytest.mark.parametrize("mode", ["smart", "", "FAST", None])
def test_unknown_mode_is_refused_with_those_there_are(mode: str) -> None:
    with pytest.raises(DeclarationError, match=f"stop: mode {mode!r} is not one of 'fast', 'immediate', 'crash'; the server was left running"):
        Stop(mode=mode)  # type: ignore[arg-type]  # what the checker refuses is what is tried here


def test_every_mode_is_known_by_its_words() -> None:
    assert set(get_args(get_type_hints(Stop)["mode"])) == set(WORDS)


def test_stop_is_told_in_a_few_words() -> None:
    assert [str(Stop(mode=mode)) for mode in WORDS] == ["server stopped (fast)", "server stopped (immediate)", "server crashed (SIGKILL)"]
    assert Stop(mode="crash").parameters() == {"mode": "crash"}
    assert Stop() == Stop(mode="fast")


@pytest.mark.parametrize("mode", WORDS)
def test_it_is_seen_in_the_log_and_in_absence(mode: Mode) -> None:
    during = (look(ok=True), line(WORDS[mode]), line("checkpoint starting"), look(ok=False), look(ok=False))
    assert seen(mode, (look(ok=True),), during) == (1, 2)
    log, absence, _ = Stop(mode=mode).sightings((look(ok=True),), during)
    assert log.statement == f"'{WORDS[mode]}' at 1.250 s"
    assert absence.statement == "2 of 3 looks found nobody there"


@pytest.mark.parametrize("mode", WORDS)
def test_it_is_not_seen_when_the_server_went_on(mode: Mode) -> None:
    during = (look(ok=True), line("checkpoint starting"))
    assert seen(mode, (look(ok=True),), during) == (0, 0)
    assert Stop(mode=mode).sightings((), during)[0].statement == "the log says nothing of it"


@pytest.mark.parametrize(("mode", "other"), [(mode, other) for mode in WORDS for other in WORDS if other != mode])
def test_one_way_to_stop_is_not_taken_for_another(mode: Mode, other: Mode) -> None:
    assert seen(mode, (look(ok=True),), (line(WORDS[other]),)) == (0, 0)


@pytest.mark.parametrize(
    "error",
    [
        GONE,
        'connection failed: connection to server on socket "/tmp/x/.s.PGSQL.5432" failed: No such file or directory',
        "terminating connection due to administrator command\nserver closed the connection unexpectedly",
        "connection failed: FATAL:  the database system is shutting down",
        "connection failed: FATAL:  the database system is starting up",
        "consuming input failed: server closed the connection unexpectedly",
    ],
)
def test_a_look_counts_when_its_error_means_that_nobody_is_there(error: str) -> None:
    assert seen("fast", (look(ok=True),), (look(ok=False, error=error),)) == (0, 1)


@pytest.mark.parametrize(
    "error",
    [
        "connection failed: FATAL:  sorry, too many clients already",
        "TimeoutError",
        "canceling statement due to statement timeout",
        "the connection is closed",
    ],
)
def test_a_look_that_failed_for_another_reason_shows_nothing(error: str) -> None:
    """The server is there, or nobody knows: a machine under load gives such errors without any fault."""
    assert seen("fast", (look(ok=True),), (look(ok=False, error=error),)) == (0, 0)
    assert reached((look(ok=True),), (look(ok=False, error=error),))[0] == 0


def test_the_service_is_under_it_when_it_had_sessions_that_are_gone() -> None:
    before, during = (look(ok=True), look(ok=True, sessions=0), look(ok=True)), (look(ok=True), look(ok=False), look(ok=True, sessions=0))
    assert reached(before, during) == (2, "2 of 3 looks before the fault found sessions of the service, and 2 of 3 during it none")


def test_a_service_that_never_used_the_server_was_not_under_it() -> None:
    told = "the service had no session on the server before the fault, so it was not under it"
    assert reached((look(ok=True, sessions=0),), (look(ok=False),)) == (0, told)


def test_nobody_can_tell_whether_the_service_was_under_it_without_looks() -> None:
    told = "nobody counted the service's sessions before the fault, so nobody can tell whether it was under it"
    assert reached((), (look(ok=False),)) == (0, told)
    assert reached((look(ok=True),), (look(ok=True),)) == (0, "none of 1 looks during the fault saw the service's sessions gone")


def test_silence_says_nothing_when_the_server_was_silent_before() -> None:
    assert seen("fast", (look(ok=False),), (look(ok=False),)) == (0, 0)


def test_silence_says_nothing_when_nobody_asked_before() -> None:
    assert seen("fast", (), (look(ok=False),)) == (0, 0)


def test_words_of_before_are_not_counted_as_evidence() -> None:
    assert seen("fast", (line(WORDS["fast"]), look(ok=True)), ()) == (0, 0)
