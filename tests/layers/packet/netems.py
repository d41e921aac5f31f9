"""What netem can do of our faults, each with what it is in tc's words, and the bytes that tc 6.1 hands to the kernel for them, as strace(1) saw them."""

from __future__ import annotations

import subprocess
from typing import Final

import pytest

from fraiseql_chaos.core import ms
from fraiseql_chaos.layers.packet.faults import BurstLoss, Duplicate, Loss, PacketDelay, PacketRate, Partition, Reorder
from fraiseql_chaos.layers.packet.model import PacketFault

__all__ = ["EXAMPLES", "SENT_BY_TC", "tc"]

EXAMPLES: Final[dict[str, tuple[PacketFault, ...]]] = {
    "limit 44739 loss random 5%": (Loss(rate=0.05),),
    "limit 44739 loss random 100%": (Partition(),),
    "limit 44739 loss gemodel 1% 25% 90% 0.5%": (BurstLoss(enter=0.01, leave=0.25, loss_in_burst=0.9, loss_outside=0.005),),
    "limit 44739 duplicate 3%": (Duplicate(rate=0.03),),
    "limit 44739 delay 50000us": (PacketDelay(delay=ms(50)),),
    "limit 44739 delay 50000us 10000us": (PacketDelay(delay=ms(50), jitter=ms(10), keeps_order=False),),
    "limit 44739 delay 50000us 10000us distribution normal": (PacketDelay(delay=ms(50), jitter=ms(10), keeps_order=False, distribution="normal"),),
    "limit 44739 delay 20000us reorder 90% gap 1": (Reorder(rate=0.1, delay=ms(20)),),
    "limit 100 rate 125000bps -14": (PacketRate(rate_bytes_per_s=125_000),),
    "limit 7 rate 5000000000bps -14": (PacketRate(rate_bytes_per_s=5_000_000_000, queue_packets=7),),
    "limit 44739 delay 5000us loss random 2%": (PacketDelay(delay=ms(5)), Loss(rate=0.02)),
}

SENT_BY_TC: Final[dict[str, str]] = {
    "limit 44739 loss random 5%": "00000000c3ae0000cdcccc0c000000000000000000000000",
    "limit 44739 loss random 100%": "00000000c3ae0000ffffffff000000000000000000000000",
    "limit 44739 loss gemodel 1% 25% 90% 0.5%": "00000000c3ae0000000000000000000000000000000000001800058014000200295c8f02000000409999991914ae4701",
    "limit 44739 duplicate 3%": "00000000c3ae000000000000000000007b14ae0700000000",
    "limit 44739 delay 50000us": "c2eb0b00c3ae000000000000000000000000000000000000",
    "limit 44739 delay 50000us 10000us": "c2eb0b00c3ae00000000000000000000000000005a620200",
    "limit 44739 delay 20000us reorder 90% gap 1": "b4c40400c3ae0000000000000100000000000000000000000c000300666666e600000000",
    "limit 100 rate 125000bps -14": "0000000064000000000000000000000000000000000000001400060048e80100f2ffffff0000000000000000",
    "limit 7 rate 5000000000bps -14": "0000000007000000000000000000000000000000000000000c00080000f2052a0100000014000600fffffffff2ffffff0000000000000000",
    "limit 44739 delay 5000us loss random 2%": "2d310100c3ae000052b81e05000000000000000000000000",
}
"""Without the one whose table tc reads from a file of its own."""

TC: Final = ("unshare", "--user", "--map-root-user", "--net", "tc", "qdisc", "replace", "dev", "lo", "root", "netem")


def tc(*words: str) -> str:
    """Return what tc answers, which reads all words before it asks the kernel; in a network of its own, should the kernel do it."""
    done = subprocess.run([*TC, *words], capture_output=True, text=True, timeout=10, check=False)
    if "unshare failed" in done.stderr:
        pytest.skip(f"this kernel lets nobody make a network to ask tc in: {done.stderr.strip()}")
    return done.stderr
