"""Acts are values: what they leave out does not happen."""

from __future__ import annotations

from fraiseql_chaos.layers.wire.model import Act


def test_an_act_lets_the_message_pass_unless_it_says_otherwise() -> None:
    act = Act(decision="looked at")
    assert (act.passes, act.patch, tuple(act.before), tuple(act.after), act.rest_of_result) == (True, None, (), (), False)
