"""Triggers refuse what means nothing before anything is armed, and fit what they say."""

from __future__ import annotations

from typing import Any

import pytest

from fraiseql_chaos.errors import DeclarationError
from fraiseql_chaos.layers.wire.trigger import Trigger


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({"message": "Prase"}, "trigger: no message is called 'Prase'; there are Authentication, .*; nothing was armed"),
        ({"message": "CopyData"}, "trigger: CopyData goes both ways; say direction='up' or direction='down'; nothing was armed"),
        ({"message": "Query", "direction": "down"}, "trigger: Query never goes down; nothing was armed"),
        ({"direction": "left"}, "trigger: direction 'left' is neither 'up' .* nor 'down' .*; nothing was armed"),
        ({"sql": "COMMIT("}, r"trigger: the SQL pattern 'COMMIT\(' does not compile: missing \), .*; nothing was armed"),
        ({"sql": 1}, "trigger: sql is a regular expression, not 1; nothing was armed"),
        ({"state": "broken"}, "trigger: state 'broken' is not one of idle, in_transaction, failed; nothing was armed"),
        ({"nth": 0}, "trigger: nth is a number of messages from 1, or None, not 0; nothing was armed"),
        ({"first": True}, "trigger: first is a number of messages from 1, or None, not True; nothing was armed"),
        ({"nth": 1, "first": 1}, "trigger: nth is one message and first are several, so give one of the two; nothing was armed"),
        ({"probability": 0}, "trigger: probability is above 0 and at most 1, not 0; nothing was armed"),
        ({"counted": "pool"}, "trigger: counted 'pool' is neither 'connection' nor 'edge'; nothing was armed"),
    ],
)
def test_what_has_no_meaning_is_refused_by_name(arguments: dict[str, Any], told: str) -> None:
    with pytest.raises(DeclarationError, match=told):
        Trigger(**arguments)


def test_a_trigger_is_told_in_a_few_words() -> None:
    assert str(Trigger(message="CommandComplete", sql="^COMMIT", nth=2)) == "CommandComplete of /^COMMIT/ number 2"
    assert str(Trigger(state="in_transaction", first=3, probability=0.5)) == "Statement while in transaction up to 3 times with probability 0.5"


def test_its_messages_have_a_way_and_types() -> None:
    assert (Trigger().way, Trigger().codes) == ("up", frozenset(b"QE"))
    assert (Trigger(message="CopyDone", direction="down").way, Trigger(message="CopyDone", direction="down").codes) == ("down", frozenset(b"c"))


def test_patterns_are_searched_without_regard_to_case_and_never_in_the_unknown() -> None:
    trigger = Trigger(sql=r"^\s*commit\b")
    assert trigger.fits(b"  COMMIT", "in_transaction")
    assert not trigger.fits(b"SELECT 'commit'", "in_transaction")
    assert not trigger.fits(None, "in_transaction")


def test_states_must_be_known_to_fit() -> None:
    trigger = Trigger(state="in_transaction")
    assert [trigger.fits(None, state) for state in ("in_transaction", "idle", None)] == [True, False, False]


def test_one_some_or_a_share_of_what_fits_is_hit() -> None:
    hit = {
        name: [n for n in range(6) if trigger.fires(n, n / 10)]
        for name, trigger in (("nth", Trigger(nth=3)), ("first", Trigger(first=2)), ("share", Trigger(probability=0.25)), ("all", Trigger()))
    }
    assert hit == {"nth": [2], "first": [0, 1], "share": [0, 1, 2], "all": [0, 1, 2, 3, 4, 5]}
