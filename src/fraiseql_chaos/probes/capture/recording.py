"""The runner's side of a capture: it hands over two taps, and is handed back what both ends saw."""

from __future__ import annotations

import socket
import tempfile
from pathlib import Path
from typing import Any, Final

from fraiseql_chaos.core import ms, now_ns, seconds
from fraiseql_chaos.core.units import NS_PER_MS
from fraiseql_chaos.errors import DeclarationError
from fraiseql_chaos.probes.capture.counting import Capture
from fraiseql_chaos.probes.capture.pcap import Captured, read_pcap
from fraiseql_chaos.probes.capture.tap import BYTES_MAX
from fraiseql_chaos.rig.control_link import CONNECT_WITHIN, ControlLink
from fraiseql_chaos.rig.keeper import Keeper

__all__ = ["BYTES_LEAST", "LinkRecording"]

BYTES_LEAST: Final = 2**16
"""A file that holds less than one packet of any size holds nothing."""

_STOP_WITHIN: Final = seconds(20)
_STEP: Final = ms(5)
"""By how much the clock of the day may drift in a run; more, and somebody has set it."""


class LinkRecording:
    """
    A capture at both ends of a link, under way. Make one with ``start``, end it with ``stop``.

    Attributes:
        near, far: The files.
        cpu_ns: What the record took of a processor, once it has been stopped.
    """

    def __init__(self, link: ControlLink, *, near: Path, far: Path, ready: dict[str, Any]) -> None:
        self._link = link
        self._ready = ready
        self.near = near
        self.far = far
        self.cpu_ns: int | None = None

    @classmethod
    async def start(
        cls, keeper: Keeper, *, directory: Path, taps: tuple[socket.socket, socket.socket], name: str = "link", bytes_max: int = BYTES_MAX
    ) -> LinkRecording:
        """
        Start a capture and wait until it records.

        Args:
            keeper: The parent of its process.
            directory: Its files, ``NAME.near.pcap`` and ``NAME.far.pcap``, go here.
            taps: The packet sockets of the near and of the far end; the capture gets its own descriptors of them, and these here are closed.
            name: The link's.
            bytes_max: How long each file may become; what comes after that is counted.

        Raises:
            DeclarationError: If the bound leaves no room for a packet.
            RigError: If it does not start.
        """
        if not isinstance(bytes_max, int) or bytes_max < BYTES_LEAST:
            raise DeclarationError(f"a capture's file may be {BYTES_LEAST} bytes long or more, not {bytes_max!r}; nothing was started")
        near, far = (directory / f"{name}.{end}.pcap" for end in ("near", "far"))
        link = await ControlLink.open(
            keeper, Path(tempfile.mkdtemp(prefix="cap-", dir=keeper.directory)), module="fraiseql_chaos.probes.capture", name="capture"
        )
        try:
            await link.say({"record": {"near": str(near), "far": str(far), "bytes_max": bytes_max}}, descriptors=tuple(tap.fileno() for tap in taps))
            ready = await link.answer("ready", within=CONNECT_WITHIN)
        except BaseException:
            link.close()
            raise
        finally:
            for tap in taps:
                tap.close()
        return cls(link, near=near, far=far, ready=ready)

    async def stop(self) -> Capture:
        """
        End the record, and return what both ends saw.

        Raises:
            RigError: If the capture died, or hangs.
            HistoryError: If a file is damaged.
        """
        await self._link.say({"stop": True})
        try:
            done = await self._link.answer("done", within=_STOP_WITHIN)
        finally:
            self._link.close()
        self.cpu_ns = done["cpu_ns"]
        offset_ns: int = self._ready["offset_ns"]
        fulls_ns = [done[end]["full_ns"] - offset_ns for end in ("near", "far") if done[end]["full_ns"] is not None]
        return Capture(
            near=_monotonic(self.near, offset_ns),
            far=_monotonic(self.far, offset_ns),
            began_ns=self._ready["began_ns"],
            ended_ns=min(done["ended_ns"], *fulls_ns, now_ns()),
            not_kept=done["near"]["not_kept"] + done["far"]["not_kept"],
            flaw=_flaw(done["near"]["dropped"] + done["far"]["dropped"], done["offset_ns"] - offset_ns),
        )

    def close(self) -> None:
        """Hang up, whereupon a capture that still records ends. Not needed after ``stop``."""
        self._link.close()


def _monotonic(path: Path, offset_ns: int) -> tuple[Captured, ...]:
    return tuple(Captured(at_ns - offset_ns, raw, sent) for at_ns, raw, sent in read_pcap(path).packets)


def _flaw(dropped: int, drifted_ns: int) -> str:
    if dropped:
        return f"the kernel had no room for {dropped} packets, so what is missing cannot be told from what was not seen"
    if abs(drifted_ns) > _STEP.ns:
        return f"the clock of the day was set by {drifted_ns / NS_PER_MS:.3g} ms meanwhile, so nobody can tell when packets were sent"
    return ""
