"""A stop is seen in the server's own words and in its silence, each for itself; that these are its words is seen in ``test_driver``."""

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


def look(*, ok: bool) -> Sample:
    return Sample(probe="server_sessions", began_ns=0, at_ns=1, ok=ok, value={"sessions": 3} if ok else {}, error="" if ok else "refused")


def line(message: str, at_ns: int = 1_250_000_000) -> Sample:
    return Sample(
        probe="server_log", began_ns=at_ns, at_ns=at_ns, ok=True, value={"message": message, "severity": "LOG", "sqlstate": "00000", "pid": 7}
    )


def seen(mode: Mode, before: tuple[Sample, ...], during: tuple[Sample, ...]) -> tuple[int, int]:
    log, silence = Stop(mode=mode).sightings(before, during)
    assert (log.witness, silence.witness) == ("server log", "control socket")
    return log.count, silence.count


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
def test_it_is_seen_in_the_log_and_in_silence(mode: Mode) -> None:
    during = (look(ok=True), line(WORDS[mode]), line("checkpoint starting"), look(ok=False), look(ok=False))
    assert seen(mode, (look(ok=True),), during) == (1, 2)
    log, silence = Stop(mode=mode).sightings((look(ok=True),), during)
    assert log.statement == f"'{WORDS[mode]}' at 1.250 s"
    assert silence.statement == "2 of 3 looks were not answered"


@pytest.mark.parametrize("mode", WORDS)
def test_it_is_not_seen_when_the_server_went_on(mode: Mode) -> None:
    during = (look(ok=True), line("checkpoint starting"))
    assert seen(mode, (look(ok=True),), during) == (0, 0)
    assert Stop(mode=mode).sightings((), during)[0].statement == "the log says nothing of it"


@pytest.mark.parametrize(("mode", "other"), [(mode, other) for mode in WORDS for other in WORDS if other != mode])
def test_one_way_to_stop_is_not_taken_for_another(mode: Mode, other: Mode) -> None:
    assert seen(mode, (look(ok=True),), (line(WORDS[other]),)) == (0, 0)


def test_silence_says_nothing_when_the_server_was_silent_before() -> None:
    assert seen("fast", (look(ok=False),), (look(ok=False),)) == (0, 0)


def test_silence_says_nothing_when_nobody_asked_before() -> None:
    assert seen("fast", (), (look(ok=False),)) == (0, 0)


def test_words_of_before_are_not_counted_as_evidence() -> None:
    assert seen("fast", (line(WORDS["fast"]), look(ok=True)), ()) == (0, 0)
