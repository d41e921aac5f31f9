"""Dataclasses to JSON and back: nothing is guessed."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from fraiseql_chaos.core import Duration, JsonObject, ms, us
from fraiseql_chaos.errors import HistoryError
from fraiseql_chaos.verdicts import from_json, no_hang, to_json
from fraiseql_chaos.verdicts.jsonform import ADDED_LATER


@dataclass(frozen=True, slots=True, kw_only=True)
class Inner:
    n: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Outer:
    wait: Duration
    name: str | None
    ratio: float
    inner: tuple[Inner, ...]
    anything: JsonObject
    flag: bool


WHOLE = Outer(wait=us(1.5), name=None, ratio=2.0, inner=(Inner(n=1), Inner(n=2)), anything={"a": [1, None, {"b": "c"}]}, flag=True)


def test_a_value_survives_json_unchanged() -> None:
    assert from_json(Outer, json.loads(json.dumps(to_json(WHOLE))), "x") == WHOLE


def test_durations_are_written_in_milliseconds() -> None:
    assert to_json(no_hang(within=ms(1500))) == {"kind": "no_hang", "limit_ms": 1500.0}


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"ratio": "2"}, r"run\.json\.ratio: '2' is not a number"),
        ({"flag": 1}, r"run\.json\.flag: 1 is not true or false"),
        ({"wait_ms": None}, r"run\.json\.wait_ms: None is not a number"),
        ({"inner": [{"n": 1}, {"n": True}]}, r"run\.json\.inner\[1\]\.n: True is not a whole number"),
        ({"inner": {}}, r"run\.json\.inner: \{\} is not a list"),
        ({"inner": [{"n": 1, "m": 2}]}, r"run\.json\.inner\[0\]: field 'm' is unknown"),
        ({"name": 3}, r"run\.json\.name: 3 is not a text"),
        ({"anything": []}, r"run\.json\.anything: \[\] is not an object"),
    ],
)
def test_a_wrong_value_is_refused_with_the_path_to_it(change: dict[str, Any], complaint: str) -> None:
    with pytest.raises(HistoryError, match=complaint):
        from_json(Outer, to_json(WHOLE) | change, "run.json")


def test_a_missing_field_is_refused_by_name() -> None:
    raw = to_json(WHOLE)
    del raw["flag"]

    with pytest.raises(HistoryError, match=r"run\.json: field 'flag' is missing"):
        from_json(Outer, raw, "run.json")


@dataclass(frozen=True, slots=True, kw_only=True)
class Grown:
    n: int
    wait: Duration | None = field(default=None, metadata=ADDED_LATER)
    names: tuple[str, ...] = field(default=(), metadata=ADDED_LATER)
    unmarked: int = 3


def test_a_field_that_was_added_later_may_be_missing_and_no_other() -> None:
    assert from_json(Grown, {"n": 1, "unmarked": 2}, "run.json") == Grown(n=1, unmarked=2)
    with pytest.raises(HistoryError, match=r"run\.json: field 'unmarked' is missing"):
        from_json(Grown, {"n": 1}, "run.json")


def test_a_field_that_was_added_later_is_left_out_while_it_says_nothing() -> None:
    assert to_json(Grown(n=1)) == {"n": 1, "unmarked": 3}
    told = replace(Grown(n=1), names=("a",))
    assert from_json(Grown, to_json(told), "x") == told


def test_a_field_that_was_added_later_is_read_as_strictly_as_any() -> None:
    with pytest.raises(HistoryError, match=r"x\.names: 'a' is not a list"):
        from_json(Grown, {"n": 1, "unmarked": 2, "names": "a"}, "x")
