"""
All connections of the service's pool are in use, because a crowd of clients keeps asking for something slow.

Nothing is taken away and nothing is pretended: real queries are slow in the real server, so every connection that the pool may have is handed out, and
whoever comes next has to wait. A crowd is as many clients as asked for, each of which asks again as soon as it is answered; to exhaust a pool it has to be
larger than the pool. When the fault heals, the crowd asks for nothing more, and those who still wait are waited for.

Witnesses: the server's list of sessions, over its control socket, shows that the service's are at work, all of them and as many as its pool may have; the
pool itself, read in the service's process, shows that it has no connection to give and that somebody waits for one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Final

from fraiseql_chaos.core import JsonObject
from fraiseql_chaos.errors import DeclarationError
from fraiseql_chaos.history import Sample
from fraiseql_chaos.plan import Fidelity, Sighting, parameters_of

__all__ = ["PoolExhaustion"]

_POOL: Final = "the pool itself, read in the service's process"
_SERVER: Final = "pg_stat_activity over the control socket"

_AT_WORK: Final = 0.75
"""
Of the sessions that a pool may have, so many are at work in a look that counts: slow queries that began together end together, and their sessions stand
between one query and the next at once. Measured on the hardened service: nine tenths of 60 sessions were at work in 21 of 36 looks.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolExhaustion:
    """
    Keep every connection of the service's pool in use with slow queries.

    Args:
        in_flight: How many clients ask at once; to exhaust a pool, more than it may have connections.
        operation: What they ask, by its name in the workload; a query that takes long.

    Raises:
        DeclarationError: If there is no client, or no operation is named.
    """

    kind: ClassVar[str] = "pool_exhaustion"
    failure_type: ClassVar[str] = "pool_exhaustion"
    layer: ClassVar[str] = "service"
    fidelity: ClassVar[Fidelity] = "server"
    silences: ClassVar[bool] = False
    witnesses: ClassVar[tuple[str, ...]] = ("service_pool", "server_sessions")

    in_flight: int
    operation: str = "slow_report"

    def __post_init__(self) -> None:
        if isinstance(self.in_flight, bool) or not isinstance(self.in_flight, int) or self.in_flight < 1:
            raise DeclarationError(f"pool_exhaustion: in_flight={self.in_flight!r} is no number of clients, 1 or more; nothing was armed")
        if not self.operation:
            raise DeclarationError("pool_exhaustion: name the operation that the clients ask; nothing was armed")

    def parameters(self) -> JsonObject:
        """Return how many ask what."""
        return parameters_of(self)

    def __str__(self) -> str:
        return f"{self.in_flight} clients ask {self.operation} without a pause"

    def sightings(self, before: tuple[Sample, ...], during: tuple[Sample, ...]) -> tuple[Sighting, ...]:
        """Count the looks that found the pool empty with somebody waiting, and those that found all its sessions at work, if most did, and none before."""
        pool = [s for s in during if s.probe == "service_pool" and s.ok]
        most = max((_number(s, "max") for s in pool), default=0)
        empty, was_empty = (sum(_is_exhausted(s) for s in looks) for looks in (pool, _of("service_pool", before)))
        sessions, earlier = _of("server_sessions", during), _of("server_sessions", before)
        busy, was_busy = (sum(_at_work(s) >= _AT_WORK * most for s in looks) if most else 0 for looks in (sessions, earlier))
        return (
            _sighting(
                _SERVER, (busy, sessions), (was_busy, earlier), f"found at least {_AT_WORK:.0%} of the {most} sessions that the pool may have at work"
            ),
            _sighting(
                _POOL,
                (empty, pool),
                (was_empty, _of("service_pool", before)),
                f"found none of {most} connections free and somebody waiting",
                reach=True,
            ),
        )


def _sighting(witness: str, now: tuple[int, Sequence[Sample]], then: tuple[int, Sequence[Sample]], what: str, *, reach: bool = False) -> Sighting:
    statement = f"{now[0]} of {len(now[1])} looks {what}, {then[0]} of {len(then[1])} before"
    if not now[1] or not then[1]:
        statement, count = f"nobody looked {'during' if then[1] else 'before'} the fault, so nothing can be told apart", 0
    elif then[0] or now[0] * 2 <= len(now[1]):
        statement, count = f"only {statement}", 0
    else:
        count = now[0]
    return Sighting(witness=witness, count=count, statement=statement, shows="reach" if reach else "fault")


def _of(probe: str, samples: Sequence[Sample]) -> list[Sample]:
    return [sample for sample in samples if sample.probe == probe and sample.ok]


def _is_exhausted(look: Sample) -> bool:
    return _number(look, "available") == 0 and _number(look, "waiting") > 0 and _number(look, "size") >= _number(look, "max")


def _at_work(look: Sample) -> int:
    backends = look.value.get("backends")
    return sum(isinstance(b, dict) and b.get("state") != "idle" for b in backends) if isinstance(backends, list) else 0


def _number(look: Sample, name: str) -> int:
    value = look.value.get(name)
    return value if isinstance(value, int) else 0
