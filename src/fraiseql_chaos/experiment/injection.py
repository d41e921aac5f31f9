"""
Arm and heal, and write down both.

Every fault is a guard: entering arms it, leaving heals it. What is armed is healed whatever happens; what goes wrong while healing is
collected, so that one fault that will not heal keeps no other from healing, and none of it is lost.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, nullcontext
from typing import Final

from fraiseql_chaos.errors import DeclarationError, InternalError
from fraiseql_chaos.experiment.deployment import Deployment
from fraiseql_chaos.experiment.edges import LinkEdge, ProxyEdge
from fraiseql_chaos.experiment.recorder import Recorder
from fraiseql_chaos.history import FaultArmed, FaultHealed
from fraiseql_chaos.layers.packet.faults import PACKET_FAULTS
from fraiseql_chaos.layers.packet.netem import check_netem
from fraiseql_chaos.layers.server import driver as server_driver
from fraiseql_chaos.layers.server.faults import SERVER_FAULTS
from fraiseql_chaos.layers.service import driver as service_driver
from fraiseql_chaos.layers.service.faults import SERVICE_FAULTS
from fraiseql_chaos.layers.stream.faults import STREAM_FAULTS
from fraiseql_chaos.layers.stream.model import StreamFault
from fraiseql_chaos.layers.wire.faults import WIRE_FAULTS
from fraiseql_chaos.plan import Plan, Planned, Window

__all__ = ["Injector", "check_together", "guard_of"]

_ON_PROXIES: Final[tuple[type[StreamFault], ...]] = (*STREAM_FAULTS, *WIRE_FAULTS)

type Guard = AbstractAsyncContextManager[None]


def guard_of(planned: Planned, deployment: Deployment) -> Guard:
    """
    Return the guard that arms a fault on a deployment, and heals it.

    Raises:
        CapabilityError: If the server, or the link, cannot do it.
        DeclarationError: If nothing lies on the way to the server that could do it.
    """
    fault, way = planned.declaration.fault, deployment.way
    if isinstance(fault, _ON_PROXIES):
        if way.proxy is None:
            raise _has_no_place(planned, "a proxy, which reads the stream", "edge=packets", "stream or both")
        return _armed(way.proxy, planned)
    if isinstance(fault, PACKET_FAULTS):
        if way.link is None:
            raise _has_no_place(planned, "a link, which carries packets", "edge=stream", "packets or both")
        if way.link.mechanism == "netem":
            check_netem([fault])
        return _armed(way.link, planned)
    if isinstance(fault, SERVER_FAULTS):
        return server_driver.armed(fault, deployment.server)
    if isinstance(fault, SERVICE_FAULTS):
        return service_driver.armed(fault, deployment.crowd)
    raise InternalError(f"no layer knows the fault {fault!r}")


def check_together(plan: Plan, deployment: Deployment) -> None:
    """
    See that a link can do what is armed on it at the same time.

    Raises:
        CapabilityError: If it cannot; nothing was armed.
    """
    link = deployment.way.link
    if link is None or link.mechanism != "netem":
        return
    on_link = [planned for planned in plan.faults if isinstance(planned.declaration.fault, PACKET_FAULTS)]
    for planned in on_link:
        window = planned.declaration.window
        check_netem([other.declaration.fault for other in on_link if _acts_when(window, other.declaration.window)])  # type: ignore[misc]  # seen to above


def _acts_when(armed: Window | None, other: Window | None) -> bool:
    """Tell whether a fault with a window acts when one with another is armed; without a window it acts from the first to the last."""
    return other is None or (armed is not None and other.begin <= armed.begin < other.end)


@asynccontextmanager
async def _armed(edge: ProxyEdge | LinkEdge, planned: Planned) -> AsyncIterator[None]:
    # Which of the two kinds of edges can arm the fault has been seen to by who asks.
    edge.arm(planned.fault_id, planned.declaration.fault, dice=planned.dice_name)  # type: ignore[arg-type]
    try:
        yield
    finally:
        edge.heal(planned.fault_id)


def _has_no_place(planned: Planned, needed: str, given: str, other: str) -> DeclarationError:
    kind = planned.declaration.fault.kind
    return DeclarationError(f"{kind} needs {needed}, and the service was deployed with {given}; take edge={other} (--chaos-edge); nothing was armed")


class Injector:
    """
    Arms and heals the faults of one run.

    Args:
        guards: The guard of each planned fault, by its id; each can be entered once.
        recorder: Where arming and healing are written down.
        disarmed: Go through all motions but touch nothing: the negative control that every suite should fail.
    """

    def __init__(self, guards: Mapping[str, Guard], recorder: Recorder, *, disarmed: bool) -> None:
        self._guards = guards
        self._recorder = recorder
        self._disarmed = disarmed
        self._armed: dict[str, AsyncExitStack] = {}
        self._acting: dict[str, Planned] = {}

    @property
    def server_taken(self) -> bool:
        """Whether the server may be gone because of us: a fault that takes it away is being armed, armed, being healed, or would not heal."""
        faults = (planned.declaration.fault for planned in self._acting.values())
        return any(fault.layer == "server" and fault.silences for fault in faults)

    async def arm(self, planned: Planned) -> None:
        """Arm one fault."""
        began_ns = self._recorder.now_ns()
        stack = AsyncExitStack()
        if not self._disarmed:
            self._acting[planned.fault_id] = planned
        await stack.enter_async_context(nullcontext() if self._disarmed else self._guards[planned.fault_id])
        self._armed[planned.fault_id] = stack
        self._recorder.append(FaultArmed(fault=planned.fault_id, began_ns=began_ns, at_ns=self._recorder.now_ns()))

    async def heal(self, fault_id: str) -> None:
        """Heal one fault; healing one that is not armed does nothing."""
        stack = self._armed.pop(fault_id, None)
        if stack is None:
            return
        began_ns = self._recorder.now_ns()
        error = ""
        try:
            await stack.aclose()
        except BaseException as failure:
            error = str(failure) or type(failure).__name__
            raise
        else:
            self._acting.pop(fault_id, None)
        finally:
            self._recorder.append(FaultHealed(fault=fault_id, began_ns=began_ns, at_ns=self._recorder.now_ns(), error=error))

    async def heal_all(self) -> None:
        """
        Heal whatever is still armed, last armed first.

        Raises:
            ExceptionGroup: Of everything that went wrong while healing.
        """
        failures: list[Exception] = []
        for fault_id in reversed(tuple(self._armed)):
            try:
                await self.heal(fault_id)
            except Exception as failure:  # noqa: BLE001  collected and raised below; the other faults must still heal
                failures.append(failure)
        if failures:
            raise ExceptionGroup("errors while healing", failures)
