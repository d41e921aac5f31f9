"""
Start the proxy: ``python -m fraiseql_chaos.layers.stream.driver --control PATH``.

One process, one uvloop, any number of edges; data and control share the loop, and nothing on it waits. It ends when it is told to
(SIGTERM, SIGINT), and the kernel closes everything it had open.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import os
import resource
import signal
from pathlib import Path

import uvloop

from fraiseql_chaos.errors import DeclarationError
from fraiseql_chaos.layers.stream.driver.alarm import Alarm
from fraiseql_chaos.layers.stream.driver.commands import Commands, Session
from fraiseql_chaos.layers.stream.driver.edge import Edge
from fraiseql_chaos.layers.stream.engine import HELD_BYTES_DEFAULT
from fraiseql_chaos.layers.stream.model import Address


def main() -> None:
    """Read the arguments and serve until told to stop."""
    parser = argparse.ArgumentParser(prog="fraiseql_chaos.layers.stream.driver", description=__doc__)
    parser.add_argument("--control", type=Path, required=True, metavar="PATH", help="Unix socket to be commanded over; must not exist yet")
    parser.add_argument(
        "--held-bytes",
        type=int,
        default=HELD_BYTES_DEFAULT,
        metavar="N",
        help="how much one direction of a connection may hold (default: %(default)s)",
    )
    arguments = parser.parse_args()
    _raise_descriptor_limit()
    uvloop.run(_serve(arguments.control, arguments.held_bytes))


async def _serve(control: Path, held_bytes_limit: int) -> None:
    loop = asyncio.get_running_loop()
    alarm = Alarm(loop)

    def make_edge(upstream: Address, seed: int, protocol: str) -> Edge:
        if protocol != "bytes":
            raise DeclarationError(f"this proxy reads no protocol {protocol!r}, only 'bytes'; nothing was opened")
        return Edge(loop, alarm, upstream=upstream, seed=seed, held_bytes_limit=held_bytes_limit)

    commands = Commands(make_edge)
    told_to_stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, told_to_stop.set)
    os.umask(0o077)  # Whoever may open the control socket may cut and delay: its owner alone.
    server = await loop.create_unix_server(lambda: Session(commands, loop), control)
    gc.freeze()  # What was imported lives as long as the process; collections need not look at it again.
    async with server:
        await told_to_stop.wait()


def _raise_descriptor_limit() -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


if __name__ == "__main__":
    main()
