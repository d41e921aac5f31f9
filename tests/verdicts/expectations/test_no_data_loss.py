"""What was acknowledged is there: three answers."""

from __future__ import annotations

import pytest

from fraiseql_chaos.core import Duration, JsonObject
from fraiseql_chaos.history import Inventory
from fraiseql_chaos.verdicts import Expectation, instrument, judge_all, no_data_loss
from histories import Scene


def written(count: int = 40) -> Scene:
    """So many acknowledged mutations, from the first on."""
    return Scene().load(count).answers(0, count * 20, name="create_user")


def test_it_holds_when_every_acknowledged_write_is_there() -> None:
    finding = no_data_loss().judge(written().inventory().history())

    assert finding.verdict == "held"
    assert finding.statement == "all 40 acknowledged writes are in the database"


def test_one_lost_write_violates_and_is_named() -> None:
    finding = no_data_loss().judge(written().inventory(times={7: 0}).history())

    assert finding.verdict == "violated"
    assert finding.statement == "1 of 40 acknowledged writes are not in the database: request 7 (create_user) planned at 0.140 s"
    assert finding.numbers["lost_ratio"] == 0.025


def test_a_lost_write_violates_also_where_there_were_few_and_the_instrument_was_unsound() -> None:
    """The row is not there, whatever the generator's clock did."""
    scene = written(3).stall(10, 900).inventory(times={0: 0})
    asked: list[Expectation] = [instrument(lag_at_most=Duration(1_000_000))]

    assert judge_all(scene.history(), asked).verdict == "violated"


def test_what_nobody_was_told_about_may_be_there_or_not() -> None:
    scene = written()
    for at_ms in (900, 920):
        scene.request(at_ms, 50, outcome="indeterminate", cause="connection_lost", name="create_user", status=None)
    scene.request(940, 1, outcome="fail", cause="connect_failed", name="create_user", status=None)

    assert no_data_loss().judge(scene.inventory(times={40: 1}).history()).verdict == "held"


def test_it_cannot_tell_from_too_few_writes_and_says_how_many_are_needed() -> None:
    finding = no_data_loss().judge(written(19).inventory().history())

    assert finding.verdict == "inconclusive"
    assert finding.statement == "all 19 acknowledged writes are in the database, but 20 are needed to speak of writes"


def test_it_cannot_tell_when_the_database_was_not_asked_or_did_not_answer() -> None:
    unasked, unanswered = written().history(), written().inventory(error="no answer within 10 s").history()

    assert no_data_loss().judge(unasked).verdict == no_data_loss().judge(unanswered).verdict == "inconclusive"
    assert "found_by in the workload" in no_data_loss().judge(unasked).statement
    assert "create_user could not be counted: no answer within 10 s" in no_data_loss().judge(unanswered).statement


def test_only_what_can_be_found_is_looked_for() -> None:
    """Reads leave nothing, and a write of an operation that does not say how to find it is nobody's loss."""
    scene = written().answers(900, 1300).answers(1300, 1700, name="delete_user").inventory()

    assert no_data_loss().judge(scene.history()).numbers["acknowledged"] == 40


@pytest.mark.parametrize("found", [{"7": "1"}, {"7": None}, {"seven": 1}])
def test_garbage_in_an_inventory_finds_nothing(found: JsonObject) -> None:
    """A count that is none is no sign of life."""
    scene = written().inventory(times={7: 0})
    inventory = scene.events[-1]
    assert isinstance(inventory, Inventory)
    inventory.found.update(found)

    assert no_data_loss().judge(scene.history()).numbers["lost"] == 1
