"""What a conversation is at: each answer finds the statement that caused it, whatever was sent meanwhile."""

from __future__ import annotations

import pytest

from fraiseql_chaos.layers.wire.tracking import DOWN, UP, Dialogue
from layers.wire import conversations as say


def heard(dialogue: Dialogue, direction: str, words: bytes) -> list[bytes | None]:
    """Let a dialogue hear whole messages, and return what each that the server said belonged to."""
    causes = []
    at = 0
    while at < len(words):
        code, stop = words[at], at + 1 + int.from_bytes(words[at + 1 : at + 5])
        if direction == "down":
            causes.append(dialogue.cause)
        if (learn := (UP if direction == "up" else DOWN).get(code)) is not None:
            learn(dialogue, code, words, at + 5, stop)
        at = stop
    return causes


@pytest.fixture
def dialogue() -> Dialogue:
    dialogue = Dialogue()
    heard(dialogue, "down", say.message("K", (17).to_bytes(4) + b"secret") + say.ready())
    assert dialogue.backend == (17, b"secret")
    assert dialogue.is_idle
    return dialogue


def test_answers_of_a_pipeline_find_their_statements(dialogue: Dialogue) -> None:
    for sql in ("SELECT 1", "SELECT 2"):
        heard(dialogue, "up", say.parse(sql) + say.bind() + say.describe() + say.execute())
    heard(dialogue, "up", say.SYNC)
    answer = say.message("1") + say.message("2") + say.message("T", b"\0\0") + say.row(b"1") + say.notice() + say.complete("SELECT 1")
    assert heard(dialogue, "down", answer) == [b"SELECT 1"] * 6
    assert heard(dialogue, "down", answer + say.ready()) == [b"SELECT 2"] * 7
    assert dialogue.is_idle


def test_an_error_settles_all_up_to_the_next_sync_and_nothing_behind(dialogue: Dialogue) -> None:
    for sql in ("SELECT 1", "SELECT 2"):
        heard(dialogue, "up", say.parse(sql) + say.bind() + say.execute() + say.SYNC)
    assert heard(dialogue, "down", say.message("1") + say.error() + say.ready()) == [b"SELECT 1"] * 3
    assert heard(dialogue, "down", say.message("1")) == [b"SELECT 2"]


def test_what_is_sent_between_an_error_and_the_sync_is_lost(dialogue: Dialogue) -> None:
    heard(dialogue, "up", say.parse("SELECT 1", "old") + say.SYNC)
    heard(dialogue, "down", say.message("1") + say.ready())
    heard(dialogue, "up", say.parse("wrong", "new") + say.close("old"))
    heard(dialogue, "down", say.error())
    assert dialogue.is_skipping
    heard(dialogue, "up", say.parse("SELECT 3", "lost") + say.query("SELECT 4") + say.SYNC)
    assert heard(dialogue, "down", say.ready()) == [None]
    assert dialogue.is_idle
    assert dialogue._statements.known == {b"old": b"SELECT 1"}


def test_prepared_statements_are_made_closed_and_deallocated(dialogue: Dialogue) -> None:
    def prepare(*names: str) -> None:
        heard(dialogue, "up", b"".join(say.parse("SELECT 1", name) for name in names) + say.SYNC)
        heard(dialogue, "down", say.message("1") * len(names) + say.ready())

    prepare("a", "b", 'C"', "d")
    heard(dialogue, "up", say.close("a") + say.SYNC)
    heard(dialogue, "down", say.message("3") + say.ready())
    heard(dialogue, "up", say.query('DEALLOCATE B; deallocate prepare "C"""'))
    heard(dialogue, "down", say.complete("DEALLOCATE") * 2 + say.ready())
    assert dialogue._statements.known.keys() == {b"d"}
    heard(dialogue, "up", say.query("DISCARD ALL"))
    heard(dialogue, "down", say.complete("DISCARD ALL") + say.ready())
    assert dialogue._statements.known == {}
    assert dialogue._statements._cost == 0


def test_a_portal_is_known_until_its_transaction_ends(dialogue: Dialogue) -> None:
    heard(dialogue, "up", say.parse("SELECT 1") + say.bind(portal="walk") + say.execute("walk") + say.SYNC)
    heard(dialogue, "down", say.message("1") + say.message("2") + say.row(b"1") + say.message("s") + say.ready("T"))
    assert dialogue.sql_of(ord("E"), say.execute("walk")[5:]) == b"SELECT 1"
    heard(dialogue, "up", say.query("COMMIT"))
    heard(dialogue, "down", say.complete("COMMIT") + say.ready())
    assert dialogue.sql_of(ord("E"), say.execute("walk")[5:]) is None


def test_in_a_copy_the_server_reads_past_any_sync(dialogue: Dialogue) -> None:
    heard(dialogue, "up", say.parse("COPY t FROM STDIN") + say.bind() + say.execute() + say.SYNC)
    heard(dialogue, "down", say.message("1") + say.message("2") + say.message("G", bytes(3)))
    assert dialogue.copying == "in"
    heard(dialogue, "up", say.message("d") + say.SYNC + say.message("c") + say.SYNC)
    heard(dialogue, "down", say.complete("COPY 0") + say.ready())
    assert dialogue.is_idle


def test_replication_ends_when_both_have_ended(dialogue: Dialogue) -> None:
    heard(dialogue, "up", say.query("START_REPLICATION"))
    heard(dialogue, "down", say.message("W", bytes(3)))
    heard(dialogue, "up", say.message("c"))
    assert dialogue.copying == "out"
    heard(dialogue, "down", say.message("c") + say.complete("COPY 0") + say.ready())
    assert dialogue.is_idle


def test_the_state_of_the_transaction_is_the_servers_word(dialogue: Dialogue) -> None:
    for state, name in (("T", "in_transaction"), ("E", "failed"), ("I", "idle")):
        heard(dialogue, "up", say.query("x"))
        heard(dialogue, "down", say.ready(state))
        assert dialogue.transaction == name


def test_beyond_the_bound_attribution_is_given_up_and_comes_back() -> None:
    dialogue = Dialogue(cost_limit=10_000)
    heard(dialogue, "down", say.ready())
    for _ in range(200):
        heard(dialogue, "up", say.query("SELECT 1"))
    assert dialogue.is_lost
    assert len(dialogue.pending) == 0
    assert heard(dialogue, "down", (say.complete("SELECT 1") + say.ready()) * 200) == [None] * 400
    assert dialogue.is_idle
    heard(dialogue, "up", say.query("SELECT 1"))
    assert dialogue.cause == b"SELECT 1"


def test_beyond_the_bound_the_oldest_statements_are_forgotten() -> None:
    dialogue = Dialogue(cost_limit=10_000)
    heard(dialogue, "down", say.ready())
    for n in range(1000):
        heard(dialogue, "up", say.parse("SELECT 1", f"s{n}") + say.SYNC)
        heard(dialogue, "down", say.message("1") + say.ready())
    assert list(dialogue._statements.known)[-1] == b"s999"
    assert len(dialogue._statements.known) < 100


def test_long_names_are_not_remembered_for_free() -> None:
    """A client may send any number of Parses before the server flushes its first answer, with names as long as texts and no text at all."""
    dialogue = Dialogue(cost_limit=10_000)
    heard(dialogue, "down", say.ready())
    held = []
    for n in range(50):
        heard(dialogue, "up", say.parse("", f"{n:01000}"))
        held.append(sum(len(expected.name or b"") for expected in dialogue.pending))
    assert max(held) <= 10_000
    heard(dialogue, "up", say.SYNC)
    assert dialogue.is_lost
    heard(dialogue, "down", say.message("1") * 50 + say.ready())
    assert dialogue.is_idle


def test_long_names_of_portals_are_not_remembered_for_free() -> None:
    dialogue = Dialogue(cost_limit=10_000)
    heard(dialogue, "down", say.ready())
    for n in range(50):
        heard(dialogue, "up", say.bind(portal=f"{n:01000}"))
        heard(dialogue, "down", say.message("2"))
    assert sum(map(len, dialogue._portals.known)) <= 10_000
    assert f"{49:01000}".encode() in dialogue._portals.known
