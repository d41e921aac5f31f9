"""Histories of a link made by hand: what its captures and its kernels saw of one fault of packets."""

from __future__ import annotations

from collections.abc import Mapping

from fraiseql_chaos.core import Json
from fraiseql_chaos.history import FaultArmed, FaultDeclared, FaultHealed, Sample
from histories import NS_PER_MS, Scene

ARMED_MS, HEALED_MS = 2000, 4000


class LinkScene(Scene):
    """A load, a fault of packets from 2 s to 4 s, and what was seen of it."""

    def slice(self, at_ms: float, direction: str = "up", *, of: str = "0-loss", flaw: str = "", **counts: int) -> LinkScene:
        """Add 100 ms of the captures."""
        return self.captured(at_ms, direction, counts, of=of, flaw=flaw)

    def captured(self, at_ms: float, direction: str, counts: Mapping[str, int], *, of: str = "0-loss", flaw: str = "") -> LinkScene:
        """Add the same, its counts in a mapping."""
        began_ns = round(at_ms * NS_PER_MS)
        value: dict[str, Json] = {"of": of, "direction": direction, **({} if flaw else {"sent": 1, **counts})}
        self.events.append(
            Sample(probe="link_capture", began_ns=began_ns, at_ns=began_ns + 100 * NS_PER_MS - 1, ok=not flaw, value=value, error=flaw)
        )
        return self

    def counters(self, *, near: dict[str, int] | None = None, far: dict[str, int] | None = None) -> LinkScene:
        """Add the kernels' counters, before the fault and after it: 7 of each, and by how much they have grown."""
        names = {f"{end}.{name}": by for end, grown in (("near", near), ("far", far)) for name, by in {**_NOTHING, **(grown or {})}.items()}
        for at_ms, times in ((ARMED_MS - 100, 0), (ARMED_MS + 500, 0), (HEALED_MS + 100, 1), (HEALED_MS + 300, 9)):
            at_ns = at_ms * NS_PER_MS
            value: dict[str, Json] = {name: 7 + times * by for name, by in names.items()}
            self.events.append(Sample(probe="link_kernels", began_ns=at_ns - NS_PER_MS, at_ns=at_ns, ok=True, value=value))
        return self


_NOTHING = dict.fromkeys(("TcpRetransSegs", "TcpInCsumErrors", "TcpExtTCPDSACKOldSent", "TcpExtTCPDSACKOfoSent", "TcpExtTCPOFOQueue"), 0)


def armed() -> LinkScene:
    """Requests that all succeed, and a fault of packets."""
    scene = LinkScene().load(350)
    scene.answers(0, 7000)
    scene.events += [
        FaultDeclared(
            fault="0-loss",
            kind="loss",
            failure_type="loss",
            layer="packet",
            fidelity="kernel",
            target="database",
            parameters={"rate": 0.05},
            description="5 % of the packets lost both ways",
            arm_at_ns=ARMED_MS * NS_PER_MS,
            heal_at_ns=HEALED_MS * NS_PER_MS,
        ),
        FaultArmed(fault="0-loss", began_ns=ARMED_MS * NS_PER_MS, at_ns=(ARMED_MS + 1) * NS_PER_MS),
        FaultHealed(fault="0-loss", began_ns=HEALED_MS * NS_PER_MS, at_ns=(HEALED_MS + 1) * NS_PER_MS),
    ]
    return scene


def link(**counts: int) -> LinkScene:
    """The same, and one slice of the captures from the middle of it; those from before and after it count nothing."""
    scene = armed().slice(1500, torn=99, bad_checksum=99).slice(4500, torn=99, bad_checksum=99)
    return scene.captured(3000, "up", counts)
