"""What is measured inside the target's interpreter: the order, the process, and what its samples mean."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from statistics import median
from types import MappingProxyType
from typing import Final

from fraiseql_chaos.core import Duration, seconds
from fraiseql_chaos.errors import RigError
from fraiseql_chaos.experiment.baseline.issuer import Issuer
from fraiseql_chaos.experiment.baseline.plan import LIMIT_BETWEEN_RUNS
from fraiseql_chaos.experiment.baseline.readings import Reading
from fraiseql_chaos.stats import value_at

__all__ = ["WHAT", "measure_inside"]

SCRIPT: Final = Path(__file__).with_name("measure_inside.py")

DEADLINE: Final = seconds(60)
"""It takes 3 s on an idle machine, most of it imports and the two largest documents."""

LOG_TAIL: Final = 2000

WHAT: Final[Mapping[str, str]] = MappingProxyType(
    {
        "authentication.jwks.cached": "look at the key set that is at hand",
        "authentication.jwks.fetch": "fetch of the key set over HTTPS",
        "authentication.validate.cached": "validation of a token, its key at hand",
        "authentication.validate.uncached": "validation of a token, its key fetched first",
        "pipeline.registry.row_with": "smallest response, its type looked up in the schema registry",
        "pipeline.registry.row_without": "smallest response, without a look at the schema registry",
        "pipeline.response.list_100": "response of 100 rows, three levels deep",
        "pipeline.response.nested": "response of one row, three levels deep",
        "pipeline.transform.100kb": "JSON transformation of 100 KB",
        "pipeline.transform.10kb": "JSON transformation of 10 KB",
        "pipeline.transform.1kb": "JSON transformation of 1 KB",
        "pipeline.transform.1mb": "JSON transformation of 1 MB",
        "pool.checkout.c1": "wait for a connection of FraiseQL's pool, its check included, when nobody else wants one",
        "pool.checkout.c50": "the same when 50 want one",
        "pool.connect": "new connection through the edge",
    }
)
"""What each measurement is, for people; all are in milliseconds."""

TAILS: Final = frozenset({"pool.checkout.c1", "pool.checkout.c50"})
"""Those with enough samples in a repetition for a 95th percentile of their own."""


async def measure_inside(
    python: Path, database_url: str, issuer: Issuer, *, samples: int, env: Mapping[str, str], within: Duration = DEADLINE
) -> dict[str, Reading]:
    """
    Measure inside the interpreter of the release under test.

    Args:
        python: The interpreter.
        database_url: Through the edge.
        issuer: Who signs tokens.
        samples: How many of each.
        env: What else its environment says.
        within: The deadline for all of it.

    Raises:
        RigError: If the interpreter cannot, or takes too long; with its own last words.
    """
    order = {
        "samples": samples,
        "database_url": database_url,
        "authentication": {"domain": issuer.domain, "audience": issuer.audience, "token": issuer.token},
    }
    home = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    process = await asyncio.create_subprocess_exec(
        python.absolute(),  # noqa: ASYNC240  asks the disk nothing; by the link's place Python knows its environment
        SCRIPT,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={**home, "LANG": "C.UTF-8", **env, "SSL_CERT_FILE": str(issuer.authority)},
    )
    try:
        async with asyncio.timeout(within.s):
            said, complained = await process.communicate(json.dumps(order).encode())
    except TimeoutError:
        raise RigError(f"the measurements inside {python} took longer than {within}; nothing was written") from None
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()
    if process.returncode != 0:
        raise RigError(
            f"FraiseQL's parts cannot be measured inside {python} (exit status {process.returncode}): "
            f"{complained.decode(errors='replace')[-LOG_TAIL:].strip()}; nothing was written"
        )
    found: dict[str, list[float]] = json.loads(said)
    return {name: reading for measured, taken in found.items() for name, reading in _readings(measured, tuple(taken)).items()}


def _readings(name: str, taken: tuple[float, ...]) -> dict[str, Reading]:
    def reading(what: str, value: float, samples: tuple[float, ...] = ()) -> Reading:
        return Reading(
            group=name.partition(".")[0],
            what=f"{WHAT[name]}: {what}",
            unit="ms",
            better="lower",
            limit=LIMIT_BETWEEN_RUNS,
            value=value,
            samples=samples,
        )

    found = {f"{name}.p50": reading("median", median(taken), taken)}
    return {**found, f"{name}.p95": reading("95th percentile", value_at(taken, 95))} if name in TAILS else found
