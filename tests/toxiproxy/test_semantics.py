"""Our semantics: each toxic stands for itself."""

from __future__ import annotations

from dataclasses import replace

from fraiseql_chaos.toxiproxy.go_json import Float32
from fraiseql_chaos.toxiproxy.model import Toxic
from fraiseql_chaos.toxiproxy.semantics import Ours

LATENCY = Toxic(name="t", type="latency", stream="downstream", toxicity=Float32(1), attributes={"latency": 5, "jitter": 0})
TIMEOUT = replace(LATENCY, type="timeout", attributes={"timeout": 5})


def test_a_change_to_the_same_leaves_what_stands_there() -> None:
    """So what it holds is not let go."""
    before = Ours().faults(LATENCY)
    assert Ours().faults(replace(LATENCY, name="other"), before) is before
    assert Ours().faults(replace(LATENCY, toxicity=Float32(0.5)), before) != before


def test_a_timeout_is_changed_in_front_and_keeps_its_rear() -> None:
    before = Ours().faults(TIMEOUT)
    after = Ours().faults(replace(TIMEOUT, attributes={"timeout": 9}), before)
    assert after[1] is before[1]
    assert after[0] is not before[0]


def test_what_is_refused_is_not_kept() -> None:
    assert not Ours().keeps_refused_changes
