"""Who asks again, in a load that asks nothing twice."""

from __future__ import annotations

from fraiseql_chaos.verdicts.retries import next_tries
from histories import Scene


def test_the_second_try_is_of_the_same_kind_and_planned_after_the_error() -> None:
    scene = Scene().load(5).request(0, 50, outcome="fail", cause="graphql_error").request(40, 4).request(60, 4, name="read_users").request(70, 4)
    (pair,) = next_tries(scene.history())
    assert [one and one.ordinal for one in pair] == [0, 3]


def test_the_last_of_its_kind_has_none_and_who_was_given_up_is_not_asked() -> None:
    scene = Scene().load(5).hangs(0, 20).request(100, 4, outcome="indeterminate", cause="connection_lost")
    assert [again for _, again in next_tries(scene.history())] == [None]
