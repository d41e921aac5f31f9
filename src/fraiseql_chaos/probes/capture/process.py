"""
The capture's own process: ``python -m fraiseql_chaos.probes.capture --control PATH``.

    runner                                                     capture
      {"record": {"near": path, "far": path, "bytes_max": n}}   ----->   and with it, by SCM_RIGHTS, the two taps
                                                                <-----  {"ready": {"began_ns": N, "offset_ns": N}}
      {"stop": true}                                            ----->
                                                                <-----  {"done": {"ended_ns": N, "offset_ns": N, "cpu_ns": n, "near": {...}, "far": {...}}}

It reads in strokes of a few milliseconds, because to be woken for every packet costs more than to write it down: the kernel keeps what comes
meanwhile, stamped. ``offset_ns`` is by how much the clock of the day, on which the kernel stamps, is ahead of the monotonic one, on which
everything else is told. If the runner goes away the capture ends.
"""

from __future__ import annotations

import argparse
import json
import select
import socket
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from fraiseql_chaos.core import JsonObject, now_ns
from fraiseql_chaos.errors import LocalProtocolError
from fraiseql_chaos.probes.capture.tap import Tap

__all__ = ["main"]

_STROKE_MS: Final = 5
_LINE_MAX: Final = 2**16


def main(arguments: Sequence[str] | None = None) -> None:
    """Record until told to stop, or until nobody listens any more."""
    parser = argparse.ArgumentParser(description="Capture of both ends of a link; started by the runner.")
    parser.add_argument("--control", required=True, metavar="PATH", help="Unix socket that the runner listens on")
    with socket.socket(socket.AF_UNIX) as control:
        control.connect(parser.parse_args(arguments).control)
        try:
            _serve(control)
        except (LocalProtocolError, OSError) as error:
            _say(control, {"failed": str(error)})


def _serve(control: socket.socket) -> None:
    line, descriptors, _, _ = socket.recv_fds(control, _LINE_MAX, 2)
    if not line:
        return
    order = json.loads(line).get("record")
    if order is None or len(descriptors) != 2:
        raise LocalProtocolError(f"the runner should have sent 'record' with two taps, and sent {line.decode()!r} with {len(descriptors)}")
    near, far = (
        Tap(socket.socket(fileno=descriptor), Path(order[end]), bytes_max=order["bytes_max"])
        for end, descriptor in zip(("near", "far"), descriptors, strict=True)
    )
    _say(control, {"ready": {"began_ns": now_ns(), "offset_ns": _offset_ns()}})
    cpu_ns = time.process_time_ns()
    if not _record(control, (near, far)):
        return
    ended_ns = now_ns()
    ends: JsonObject = {"near": near.close(), "far": far.close()}
    _say(control, {"done": {"ended_ns": ended_ns, "offset_ns": _offset_ns(), "cpu_ns": time.process_time_ns() - cpu_ns, **ends}})


def _record(control: socket.socket, taps: Sequence[Tap]) -> bool:
    """Write down what comes until the runner says stop (True) or is gone (False)."""
    everything, runner = select.poll(), select.poll()
    for descriptor in (control, *(tap.sock for tap in taps)):
        everything.register(descriptor, select.POLLIN)
    runner.register(control, select.POLLIN)
    while True:
        everything.poll()
        if runner.poll(_STROKE_MS):
            word = control.recv(_LINE_MAX)
            if word and json.loads(word) != {"stop": True}:
                raise LocalProtocolError(f"the runner should have sent 'stop', and sent {word.decode()!r}")
            return bool(word)
        for tap in taps:
            tap.drain()


def _offset_ns() -> int:
    """Return by how much the clock of the day is ahead of the monotonic one, as exactly as two reads around a third tell."""
    reads = [(now_ns(), time.time_ns(), now_ns()) for _ in range(5)]
    before_ns, day_ns, after_ns = min(reads, key=lambda read: read[2] - read[0])
    return day_ns - (before_ns + after_ns) // 2


def _say(control: socket.socket, message: dict[str, Any]) -> None:
    control.sendall(json.dumps(message).encode() + b"\n")
