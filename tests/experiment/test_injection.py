"""What is armed is healed whatever happens, both are written down, and no error on the way is lost."""

from __future__ import annotations

import asyncio
import os
import socket
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import ClassVar, cast

import pytest

from fraiseql_chaos.core import Duration, JsonObject, ms, seconds
from fraiseql_chaos.errors import CapabilityError, DeclarationError, InternalError, RigError
from fraiseql_chaos.experiment.deployment import Deployment
from fraiseql_chaos.experiment.edges import LinkEdge, ProxyEdge
from fraiseql_chaos.experiment.injection import Injector, check_together, guard_of
from fraiseql_chaos.experiment.network import Way
from fraiseql_chaos.experiment.recorder import Recorder
from fraiseql_chaos.history import FaultArmed, FaultHealed, Sample
from fraiseql_chaos.layers.packet.control import LinkControl
from fraiseql_chaos.layers.packet.ends import ends_from_json
from fraiseql_chaos.layers.packet.faults import Loss, Partition
from fraiseql_chaos.layers.stream.control import EdgeControl
from fraiseql_chaos.layers.stream.faults import Latency, Refuse
from fraiseql_chaos.layers.stream.model import TcpAddress
from fraiseql_chaos.plan import Declaration, Fault, Fidelity, Plan, Planned, Sighting, Window, make_plan
from fraiseql_chaos.rig.keeper import Child, Keeper

pytestmark = pytest.mark.anyio


class World:
    """Something to break: it remembers what was done to it, and can be made to resist."""

    def __init__(self) -> None:
        self.story: list[str] = []
        self.will_not_arm: set[str] = set()
        self.will_not_heal: dict[str, BaseException] = {}

    @asynccontextmanager
    async def guard(self, fault_id: str) -> AsyncIterator[None]:
        if fault_id in self.will_not_arm:
            raise RigError(f"{fault_id} will not arm")
        self.story.append(f"arm {fault_id}")
        try:
            yield
        finally:
            self.story.append(f"heal {fault_id}")
            if fault_id in self.will_not_heal:
                raise self.will_not_heal[fault_id]


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def recorder(tmp_path: Path) -> Iterator[Recorder]:
    recorder = Recorder(tmp_path / "history.jsonl", origin_ns=0)
    yield recorder
    recorder.abandon()


@pytest.fixture
def guards(world: World) -> dict[str, AbstractAsyncContextManager[None]]:
    return {fault_id: world.guard(fault_id) for fault_id in ("0-refuse", "1-refuse", "2-refuse")}


@pytest.fixture
def injector(guards: dict[str, AbstractAsyncContextManager[None]], recorder: Recorder) -> Injector:
    return Injector(guards, recorder, disarmed=False)


def fault(ordinal: int) -> Planned:
    return Planned(fault_id=f"{ordinal}-refuse", declaration=Declaration(fault=Refuse(), target="database"))


async def test_arming_and_healing_are_done_and_written_down(injector: Injector, world: World, recorder: Recorder) -> None:
    before_ns = recorder.now_ns()
    await injector.arm(fault(0))
    assert (world.story, list(recorder.armed), recorder.healed) == (["arm 0-refuse"], ["0-refuse"], {})
    await injector.heal("0-refuse")
    assert world.story == ["arm 0-refuse", "heal 0-refuse"]
    armed, healed = recorder.armed["0-refuse"], recorder.healed["0-refuse"]
    assert before_ns <= armed.began_ns <= armed.at_ns <= healed.began_ns <= healed.at_ns <= recorder.now_ns()
    assert healed.error == ""


async def test_times_include_the_whole_of_arming_and_of_healing(recorder: Recorder) -> None:
    inside: list[int] = []

    @asynccontextmanager
    async def guard() -> AsyncIterator[None]:
        inside.append(recorder.now_ns())
        yield
        inside.append(recorder.now_ns())

    injector = Injector({"0-refuse": guard()}, recorder, disarmed=False)
    await injector.arm(fault(0))
    await injector.heal("0-refuse")
    armed, healed = recorder.armed["0-refuse"], recorder.healed["0-refuse"]
    assert armed.began_ns <= inside[0] <= armed.at_ns
    assert healed.began_ns <= inside[1] <= healed.at_ns


async def test_disarmed_injector_touches_nothing_but_writes_everything(
    world: World, guards: dict[str, AbstractAsyncContextManager[None]], recorder: Recorder
) -> None:
    injector = Injector(guards, recorder, disarmed=True)
    for ordinal in range(2):
        await injector.arm(fault(ordinal))
    await injector.heal("0-refuse")
    await injector.heal_all()
    assert world.story == []
    assert (list(recorder.armed), list(recorder.healed)) == (["0-refuse", "1-refuse"], ["0-refuse", "1-refuse"])


async def test_fault_that_does_not_arm_is_neither_armed_nor_healed(injector: Injector, world: World, recorder: Recorder) -> None:
    world.will_not_arm.add("0-refuse")
    with pytest.raises(RigError, match="0-refuse will not arm"):
        await injector.arm(fault(0))
    await injector.heal_all()
    assert (world.story, recorder.armed, recorder.healed) == ([], {}, {})


async def test_healing_what_is_not_armed_does_nothing(injector: Injector, world: World, recorder: Recorder) -> None:
    await injector.heal("0-refuse")
    await injector.arm(fault(0))
    for _ in range(2):
        await injector.heal("0-refuse")
    assert world.story == ["arm 0-refuse", "heal 0-refuse"]
    assert len((recorder._log.path).read_text().splitlines()) == 2


async def test_what_is_left_heals_from_the_last_armed_to_the_first(injector: Injector, world: World) -> None:
    for ordinal in range(3):
        await injector.arm(fault(ordinal))
    await injector.heal("1-refuse")
    await injector.heal_all()
    await injector.heal_all()
    assert world.story[3:] == ["heal 1-refuse", "heal 2-refuse", "heal 0-refuse"]


async def test_failure_to_heal_is_raised_and_written_down(injector: Injector, world: World, recorder: Recorder) -> None:
    world.will_not_heal["0-refuse"] = RigError("the proxy is gone")
    await injector.arm(fault(0))
    with pytest.raises(RigError, match="the proxy is gone"):
        await injector.heal("0-refuse")
    assert recorder.healed["0-refuse"].error == "the proxy is gone"


async def test_failure_without_words_is_written_down_by_its_name(injector: Injector, world: World, recorder: Recorder) -> None:
    world.will_not_heal["0-refuse"] = KeyError()
    await injector.arm(fault(0))
    with pytest.raises(KeyError):
        await injector.heal("0-refuse")
    assert recorder.healed["0-refuse"].error == "KeyError"


async def test_fault_that_will_not_heal_keeps_no_other_from_healing_and_no_error_is_lost(
    injector: Injector, world: World, recorder: Recorder
) -> None:
    world.will_not_heal = {"2-refuse": RigError("two"), "0-refuse": OSError("zero")}
    for ordinal in range(3):
        await injector.arm(fault(ordinal))
    with pytest.raises(ExceptionGroup, match="errors while healing") as caught:
        await injector.heal_all()
    assert [str(error) for error in caught.value.exceptions] == ["two", "zero"]
    assert world.story[3:] == ["heal 2-refuse", "heal 1-refuse", "heal 0-refuse"]
    assert {name: healed.error for name, healed in recorder.healed.items()} == {"2-refuse": "two", "1-refuse": "", "0-refuse": "zero"}


async def test_cancellation_while_healing_is_passed_on_and_the_rest_still_heals_next_time(injector: Injector, world: World) -> None:
    world.will_not_heal["1-refuse"] = asyncio.CancelledError()
    for ordinal in range(2):
        await injector.arm(fault(ordinal))
    with pytest.raises(asyncio.CancelledError):
        await injector.heal_all()
    await injector.heal_all()
    assert world.story[2:] == ["heal 1-refuse", "heal 0-refuse"]


class Unheard:
    """A fault of no layer."""

    kind: ClassVar[str] = "unheard"
    failure_type: ClassVar[str] = "unheard"
    layer: ClassVar[str] = "none"
    fidelity: ClassVar[Fidelity] = "wire"
    silences: ClassVar[bool] = False
    witnesses: ClassVar[tuple[str, ...]] = ()

    def parameters(self) -> JsonObject:
        return {}

    def sightings(self, before: tuple[Sample, ...], during: tuple[Sample, ...]) -> tuple[Sighting, ...]:  # noqa: ARG002  the role asks for them
        return ()


@pytest.fixture(scope="module")
def edges() -> Iterator[EdgeControl]:
    with Keeper.start() as keeper:
        control = keeper.directory / "edges.sock"
        argv = [sys.executable, "-m", "fraiseql_chaos.layers.stream.driver", "--control", str(control)]
        keeper.spawn(argv, name="edge proxy", log=keeper.directory / "edges.log", env={"PATH": os.defpath})
        edges = EdgeControl(control)
        edges.wait_ready()
        yield edges


@pytest.fixture
def deployment(edges: EdgeControl) -> Iterator[Deployment]:
    """Of a deployment only what a fault on an edge may touch: the edge, before a listener that answers nobody."""
    with socket.create_server(("127.0.0.1", 0)) as upstream:
        host, port = upstream.getsockname()
        address = edges.open("database", upstream=TcpAddress(host=host, port=port), seed=1)
        absent = cast("dict[str, None]", dict.fromkeys(("rig", "keeper", "server", "service", "application", "directory", "crowd")))
        way = Way(address=address, proxy=ProxyEdge(control=edges, name="database"))
        yield Deployment(way=way, database="d", database_url="", **absent)  # type: ignore[arg-type]  # see above
        edges.close_edge("database")


def is_refused(deployment: Deployment) -> bool:
    try:
        socket.create_connection((deployment.way.address.host, deployment.way.address.port), 10).close()
    except ConnectionRefusedError:
        return True
    return False


def planned(what: Fault) -> Planned:
    return Planned(fault_id="0-fault", declaration=Declaration(fault=what, target="database"))


async def test_fault_on_an_edge_acts_inside_its_guard_and_not_behind_it(deployment: Deployment) -> None:
    guard = guard_of(planned(Refuse()), deployment)
    assert not is_refused(deployment)
    async with guard:
        assert is_refused(deployment)
    assert not is_refused(deployment)


async def test_fault_on_an_edge_heals_on_exception(deployment: Deployment) -> None:
    with pytest.raises(KeyError):
        async with guard_of(planned(Refuse()), deployment):
            raise KeyError
    assert not is_refused(deployment)


async def test_fault_on_an_edge_is_armed_once_only(deployment: Deployment) -> None:
    async with guard_of(planned(Latency(delay=ms(1))), deployment):
        with pytest.raises(DeclarationError, match="0-fault"):
            await guard_of(planned(Refuse()), deployment).__aenter__()
    assert not is_refused(deployment)


async def test_disarmed_injector_refuses_nobody(deployment: Deployment, recorder: Recorder) -> None:
    injector = Injector({"0-fault": guard_of(planned(Refuse()), deployment)}, recorder, disarmed=True)
    await injector.arm(planned(Refuse()))
    assert not is_refused(deployment)
    await injector.heal_all()
    lines = [type(event) for event in (recorder.armed["0-fault"], recorder.healed["0-fault"])]
    assert lines == [FaultArmed, FaultHealed]


async def test_fault_of_no_layer_is_our_own_bug(deployment: Deployment) -> None:
    with pytest.raises(InternalError, match="no layer knows the fault"):
        guard_of(planned(Unheard()), deployment)


async def test_a_fault_with_nothing_on_the_way_that_could_do_it_is_refused(deployment: Deployment) -> None:
    """Either way round; the message says what is missing, and what to ask for."""
    bare = replace(deployment, way=Way(address=deployment.way.address))
    with pytest.raises(DeclarationError, match=r"refuse needs a proxy.*take edge=stream or both.*nothing was armed"):
        guard_of(planned(Refuse()), bare)
    with pytest.raises(DeclarationError, match=r"loss needs a link.*take edge=packets or both.*nothing was armed"):
        guard_of(planned(Loss(rate=0.5)), deployment)


def over_netem(deployment: Deployment, tmp_path: Path) -> Deployment:
    """The same, with a link that netem bends; nobody answers for it, so what is refused here has been refused before anything was armed."""
    ends = ends_from_json({side: {"ipv4": "198.18.0.1", "ipv6": None, "device": side, "namespace": "/"} for side in ("near", "far")})
    nobody = Child(pid=os.getpid(), start_ticks=0, name="nobody")
    link = LinkEdge(control=LinkControl(tmp_path / "nobody.sock"), name="database", ends=ends, forwarder=nobody, mechanism="netem")
    return replace(deployment, way=Way(address=deployment.way.address, link=link))


async def test_what_netem_cannot_do_is_refused_before_anything_is_armed(deployment: Deployment, tmp_path: Path) -> None:
    there = over_netem(deployment, tmp_path)
    with pytest.raises(CapabilityError, match=r"partition cannot be done by netem.*--chaos-link=tun.*nothing was armed"):
        guard_of(planned(Partition(how="reset")), there)
    guard_of(planned(Partition()), there)


async def test_what_netem_cannot_do_at_once_is_refused_if_it_would_be_at_once(deployment: Deployment, tmp_path: Path) -> None:
    there = over_netem(deployment, tmp_path)
    early, late, both = ((seconds(0), seconds(1)), (seconds(1), seconds(2)), (seconds(0.5), seconds(1.5)))

    def plan_of(*windows: tuple[Duration, Duration] | None) -> Plan:
        declared = [
            Declaration(fault=Loss(rate=0.1 * n), target="database", window=None if window is None else Window(begin=window[0], end=window[1]))
            for n, window in enumerate(windows, 1)
        ]
        return make_plan(declared, seed=1)

    check_together(plan_of(early, late), there)
    check_together(plan_of(early, both, None), deployment)
    for windows in ((early, both), (late, both), (None, late), (None, None)):
        with pytest.raises(CapabilityError, match=r"loss and loss cannot be done by netem at the same time.*nothing was armed"):
            check_together(plan_of(*windows), there)
