"""
The capture of a link, around one experiment: started before the first packet of the load, read when all is healed.

What the two kernels handed over is compared packet by packet afterwards, for each fault by itself, so that the runner has nothing to do with packets while
the load runs.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from fraiseql_chaos.experiment.deployment import Deployment
from fraiseql_chaos.experiment.recorder import Recorder
from fraiseql_chaos.layers.packet.faults import PACKET_FAULTS
from fraiseql_chaos.layers.packet.model import PacketFault
from fraiseql_chaos.plan import Plan, Planned
from fraiseql_chaos.probes.capture import Armed, LinkRecording, capture_samples

__all__ = ["capturing"]

type Reading = Callable[[Recorder], Awaitable[None]]
"""Ends a capture, and records what it says of each fault."""


@asynccontextmanager
async def capturing(plan: Plan, deployment: Deployment) -> AsyncIterator[Reading]:
    """
    Capture what crosses the link, if a fault of the plan acts on packets.

    Yields:
        What is to be called when all is healed; it raises RigError if the capture died, or hangs.
    """
    link = deployment.way.link
    faults = [(planned, fault) for planned in plan.faults if isinstance(fault := planned.declaration.fault, PACKET_FAULTS)]
    if link is None or not faults:
        yield _nothing
        return
    taps = link.control.tap(link.name, "near"), link.control.tap(link.name, "far")
    recording = await LinkRecording.start(deployment.keeper, directory=deployment.directory, taps=taps)

    async def read(recorder: Recorder) -> None:
        capture = await recording.stop()
        for sample in capture_samples(capture, [lived for planned, fault in faults if (lived := _lived(planned, fault, recorder)) is not None]):
            recorder.sample(sample)

    try:
        yield read
    finally:
        recording.close()
        for path in (recording.near, recording.far):
            path.unlink(missing_ok=True)


async def _nothing(_recorder: Recorder) -> None:
    """Nobody asked for a capture."""


def _lived(planned: Planned, fault: PacketFault, recorder: Recorder) -> Armed | None:
    """Return when a fault acted, on the machine's clock; None if it never did."""
    armed, healed = recorder.armed.get(planned.fault_id), recorder.healed.get(planned.fault_id)
    if armed is None or healed is None:
        return None
    origin_ns = recorder.origin_ns
    return Armed(
        fault_id=planned.fault_id,
        match=fault.match,
        arming_ns=origin_ns + armed.began_ns,
        armed_ns=origin_ns + armed.at_ns,
        healing_ns=origin_ns + healed.began_ns,
        healed_ns=origin_ns + healed.at_ns,
    )
