"""
Random conversations of protocol 3, as both sides would hold them: what each says, and after how much of the other's words.

A conversation is a list of turns (direction, bytes); the bytes of a turn are whole messages. Everything is drawn from one generator, so a seed
tells a conversation.
"""

from __future__ import annotations

import random
from collections.abc import Callable

from fraiseql_chaos.core import dice
from fraiseql_chaos.layers.stream.model import Direction

type Turn = tuple[Direction, bytes]

STATEMENTS = (
    "SELECT 1",
    "COMMIT",
    "BEGIN",
    "ROLLBACK",
    "INSERT INTO t VALUES ($1)",
    "UPDATE t SET a = 'x' WHERE b = $1",
    "select * from numbers",
    "",
)


def message(code: str, body: bytes = b"") -> bytes:
    return code.encode() + (len(body) + 4).to_bytes(4) + body


def startup(parameters: bytes = b"user\0me\0database\0d\0\0", version: int = 3 << 16) -> bytes:
    return (len(parameters) + 8).to_bytes(4) + version.to_bytes(4) + parameters


def special(number: int, body: bytes = b"") -> bytes:
    return (len(body) + 8).to_bytes(4) + number.to_bytes(4) + body


SSL_REQUEST, GSSENC_REQUEST = special(80877103), special(80877104)


def cancel(pid: int = 4711, key: bytes = b"key!") -> bytes:
    return special(80877102, pid.to_bytes(4) + key)


def query(sql: str) -> bytes:
    return message("Q", sql.encode() + b"\0")


def parse(sql: str, name: str = "") -> bytes:
    return message("P", name.encode() + b"\0" + sql.encode() + b"\0\0\0")


def bind(statement: str = "", portal: str = "", values: bytes = b"") -> bytes:
    return message("B", portal.encode() + b"\0" + statement.encode() + b"\0\0\0\0\0\0\0" + values)


def describe(portal: str = "", kind: str = "P") -> bytes:
    return message("D", kind.encode() + portal.encode() + b"\0")


def execute(portal: str = "") -> bytes:
    return message("E", portal.encode() + b"\0\0\0\0\0")


def close(name: str, kind: str = "S") -> bytes:
    return message("C", kind.encode() + name.encode() + b"\0")


SYNC, FLUSH, TERMINATE = message("S"), message("H"), message("X")


def row(*values: bytes | None) -> bytes:
    parts = [b"\xff\xff\xff\xff" if value is None else len(value).to_bytes(4) + value for value in values]
    return message("D", len(values).to_bytes(2) + b"".join(parts))


def complete(tag: str) -> bytes:
    return message("C", tag.encode() + b"\0")


def ready(state: str = "I") -> bytes:
    return message("Z", state.encode())


def error(sqlstate: str = "42601", severity: str = "ERROR") -> bytes:
    return message("E", f"S{severity}\0V{severity}\0C{sqlstate}\0Mwrong\0\0".encode())


def notice(text: str = "by the way") -> bytes:
    return message("N", f"SNOTICE\0C00000\0M{text}\0\0".encode())


def login(pid: int = 4711, key: bytes = b"key!") -> list[Turn]:
    """A login without a password and without encryption."""
    answers = message("R", bytes(4)) + message("S", b"server_version\x0018\0") + message("K", pid.to_bytes(4) + key) + ready()
    return [("up", startup()), ("down", answers)]


class Speaker:
    """Both sides of a conversation, drawn from one generator."""

    def __init__(self, seed: int, *, large: int = 200_000) -> None:
        self.random = dice(seed)
        self.turns: list[Turn] = []
        self.overlaps: set[int] = set()
        self._large = large

    def converse(self, exchanges: int) -> list[Turn]:
        self._log_in()
        kinds: tuple[Callable[[], None], ...] = (
            self._simple,
            self._extended,
            self._prepared,
            self._pipeline,
            self._copy_in,
            self._copy_out,
            self._unasked,
            self._function_call,
        )
        for _ in range(exchanges):
            first = len(self.turns)
            self.random.choice(kinds)()
            if self.turns[first - 1][0] != self.turns[first][0] == "up" and self.random.random() < 0.4:
                self.overlaps.add(first)
        if self.random.random() < 0.5:
            self.turns.append(("up", TERMINATE))
        return self.turns

    def _log_in(self) -> None:
        if self.random.random() < 0.3:
            self.turns += [("up", GSSENC_REQUEST), ("down", b"N")]
        if self.random.random() < 0.3:
            self.turns += [("up", SSL_REQUEST), ("down", b"N")]
        [(_, first), (_, answers)] = login()
        if self.random.random() < 0.3:
            self.turns += [("up", first), ("down", message("R", b"\0\0\0\x0aSCRAM-SHA-256\0\0"))]
            first = message("p", self._bytes(80))
        self.turns += [("up", first), ("down", answers)]

    def _bytes(self, most: int) -> bytes:
        return self.random.randbytes(self.random.randrange(most))

    def _sql(self) -> str:
        return self.random.choice(STATEMENTS)

    def _asides(self) -> bytes:
        """What the server may say at any time."""
        asides = (b"", b"", notice(), message("A", b"\0\0\0\1chan\0load\0"), message("S", b"TimeZone\0UTC\0"))
        return self.random.choice(asides)

    def _rows(self) -> bytes:
        rows = [row(self._bytes(40), None, b"7") + self._asides() for _ in range(self.random.randrange(12))]
        if self.random.random() < 0.05:
            rows.append(row(self._bytes(self._large)))
        return b"".join(rows)

    def _result(self, sql: str) -> bytes:
        if not sql:
            return message("I")
        verb = sql.split(maxsplit=1)[0].upper()
        return self._rows() + complete(verb if verb in {"COMMIT", "BEGIN", "ROLLBACK"} else f"{verb} 1")

    def _state(self) -> str:
        return self.random.choice("IIITE")

    def _simple(self) -> None:
        sqls = [self._sql() for _ in range(self.random.randrange(1, 4))]
        answers = b"".join(self._asides() + message("T", b"\0\0") + self._result(sql) for sql in sqls)
        if self.random.random() < 0.2:
            answers = self._asides() + error()
        self.turns += [("up", query(";".join(sqls))), ("down", answers + ready(self._state()))]

    def _step(self, *, describes: bool = True) -> tuple[bytes, bytes]:
        sql, name = self._sql(), self.random.choice(("", "", "s1", "s2"))
        asked = parse(sql, name) + bind(name, values=self._bytes(60)) + (describe() if describes else b"") + execute()
        answered = message("1") + message("2") + ((message("T", b"\0\0") if sql else message("n")) if describes else b"") + self._result(sql)
        return asked, answered

    def _extended(self) -> None:
        asked, answered = self._step(describes=self.random.random() < 0.8)
        if self.random.random() < 0.2:
            answered = message("1") + error("40001")
        self.turns += [("up", asked + SYNC), ("down", self._asides() + answered + ready(self._state()))]

    def _prepared(self) -> None:
        name = self.random.choice(("s1", "s2", "s3"))
        self.turns += [("up", parse(self._sql(), name) + SYNC), ("down", message("1") + ready())]
        for _ in range(self.random.randrange(3)):
            self.turns += [("up", bind(name) + execute() + SYNC), ("down", message("2") + self._rows() + complete("SELECT 3") + ready("T"))]
        if self.random.random() < 0.5:
            self.turns += [("up", close(name) + SYNC), ("down", message("3") + ready())]

    def _pipeline(self) -> None:
        """Several statements under way at once; answers come while more is asked."""
        steps = [self._step() for _ in range(self.random.randrange(2, 6))]
        asked, answered = [step[0] for step in steps], [step[1] for step in steps]
        if self.random.random() < 0.3:
            place = self.random.randrange(len(steps))
            answered = [*answered[:place], message("1") + error("40P01")]
        self.turns += [("up", asked[0] + FLUSH), ("up", asked[1]), ("down", answered[0])]
        self.turns += [("up", b"".join(asked[2:]) + SYNC), ("down", self._asides() + b"".join(answered[1:]) + ready(self._state()))]

    def _copy_in(self) -> None:
        data = b"".join(message("d", self._bytes(300)) for _ in range(self.random.randrange(6)))
        ending = message("c") if self.random.random() < 0.7 else message("f", b"no more\0")
        last = complete("COPY 3") if ending[:1] == b"c" else error("57014")
        if self.random.random() < 0.5:
            self.turns += [("up", query("COPY t FROM STDIN")), ("down", message("G", b"\0\0\1\0\0"))]
            self.turns += [("up", data + ending), ("down", last + ready())]
        else:
            self.turns += [("up", parse("COPY t FROM STDIN") + bind() + execute() + SYNC)]
            self.turns += [("down", message("1") + message("2") + message("G", b"\0\0\1\0\0")), ("up", data + ending + SYNC)]
            self.turns += [("down", last + ready())]

    def _copy_out(self) -> None:
        data = b"".join(message("d", self._bytes(300)) + self._asides() for _ in range(self.random.randrange(6)))
        self.turns += [("up", query("COPY t TO STDOUT"))]
        self.turns += [("down", message("H", b"\0\0\1\0\0") + data + message("c") + complete("COPY 5") + ready())]

    def _unasked(self) -> None:
        self.turns.append(("down", notice() + message("A", b"\0\0\0\1chan\0load\0")))

    def _function_call(self) -> None:
        self.turns += [("up", message("F", bytes(10))), ("down", message("V", b"\xff\xff\xff\xff") + ready())]


def conversation(seed: int, most: int, *, exchanges: int | None = None) -> list[Turn]:
    """Return a random conversation in pieces of 1 to ``most`` bytes; a question may overtake what remains of the answer before it."""
    speaker = Speaker(seed, large=min(200_000, 300 * most))
    turns = speaker.converse(1 + seed % 9 if exchanges is None else exchanges)
    chance = dice(seed)
    pieces: list[Turn] = []
    for number, turn in enumerate(turns):
        mine = cut_at_random([turn], chance, most=most)
        if number in speaker.overlaps:
            tail = 0
            while tail < len(pieces) and pieces[-1 - tail][0] == "down":
                tail += 1
            keep = len(pieces) - chance.randrange(tail + 1)
            pieces, mine = pieces[:keep], _merged(pieces[keep:], mine, chance)
        pieces += mine
    return pieces


def cut_at_random(turns: list[Turn], chance: random.Random, *, most: int) -> list[Turn]:
    """Cut every turn into pieces of 1 to ``most`` bytes."""
    pieces: list[Turn] = []
    for direction, data in turns:
        at = 0
        while at < len(data):
            size = chance.randrange(1, most + 1)
            pieces.append((direction, data[at : at + size]))
            at += size
    return pieces


def _merged(left: list[Turn], right: list[Turn], chance: random.Random) -> list[Turn]:
    merged: list[Turn] = []
    ours, theirs = list(reversed(left)), list(reversed(right))
    while ours and theirs:
        merged.append(chance.choice((ours, theirs)).pop())
    return merged + ours[::-1] + theirs[::-1]
