"""The plan's words lead to the faults they mean, and every other word is refused with those there are."""

from __future__ import annotations

import math

import pytest

from fraiseql_chaos.core import JsonScalar, ms
from fraiseql_chaos.errors import DeclarationError
from fraiseql_chaos.experiment.catalogue import FAULTS
from fraiseql_chaos.experiment.failure_types import FAILURE_TYPES, fault_from_options, fault_from_words
from fraiseql_chaos.layers.server.faults import Stop
from fraiseql_chaos.layers.stream.faults import Bandwidth, Corrupt, Latency, Refuse, Reset
from fraiseql_chaos.layers.stream.scope import Scope
from fraiseql_chaos.layers.wire.faults import AnswerError, CorruptMessage, StallAt, TruncateResult
from fraiseql_chaos.layers.wire.trigger import Trigger
from fraiseql_chaos.plan import Fault

LEAST: dict[str, dict[str, JsonScalar]] = {"database_unavailable": {}, "network_latency": {"latency_ms": 1}}
"""What must be said for each word of the plan."""

ANY_WORD = ".*database_unavailable.*latency.*network_latency.*"
"""The list of words, in so far as it does not depend on which faults there are."""


@pytest.mark.parametrize(
    ("word", "options", "fault"),
    [
        ("network_latency", {"latency_ms": 500}, Latency(delay=ms(500))),
        ("network_latency", {"latency_ms": 0.5, "jitter_ms": 0.25, "direction": "up"}, Latency(delay=ms(0.5), jitter=ms(0.25), direction="up")),
        ("database_unavailable", {}, Refuse()),
        ("database_unavailable", {"mode": "refuse"}, Refuse()),
        ("database_unavailable", {"mode": "fast"}, Stop(mode="fast")),
        ("database_unavailable", {"mode": "immediate"}, Stop(mode="immediate")),
        ("database_unavailable", {"mode": "crash"}, Stop(mode="crash")),
    ],
)
def test_word_leads_to_its_fault(word: str, options: dict[str, JsonScalar], fault: Fault) -> None:
    assert fault_from_options(word, options) == fault


@pytest.mark.parametrize(
    ("word", "options", "told"),
    [
        (
            "network_latncy",
            {},
            rf"unknown failure type 'network_latncy' \(did you mean 'network_latency'\?\); allowed are {ANY_WORD}",
        ),
        ("earthquake", {}, f"unknown failure type 'earthquake'; allowed are {ANY_WORD}"),
        (
            "network_latency",
            {"latency": 5},
            r"network_latency has no option 'latency' \(did you mean 'latency_ms'\?\); allowed are direction, jitter_ms, latency_ms",
        ),
        ("database_unavailable", {"latency_ms": 5}, "database_unavailable has no option 'latency_ms'; allowed are mode"),
        ("network_latency", {}, "option 'latency_ms' is missing; it takes a number of milliseconds"),
        ("network_latency", {"latency_ms": None}, "option 'latency_ms' is missing; it takes a number of milliseconds"),
        ("network_latency", {"latency_ms": "fast"}, "option 'latency_ms' takes a number of milliseconds, not 'fast'"),
        ("network_latency", {"latency_ms": True}, "option 'latency_ms' takes a number of milliseconds, not True"),
        ("network_latency", {"latency_ms": 5, "jitter_ms": "1"}, "option 'jitter_ms' takes a number of milliseconds, not '1'"),
        ("network_latency", {"latency_ms": math.nan}, "a duration is a finite number of ms, not nan"),
        ("network_latency", {"latency_ms": -5}, "a duration cannot be negative: -5 ms"),
        ("network_latency", {"latency_ms": 0}, "a delay of 0 would change nothing; it must be above 0"),
        ("network_latency", {"latency_ms": 5, "jitter_ms": 6}, "jitter 6 ms exceeds delay 5 ms"),
        ("network_latency", {"latency_ms": 5, "direction": "left"}, "direction is one of 'down' .*, 'up' .*, not 'left'"),
        ("database_unavailable", {"mode": "gone"}, r"option 'mode' is refuse .*, fast, immediate, crash or freeze .*, not 'gone'"),
        ("database_unavailable", {"mode": None}, r"option 'mode' is refuse .*, not None"),
    ],
)
def test_what_is_not_allowed_is_refused_by_name_with_what_is(word: str, options: dict[str, JsonScalar], told: str) -> None:
    with pytest.raises(DeclarationError, match=f"{told}.*; nothing was armed"):
        fault_from_options(word, options)


def test_every_fault_can_be_asked_for_by_its_own_word() -> None:
    """What ``-m "failure_type:..."`` selects is what the word makes, or the fault's own name is asked for."""
    assert {fault.failure_type for fault in FAULTS} | {fault.kind for fault in FAULTS} == set(FAILURE_TYPES)
    assert [word for word in LEAST if fault_from_options(word, LEAST[word]).failure_type != word] == []


def test_every_option_that_is_listed_is_read() -> None:
    """A value of no meaning is refused wherever it stands; an option that were ignored would let it pass."""
    ignored = []
    for word, known in FAILURE_TYPES.items():
        for option in known.options:
            try:
                fault_from_options(word, LEAST.get(word, {}) | {option: "(meaningless"})
            except DeclarationError:
                continue
            ignored.append((word, option))
    assert ignored == []


@pytest.mark.parametrize(
    ("word", "options", "fault"),
    [
        ("latency", {"delay_ms": 50}, Latency(delay=ms(50))),
        ("latency", {"delay": "50ms", "jitter": "1ms", "direction": "up"}, Latency(delay=ms(50), jitter=ms(1), direction="up")),
        ("bandwidth", {"rate_bytes_per_s": 20000.0}, Bandwidth(rate_bytes_per_s=20_000)),
        ("corrupt", {"rate": 1.0, "toxicity": 1.0}, Corrupt(rate=1.0)),
        ("reset", {"first": 2.0, "from_connection": 1}, Reset(scope=Scope(first=2, from_connection=1))),
        ("refuse", {}, Refuse()),
        ("stop", {"mode": "crash"}, Stop(mode="crash")),
    ],
)
def test_a_fault_can_be_asked_for_by_its_wire_name(word: str, options: dict[str, JsonScalar], fault: Fault) -> None:
    assert fault_from_options(word, options) == fault


@pytest.mark.parametrize(
    ("word", "options", "told"),
    [
        ("latency", {"delay": 50}, "latency: delay=50 has no unit; write delay=250ms, or delay_ms=250"),
        ("latency", {"delay": "50"}, "'50' is not a duration: write a number at least 0 and its unit"),
        ("latency", {"delay": "5ms", "delay_ms": 5}, "latency: delay and delay_ms are the same; give one of them"),
        ("latency", {}, "latency: delay_ms is missing; it takes milliseconds"),
        ("bandwidth", {"rate_bytes_per_s": 1.5}, "bandwidth: rate_bytes_per_s is a whole number of bytes per second"),
        ("reset", {"scope": "x"}, "reset has no option 'scope'; allowed are after_ms, direction, first, from_connection, toxicity"),
        ("reset", {"toxicity": 2}, "scope: toxicity is a share above 0 and at most 1, not 2"),
        ("hang", {"delay_ms": 2}, "hang has no option 'delay_ms'; allowed are none"),
    ],
)
def test_what_a_fault_does_not_take_is_refused_with_what_it_does(word: str, options: dict[str, JsonScalar], told: str) -> None:
    with pytest.raises(DeclarationError, match=rf"{told}.*; nothing was armed"):
        fault_from_options(word, options)


def test_every_word_says_in_a_line_what_it_does() -> None:
    assert [word for word, known in FAILURE_TYPES.items() if not known.summary or "\n" in known.summary] == []


@pytest.mark.parametrize(
    ("word", "typed", "fault"),
    [
        ("answer_error", {"sqlstate": "40001"}, AnswerError(sqlstate="40001")),
        ("answer_error", {"sqlstate": "08006", "sql": "1"}, AnswerError(sqlstate="08006", trigger=Trigger(sql="1"))),
        ("corrupt_message", {}, CorruptMessage(trigger=Trigger(message="DataRow"))),
        ("stall_at", {"both": "false", "lasting_ms": "300"}, StallAt(both=False, lasting=ms(300))),
        ("truncate_result", {"rows": "1", "probability": "0.5"}, TruncateResult(rows=1, trigger=Trigger(message="DataRow", probability=0.5))),
        ("network_latency", {"latency_ms": "5"}, Latency(delay=ms(5))),
    ],
)
def test_what_is_typed_is_a_number_or_a_word_as_the_option_has_it(word: str, typed: dict[str, str], fault: Fault) -> None:
    assert fault_from_words(word, typed) == fault


def test_a_yes_or_no_that_is_neither_is_refused() -> None:
    """``both=no`` would otherwise be as true as any word."""
    with pytest.raises(DeclarationError, match="both is true or false, not 'no'; nothing was armed"):
        fault_from_words("stall_at", {"both": "no"})
