"""
The capture of a link, around one experiment: started before the first packet of the load, read when all is healed.

What the two kernels handed over is compared packet by packet afterwards, for each fault by itself, so that the runner has nothing to do with packets while
the load runs.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from fraiseql_chaos.core import JsonObject
from fraiseql_chaos.experiment.deployment import Deployment
from fraiseql_chaos.experiment.recorder import Recorder
from fraiseql_chaos.history import Sample
from fraiseql_chaos.layers.packet.faults import PACKET_FAULTS
from fraiseql_chaos.layers.packet.model import PacketFault
from fraiseql_chaos.plan import Plan, Planned
from fraiseql_chaos.probes.capture import Armed, Capture, LinkRecording, capture_samples
from fraiseql_chaos.reports.record import PCAP_PROBE

__all__ = ["capturing"]

type Reading = Callable[[Recorder], Awaitable[None]]
"""Ends a capture, and records what it says of each fault."""


@asynccontextmanager
async def capturing(plan: Plan, deployment: Deployment, *, keep: Path | None = None) -> AsyncIterator[Reading]:
    """
    Capture what crosses the link, if a fault of the plan acts on packets, or if what is captured shall be kept.

    Args:
        plan: Its faults.
        deployment: Whose link.
        keep: What the files are called that are kept, but for ``.near.pcap`` and ``.far.pcap``; their folder is made. None to keep none. Where there is no
            link there are none.

    Yields:
        What is to be called when all is healed; it raises RigError if the capture died, or hangs.
    """
    link = deployment.way.link
    faults = [(planned, fault) for planned in plan.faults if isinstance(fault := planned.declaration.fault, PACKET_FAULTS)]
    if link is None or not (faults or keep):
        yield _nothing
        return
    taps = link.control.tap(link.name, "near"), link.control.tap(link.name, "far")
    place = deployment.directory / "link" if keep is None else keep
    place.parent.mkdir(exist_ok=True)
    recording = await LinkRecording.start(deployment.keeper, directory=place.parent, taps=taps, name=place.name)

    async def read(recorder: Recorder) -> None:
        capture = await recording.stop()
        for sample in capture_samples(capture, [lived for planned, fault in faults if (lived := _lived(planned, fault, recorder)) is not None]):
            recorder.sample(sample)
        if keep is not None:
            recorder.sample(_kept(recording, capture))

    try:
        yield read
    finally:
        recording.close()
        if keep is None:
            for path in (recording.near, recording.far):
                path.unlink(missing_ok=True)


async def _nothing(_recorder: Recorder) -> None:
    """Nobody asked for a capture."""


def _kept(recording: LinkRecording, capture: Capture) -> Sample:
    """Return what a history says of captures that were kept."""
    value: JsonObject = {
        "near": recording.near.name,
        "far": recording.far.name,
        "packets": len(capture.near) + len(capture.far),
        "not_kept": capture.not_kept,
    }
    return Sample(probe=PCAP_PROBE, began_ns=capture.began_ns, at_ns=capture.ended_ns, ok=not capture.flaw, value=value, error=capture.flaw)


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
