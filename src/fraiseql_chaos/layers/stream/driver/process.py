"""
The proxy process: one uvloop, any number of edges; data and control share the loop, and nothing on it waits.

It ends when it is told to (SIGTERM, SIGINT), and the kernel closes everything it had open. What it can read of what passes, and which faults it
knows beside those of the stream, is said by who starts it: the stream layer knows of no other.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import os
import signal
from collections.abc import Callable, Mapping
from pathlib import Path

import uvloop

from fraiseql_chaos.errors import DeclarationError
from fraiseql_chaos.layers.stream.codec import STREAM_KINDS
from fraiseql_chaos.layers.stream.driver.alarm import Alarm
from fraiseql_chaos.layers.stream.driver.commands import Commands, Session
from fraiseql_chaos.layers.stream.driver.descriptors import raise_descriptor_limit
from fraiseql_chaos.layers.stream.driver.edge import Edge, Reading
from fraiseql_chaos.layers.stream.engine import HELD_BYTES_DEFAULT
from fraiseql_chaos.layers.stream.model import Address, StreamFault

__all__ = ["MakeReading", "run"]

type MakeReading = Callable[[int], Reading]
"""Makes what reads an edge's connections, from the seed that the dice of its faults derive from."""


def run(prog: str, *, kinds: Mapping[str, type[StreamFault]] = STREAM_KINDS, readings: Mapping[str, MakeReading] | None = None) -> None:
    """
    Read the arguments and serve until told to stop.

    Args:
        prog: What the process is called in its own help.
        kinds: The faults that can be armed, by wire name.
        readings: What can be read of what passes, by the protocol's name; ``bytes`` is for nothing and always there.
    """
    parser = argparse.ArgumentParser(prog=prog, description="The edge proxy: full-duplex, commanded over a Unix socket.")
    parser.add_argument("--control", type=Path, required=True, metavar="PATH", help="Unix socket to be commanded over; must not exist yet")
    parser.add_argument(
        "--held-bytes",
        type=int,
        default=HELD_BYTES_DEFAULT,
        metavar="N",
        help="how much one direction of a connection may hold (default: %(default)s)",
    )
    arguments = parser.parse_args()
    raise_descriptor_limit()
    uvloop.run(_serve(arguments.control, arguments.held_bytes, kinds, {} if readings is None else readings))


async def _serve(control: Path, held_bytes_limit: int, kinds: Mapping[str, type[StreamFault]], readings: Mapping[str, MakeReading]) -> None:
    loop = asyncio.get_running_loop()
    alarm = Alarm(loop)

    def make_edge(upstream: Address, seed: int, protocol: str) -> Edge:
        if protocol != "bytes" and protocol not in readings:
            raise DeclarationError(f"this proxy reads {', '.join(('bytes', *readings))}, and no protocol {protocol!r}; nothing was opened")
        reading = readings[protocol](seed) if protocol in readings else None
        return Edge(loop, alarm, upstream=upstream, seed=seed, held_bytes_limit=held_bytes_limit, reading=reading)

    commands = Commands(make_edge, kinds=kinds)
    told_to_stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, told_to_stop.set)
    os.umask(0o077)  # Whoever may open the control socket may cut and delay: its owner alone.
    server = await loop.create_unix_server(lambda: Session(commands, loop), control)
    gc.freeze()  # What was imported lives as long as the process; collections need not look at it again.
    async with server:
        await told_to_stop.wait()
