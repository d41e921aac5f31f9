"""When Toxiproxy tosses its coins, and what it starts anew."""

from __future__ import annotations

import pytest

from fraiseql_chaos.layers.stream.armed import Armed
from fraiseql_chaos.toxiproxy.bodies import new_toxic
from fraiseql_chaos.toxiproxy.compat import Compat
from fraiseql_chaos.toxiproxy.go_json import Float32
from fraiseql_chaos.toxiproxy.model import TOXIC_TYPES, Toxic
from fraiseql_chaos.toxiproxy.semantics import Ours, Semantics
from layers.stream.oneway import OneWay
from toxiproxy.edges import bench, run

CONNECTIONS = 400


def toxic(name: str = "t", kind: str = "limit_data", share: float = 0.5) -> Toxic:
    attributes = dict.fromkeys(TOXIC_TYPES[kind].attributes, 1)
    return Toxic(name=name, type=kind, stream="downstream", toxicity=Float32(share), attributes=attributes)


def hit(armed: Armed) -> list[bool]:
    """Return for each connection whether its bytes were cut short."""
    ways = [OneWay(armed, connection=number) for number in range(CONNECTIONS)]
    for way in ways:
        way.renew(0)
        way.feed(b"xyz", 0)
    return [way.take(0) != [b"xyz"] for way in ways]


@pytest.mark.parametrize(("semantics", "is_kept"), [(Ours(), True), (Compat(), False)], ids=["ours", "compat"])
def test_a_change_tosses_the_coins_again_only_there(semantics: Semantics, *, is_kept: bool) -> None:
    """The share is right in both; who belongs to it stays the same in ours. (That 400 coins fall twice alike by chance is out of the question.)"""
    armed = Armed(7)
    before = semantics.faults(toxic())
    armed.arm("0", before[0], name="t", now_ns=0)
    first = hit(armed)
    armed.replace("0", semantics.faults(toxic(share=0.5), before)[0], now_ns=0)
    second = hit(armed)
    assert 0.35 < sum(first) / CONNECTIONS < 0.65
    assert (first == second) is is_kept


def test_a_coin_is_tossed_once_and_kept_while_nothing_changes() -> None:
    """Also one that fell on the other side: arming elsewhere asks again for nobody."""
    armed = Armed(7)
    armed.arm("0", Compat().faults(toxic())[0], name="t", now_ns=0)
    ways = [OneWay(armed, connection=number) for number in range(CONNECTIONS)]
    stages = []
    for way in ways:
        way.renew(0)
        stages.append(way.talk.stages)
    armed.arm("other", Compat().faults(toxic(kind="noop"))[0], name="o", now_ns=0)
    for way, (stage,) in zip(ways, stages, strict=True):
        way.renew(1)
        assert way.talk.stages[0] is stage


def test_whoever_stands_in_front_starts_anew() -> None:
    """It is interrupted to be joined with another behind it; the first in line has nobody in front."""
    line = [toxic("a"), toxic("b"), toxic("c")]
    assert [list(Compat().disturbs(line, index)) for index in range(3)] == [[], [line[0]], [line[1]]]
    assert [list(Ours().disturbs(line, index)) for index in range(3)] == [[], [], []]


@pytest.mark.parametrize("kind", sorted(TOXIC_TYPES))
def test_every_toxic_can_be_added_changed_and_removed_between_others(kind: str) -> None:
    """With a connection open, so that each change meets one."""

    async def check() -> None:
        async with bench(Compat(), one_by_one=True) as here:
            proxy = here.create()
            near, far = await here.join(proxy)
            with near, far:
                for name in ("a", "b", "c"):
                    proxy.add(new_toxic(f'{{"name": "{name}", "type": "{kind}"}}'.encode(), ()))
                proxy.change_toxic("b", b'{"toxicity": 0.5}')
                proxy.remove("b")
                proxy.clear()
            assert proxy.toxics == []

    run(check)
