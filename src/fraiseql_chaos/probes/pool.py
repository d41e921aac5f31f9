"""
What the service's connection pool says of itself, and who waits in it, by the observer in the service's process.

The observer reads what lies in the process's memory and takes part in nothing (``rig/launch_service.py``), so a pool that hangs, or an event loop that
stands still, is still told of. A look costs the service a fifth of a millisecond of processor time, so twenty a
second 0.4 % (measured on a 2-core virtual machine, against the same service left alone).

Source:
    psycopg_pool documentation, "Pool stats".
"""

from __future__ import annotations

import asyncio
import json
import socket
from pathlib import Path
from typing import Any, Final

from fraiseql_chaos.core import Duration, JsonObject, ms
from fraiseql_chaos.probes.model import Look

__all__ = ["ServicePool"]

_NUMBERS: Final = {
    "min": "pool_min",
    "max": "pool_max",
    "size": "pool_size",
    "available": "pool_available",
    "waiting": "requests_waiting",
    "requests": "requests_num",
    "queued": "requests_queued",
    "wait_ms": "requests_wait_ms",
    "errors": "requests_errors",
    "usage_ms": "usage_ms",
}
"""What we call the pool's own statistics. One that it has not counted yet is missing from them, and 0."""

EVERY: Final = ms(47)
"""Twenty times a second, but not in step with a load that sends at a round rate: such a one would be met with the same request in flight at every look."""

_LIMIT: Final = 2**20
"""A longer answer than this is none of our observer's."""


class ServicePool:
    """
    Ask the service's observer for the pool's own numbers and its queue.

    Args:
        observer: Where it answers; None if the service has none.
        within: How long an answer may take.
    """

    name = "service_pool"

    def __init__(self, observer: Path | None, *, every: Duration = EVERY, within: Duration = ms(500)) -> None:
        self.every = every
        self._observer = observer
        self._within = within

    async def look(self) -> Look:
        """Ask once; a service without a pool of FraiseQL's is an observation, and so is one that does not answer."""
        if self._observer is None:
            return Look(ok=False, value={}, error="the service was started without an observer")
        try:
            async with asyncio.timeout(self._within.s):
                told = await _told(self._observer)
            return Look(ok=True, value=_numbers(told)) if "stats" in told else Look(ok=False, value={}, error=str(told.get("error", told)))
        except TimeoutError:
            return Look(ok=False, value={}, error=f"no answer within {self._within}")
        except (OSError, ValueError) as error:
            return Look(ok=False, value={}, error=str(error) or type(error).__name__)

    async def close(self) -> None:
        """Nothing is held open between looks."""


async def _told(observer: Path) -> Any:
    # Streams would take the runner three times as long, twenty times a second in every run.
    loop = asyncio.get_running_loop()
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as asker:
        asker.settimeout(0)
        await loop.sock_connect(asker, str(observer))
        answer = b""
        while len(answer) < _LIMIT and (more := await loop.sock_recv(asker, 2**16)):
            answer += more
    return json.loads(answer)


def _numbers(told: Any) -> JsonObject:
    stats = told["stats"]
    numbers: JsonObject = {name: stats.get(theirs, 0) for name, theirs in _NUMBERS.items()}
    return {**numbers, **{name: told[name] for name in ("queue", "numbered", "given_up") if name in told}}
