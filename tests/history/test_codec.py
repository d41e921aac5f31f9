"""Every event survives its line unchanged, and no line that is not exactly one is read."""

from __future__ import annotations

import json
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fraiseql_chaos.core import JsonObject
from fraiseql_chaos.errors import HistoryError
from fraiseql_chaos.history import (
    Begin,
    End,
    Event,
    Evidence,
    FaultArmed,
    FaultHit,
    GeneratorStalled,
    Inventory,
    LoadPlanned,
    Operation,
    Outcome,
    Sample,
    Shows,
    decode,
    encode,
)

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)
st.register_type_strategy(float, st.floats(allow_nan=False, allow_infinity=False))
CLASSES = get_args(Event.__value__)


def _any_event(cls: type[Any]) -> st.SearchStrategy[Any]:
    """Return a strategy for one class of events; the aliases, which hypothesis cannot look through, by hand."""
    objects: st.SearchStrategy[JsonObject] = st.dictionaries(st.text(), JSON, max_size=4)
    aliases = {
        "target": objects,
        "machine": objects,
        "parameters": objects,
        "value": objects,
        "found": objects,
        "outcome": st.sampled_from(get_args(Outcome.__value__)),
        "shows": st.sampled_from(get_args(Shows.__value__)),
    }
    if cls.type == "fault_declared":
        aliases["target"] = st.text()
    fields = {name: strategy for name, strategy in aliases.items() if name in cls.__dataclass_fields__}
    return st.builds(cls, **fields)


@given(st.one_of([_any_event(cls) for cls in CLASSES]))
def test_every_event_survives_its_line_unchanged(event: Event) -> None:
    line = encode(event)

    assert "\n" not in line
    assert decode(line, where="x") == event


def test_every_class_of_events_has_its_own_word() -> None:
    assert len({cls.type for cls in CLASSES}) == len(CLASSES) == 13


STALLED = {"type": "generator_stalled", "at_ns": 5, "stall_ns": 7}
OPERATION = {"type": "operation", "ordinal": 0, "name": "a", "planned_ns": 0, "sent_ns": None, "done_ns": 9, "outcome": "ok"}
LOAD = {"type": "load_planned", "requests": 1, "rate_per_s": 50, "lasting_ns": 1, "in_flight_max": 1, "operations": ["a"]}
SAMPLE = {"type": "sample", "probe": "p", "began_ns": 0, "at_ns": 1, "ok": True}
HIT = {"type": "fault_hit", "fault": "0-x", "at_ns": 5, "connection": 0, "direction": "up", "ordinal": 2, "bytes": 7, "decision": "cut"}
EVIDENCE = {"type": "evidence", "fault": "0-x", "witness": "w", "count": 1, "independent": True, "statement": "s"}
INVENTORY = {"type": "inventory", "at_ns": 5, "operation": "create_user", "query": "SELECT 1", "found": {"3": 1}}


@pytest.mark.parametrize(
    ("raw", "event"),
    [
        (STALLED, GeneratorStalled(at_ns=5, stall_ns=7)),
        (OPERATION, Operation(ordinal=0, name="a", planned_ns=0, sent_ns=None, done_ns=9, outcome="ok")),
        (LOAD, LoadPlanned(requests=1, rate_per_s=50, lasting_ns=1, in_flight_max=1, operations=("a",))),
        (SAMPLE, Sample(probe="p", began_ns=0, at_ns=1, ok=True)),
        (HIT, FaultHit(fault="0-x", at_ns=5, connection=0, direction="up", ordinal=2, bytes=7, decision="cut")),
        (EVIDENCE, Evidence(fault="0-x", witness="w", count=1, independent=True, statement="s", shows="fault")),
        (INVENTORY, Inventory(at_ns=5, operation="create_user", query="SELECT 1", found={"3": 1}, under_way=0, error="")),
    ],
    ids=lambda value: str(value.get("type")) if isinstance(value, dict) else "",
)
def test_fields_with_a_default_may_be_left_out_and_a_whole_number_is_a_number(raw: dict[str, Any], event: Event) -> None:
    assert decode(json.dumps(raw), where="x") == event


@pytest.mark.parametrize(
    ("raw", "field"),
    [
        (STALLED | {"at_ns": "5"}, "at_ns"),
        (STALLED | {"at_ns": 5.0}, "at_ns"),
        (STALLED | {"at_ns": True}, "at_ns"),
        (STALLED | {"stall_ns": None}, "stall_ns"),
        (OPERATION | {"sent_ns": "now"}, "sent_ns"),
        (OPERATION | {"outcome": "maybe"}, "outcome"),
        (OPERATION | {"name": 1}, "name"),
        (OPERATION | {"status": "200"}, "status"),
        (LOAD | {"rate_per_s": True}, "rate_per_s"),
        (LOAD | {"operations": "a"}, "operations"),
        (SAMPLE | {"ok": 1}, "ok"),
        (SAMPLE | {"value": []}, "value"),
        (EVIDENCE | {"independent": "yes"}, "independent"),
        (EVIDENCE | {"shows": "mood"}, "shows"),
    ],
)
def test_a_field_of_the_wrong_type_is_refused_by_name(raw: dict[str, Any], field: str) -> None:
    with pytest.raises(HistoryError, match=f"line 3: field '{field}' of a '{raw['type']}' event has the value .* wrong type"):
        decode(json.dumps(raw), where="line 3")


@pytest.mark.parametrize("field", ["at_ns", "stall_ns"])
def test_a_missing_field_is_refused_by_name(field: str) -> None:
    with pytest.raises(HistoryError, match=f"field '{field}' of a 'generator_stalled' event is missing"):
        decode(json.dumps({key: value for key, value in STALLED.items() if key != field}), where="x")


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("{", "x: not JSON"),
        ("[]", "an event is a JSON object, not list"),
        ('{"at_ns":1}', "unknown event type None; this release knows begin"),
        ('{"type":"vibe"}', "unknown event type 'vibe'"),
        ('{"type":["end"]}', "unknown event type"),
        ('{"type":"end","at_ns":1,"events":1,"mood":"good"}', "field 'mood' does not belong to a 'end' event"),
    ],
)
def test_a_line_that_is_no_event_is_refused_with_its_place(line: str, complaint: str) -> None:
    with pytest.raises(HistoryError, match=complaint):
        decode(line, where="x")


def test_what_is_written_is_one_object_with_its_type_first() -> None:
    assert encode(End(at_ns=1, events=2)) == '{"type":"end","at_ns":1,"events":2}'
    assert encode(FaultArmed(fault="0-é", began_ns=-1, at_ns=0)) == '{"type":"fault_armed","fault":"0-é","began_ns":-1,"at_ns":0}'
    assert Begin.type == "begin"
