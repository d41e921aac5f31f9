"""
A value in a JSON document together with where it stands, so that whoever reads it can say which line is wrong.

``json`` forgets where it read a value. Rather than a second parser, the place of one is searched when it is needed, which is when
something is wrong: the document is known to be JSON by then, and the decoder itself skips what lies before.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, NoReturn, Self

from fraiseql_chaos.errors import HistoryError

__all__ = ["Place"]

_SPACE: Final = re.compile(r"[ \t\r\n]*")
_DECODER: Final = json.JSONDecoder()


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """
    A decoded value and where it stands.

    Attributes:
        file: The document's name.
        text: The document.
        path: The keys and indices that lead to the value.
        value: The value.
    """

    file: str
    text: str
    path: tuple[str | int, ...]
    value: Any

    @classmethod
    def root(cls, text: str, *, file: str) -> Self:
        """
        Decode a document.

        Raises:
            HistoryError: If it is not JSON, as where it was cut short; the message names line and column.
        """
        try:
            value = json.loads(text, parse_constant=_refused, object_pairs_hook=_unrepeated)
        except json.JSONDecodeError as error:
            end = "it ends too early, so it was cut short" if error.pos >= len(text.rstrip()) else "it was cut short or edited by hand"
            raise HistoryError(f"{file}, line {error.lineno}, column {error.colno}: not JSON ({error.msg}); {end}") from None
        except ValueError as error:
            raise HistoryError(f"{file}: not JSON ({error}); it was edited by hand") from None
        return cls(file=file, text=text, path=(), value=value)

    def wrong(self, problem: str) -> NoReturn:
        """Raise what is wrong here, with file, line and field."""
        name = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in self.path).lstrip(".") or "the document"
        raise HistoryError(f"{self.file}, line {_line(self.text, self.path)}, {name}: {problem}")

    def fields(self, *names: str) -> dict[str, Place]:
        """Return the values of an object that has exactly these fields."""
        inside = self.mapping()
        for name in names:
            if name not in inside:
                self.wrong(f"field {name!r} is missing")
        for name, place in inside.items():
            if name not in names:
                place.wrong(f"this release knows no such field; it knows {', '.join(names)}")
        return inside

    def mapping(self) -> dict[str, Place]:
        """Return the values of an object with any fields."""
        if not isinstance(self.value, dict):
            self.wrong(f"{_shown(self.value)} is not an object")
        return {name: self._inside(name, value) for name, value in self.value.items()}

    def items(self) -> Iterator[Place]:
        """Yield the values of a list."""
        if not isinstance(self.value, list):
            self.wrong(f"{_shown(self.value)} is not a list")
        yield from (self._inside(index, value) for index, value in enumerate(self.value))

    def word(self) -> str:
        """Return a text."""
        if not isinstance(self.value, str):
            self.wrong(f"{_shown(self.value)} is not a text")
        return self.value

    def number(self) -> float:
        """Return a number, whole or not."""
        if isinstance(self.value, bool) or not isinstance(self.value, int | float):
            self.wrong(f"{_shown(self.value)} is not a number")
        return self.value

    def whole(self) -> int:
        """Return a whole number."""
        if isinstance(self.value, bool) or not isinstance(self.value, int):
            self.wrong(f"{_shown(self.value)} is not a whole number")
        return self.value

    def truth(self) -> bool:
        """Return true or false."""
        if not isinstance(self.value, bool):
            self.wrong(f"{_shown(self.value)} is neither true nor false")
        return self.value

    def _inside(self, step: str | int, value: Any) -> Place:
        return Place(file=self.file, text=self.text, path=(*self.path, step), value=value)


def _shown(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _refused(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no number of JSON's")


def _unrepeated(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        raise ValueError(f"field {next(name for name in names if names.count(name) > 1)!r} stands twice in one object")
    return found


def _line(text: str, path: tuple[str | int, ...]) -> int:
    """Return the line, from 1, in which the value at a path begins."""
    at = _space(text, 0)
    for step in path:
        at = _step(text, at, step)
    return text.count("\n", 0, at) + 1


def _step(text: str, at: int, step: str | int) -> int:
    """Return where the value of a key or an index begins, in the object or list that begins at ``at``."""
    at = _space(text, at + 1)
    for index in range(len(text)):
        key: Any = index
        if text[at] == '"' and isinstance(step, str):
            key, at = _DECODER.raw_decode(text, at)
            at = _space(text, _space(text, at) + 1)
        if key == step:
            return at
        at = _space(text, _DECODER.raw_decode(text, at)[1])
        at = _space(text, at + 1)
    raise KeyError(step)


def _space(text: str, at: int) -> int:
    found = _SPACE.match(text, at)
    return found.end() if found else at
