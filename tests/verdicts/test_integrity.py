"""Each request, what its client was told, and how often the database holds it."""

from __future__ import annotations

from fraiseql_chaos.verdicts.integrity import named, take_stock
from histories import Scene


def scene() -> Scene:
    """Four acknowledged, two in doubt, one refused."""
    made = Scene().answers(0, 80, name="create_user")
    for at_ms in (100, 120):
        made.request(at_ms, 50, outcome="indeterminate", cause="timeout", name="create_user", status=None)
    return made.request(140, 1, outcome="fail", cause="connect_failed", name="create_user", status=None)


def test_the_account_of_every_fate() -> None:
    stock = take_stock(scene().inventory(times={0: 0, 1: 2, 4: 1, 6: 1}).history())

    assert stock is not None
    assert (stock.acknowledged, stock.indeterminate, stock.refused, stock.counted, stock.took_effect) == (4, 2, 1, 7, 1)
    assert [o.ordinal for o in stock.lost] == [0]
    assert [(o.ordinal, times) for o, times in stock.doubled] == [(1, 2)]
    assert [o.ordinal for o in stock.contradicted] == [6]


def test_what_could_not_be_counted_is_no_loss() -> None:
    stock = take_stock(scene().answers(200, 280, name="update_user").inventory().inventory("update_user", error="gone").history())

    assert stock is not None
    assert (stock.acknowledged, stock.lost, stock.errors) == (4, (), ("update_user could not be counted: gone",))


def test_there_is_no_account_where_nobody_asked() -> None:
    assert take_stock(scene().history()) is None


def test_only_the_first_few_requests_are_named() -> None:
    assert named(scene().history().operations[:2]) == ("request 0 (create_user) planned at 0.000 s, request 1 (create_user) planned at 0.020 s")
    assert named(scene().history().operations).endswith("planned at 0.040 s, ...")
