"""
What both kernels at the ends of a link saw, packet by packet, and what became of each.

    near kernel --tap--> capture process --> near.pcap --+
    far kernel  --tap-->  (its own)      --> far.pcap  --+--> follow --> count --> samples, for each fault

A tap is a packet socket that the kernel fills, on the device that the link ends in. So nothing here is the link's word: what it drops, doubles, holds or
bends shows because one kernel handed it over and the other was handed something else, or nothing.
"""

from __future__ import annotations

from fraiseql_chaos.probes.capture.counting import Armed, Capture, capture_samples
from fraiseql_chaos.probes.capture.recording import LinkRecording

__all__ = ["Armed", "Capture", "LinkRecording", "capture_samples"]
