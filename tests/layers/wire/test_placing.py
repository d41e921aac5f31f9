"""Faults refuse what has no meaning by name, survive JSON, and are told in a few words."""

from __future__ import annotations

import json
from typing import Any

import pytest

from fraiseql_chaos.core import ms, seconds
from fraiseql_chaos.errors import DeclarationError
from fraiseql_chaos.layers.stream.scope import Scope
from fraiseql_chaos.layers.wire.faults import (
    WIRE_FAULTS,
    AnswerError,
    CorruptMessage,
    CutAt,
    DelayMessage,
    DropMessage,
    ResetAt,
    StallAt,
    TruncateResult,
    ambiguous_commit,
)
from fraiseql_chaos.layers.wire.model import WireFault
from fraiseql_chaos.layers.wire.trigger import Trigger
from fraiseql_chaos.plan import with_parameters

ROW = Trigger(message="DataRow")
LOGIN = Trigger(message="StartupMessage")

EXAMPLES: dict[str, WireFault] = {
    "FATAL 53300 at StartupMessage": AnswerError(sqlstate="53300", trigger=LOGIN, scope=Scope(first=2)),
    "ERROR 40001 at Statement of /^INSERT/": AnswerError(sqlstate="40001", message="no", trigger=Trigger(sql="^INSERT")),
    "value of column 2 corrupted in DataRow": CorruptMessage(trigger=ROW, column=2, mask=4),
    "length corrupted in DataRow": CorruptMessage(trigger=ROW, part="length"),
    r"connection cut before CommandComplete of /^\s*(COMMIT|END)\b/ number 3": ambiguous_commit(nth=3),
    "250 ms +/- 50 ms of delay after DataRow": DelayMessage(trigger=ROW, delay=ms(250), jitter=ms(50), when="after"),
    "dropped: Statement": DropMessage(trigger=Trigger(), scope=Scope(toxicity=0.5)),
    "connection reset after DataRow": ResetAt(trigger=ROW, when="after"),
    "both directions stall before DataRow for 2 s": StallAt(trigger=ROW, lasting=seconds(2)),
    "results completed after 3 rows (DataRow)": TruncateResult(rows=3, then="complete"),
}


@pytest.mark.parametrize("told", EXAMPLES)
def test_a_fault_is_told_in_a_few_words(told: str) -> None:
    assert str(EXAMPLES[told]) == told


@pytest.mark.parametrize("fault", EXAMPLES.values(), ids=str)
def test_a_fault_survives_json(fault: WireFault) -> None:
    raw = json.loads(json.dumps(fault.parameters()))
    assert with_parameters(type(fault), raw, what=fault.kind) == fault


def test_no_two_faults_share_a_name() -> None:
    assert len({cls.kind for cls in WIRE_FAULTS}) == len(WIRE_FAULTS)
    assert {type(fault) for fault in EXAMPLES.values()} == set(WIRE_FAULTS)


@pytest.mark.parametrize(
    ("cls", "arguments", "told"),
    [
        (CutAt, {"trigger": "COMMIT"}, r"cut_at: trigger='COMMIT' is none; write trigger=Trigger\(.*\); nothing was armed"),
        (CutAt, {"trigger": ROW, "when": "during"}, "cut_at: when 'during' is neither 'before' the message nor 'after' it; nothing was armed"),
        (StallAt, {"trigger": ROW, "lasting": 2}, r"stall_at: lasting=2 has no unit; write lasting=seconds\(2\); nothing was armed"),
        (StallAt, {"trigger": ROW, "lasting": ms(0)}, "stall_at: a stall that lasts 0 would change nothing; nothing was armed"),
        (DelayMessage, {"trigger": ROW, "delay": 2}, r"delay_message: delay=2 has no unit; write delay=ms\(250\); nothing was armed"),
        (DelayMessage, {"trigger": ROW, "delay": ms(0)}, "delay_message: a delay of 0 would change nothing; .*; nothing was armed"),
        (DelayMessage, {"trigger": ROW, "delay": ms(1), "jitter": ms(2)}, "delay_message: jitter 2 ms exceeds delay 1 ms; nothing was armed"),
        (CorruptMessage, {"trigger": Trigger()}, "corrupt_message: only a DataRow has values, and the trigger is Statement; nothing was armed"),
        (CorruptMessage, {"trigger": LOGIN, "part": "type"}, "corrupt_message: StartupMessage has no type, .*; nothing was armed"),
        (CorruptMessage, {"trigger": ROW, "part": "body"}, "corrupt_message: part 'body' is none of 'type', 'length', 'value'; nothing was armed"),
        (CorruptMessage, {"trigger": ROW, "column": -1}, "corrupt_message: column is a number from 0, not -1; nothing was armed"),
        (CorruptMessage, {"trigger": ROW, "mask": 256}, "corrupt_message: mask is a number from 1 to 255, not 256; nothing was armed"),
        (TruncateResult, {"rows": -1}, "truncate_result: rows is a number from 0, not -1; nothing was armed"),
        (TruncateResult, {"rows": 1, "then": "end"}, "truncate_result: then 'end' is neither 'cut' nor 'complete'; nothing was armed"),
        (TruncateResult, {"rows": 1, "trigger": LOGIN}, "truncate_result: the trigger's message is DataRow, not StartupMessage; nothing was armed"),
        (
            AnswerError,
            {"sqlstate": "4001"},
            "answer_error: an error's SQLSTATE is five digits or capital letters .*'4001' is none; nothing was armed",
        ),
        (AnswerError, {"sqlstate": "00000"}, "answer_error: .*'00000' is none; nothing was armed"),
        (AnswerError, {"sqlstate": "40001", "severity": "WARNING"}, "answer_error: severity 'WARNING' is none of .*; nothing was armed"),
        (AnswerError, {"sqlstate": "40001", "trigger": ROW}, "answer_error: DataRow cannot be answered with an error; .* can; nothing was armed"),
        (AnswerError, {"sqlstate": "53300", "severity": "ERROR", "trigger": LOGIN}, "answer_error: an error at StartupMessage ends the session, .*"),
        (AnswerError, {"sqlstate": "53300", "message": "a\0b"}, "answer_error: a message is a text without zero bytes, .*; nothing was armed"),
    ],
)
def test_what_has_no_meaning_is_refused_by_name(cls: Any, arguments: dict[str, Any], told: str) -> None:
    with pytest.raises(DeclarationError, match=told):
        cls(**arguments)
