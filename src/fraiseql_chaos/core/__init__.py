"""Units, clock, dice: what everything else is made of. Imports nothing of ours but the errors."""

from __future__ import annotations

from fraiseql_chaos.core.clock import now_ns, wait_until
from fraiseql_chaos.core.jsontypes import Json, JsonObject, JsonScalar
from fraiseql_chaos.core.randomness import SEED_MAX, Rolls, dice, fresh_seed
from fraiseql_chaos.core.units import NS_PER_MS, NS_PER_S, Duration, Rate, ms, parse_duration, per_second, seconds, us

__all__ = [
    "NS_PER_MS",
    "NS_PER_S",
    "SEED_MAX",
    "Duration",
    "Json",
    "JsonObject",
    "JsonScalar",
    "Rate",
    "Rolls",
    "dice",
    "fresh_seed",
    "ms",
    "now_ns",
    "parse_duration",
    "per_second",
    "seconds",
    "us",
    "wait_until",
]
