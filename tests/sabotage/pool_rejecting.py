"""The stock service with a defect: when its pool is as large as it may be and thirty wait for a connection, whoever else comes is sent away at once."""

from typing import Any

from pools import with_pool  # type: ignore[import-not-found]  # beside this file
from psycopg_pool import TooManyRequests

__all__ = ["app"]

WAITING_MAX = 30


def _spoil(pool: Any) -> None:
    genuine = pool.getconn

    async def impatient(timeout: float | None = None) -> Any:  # noqa: ASYNC109  it is the pool's
        stats = pool.get_stats()
        if stats["pool_size"] >= stats["pool_max"] and stats["requests_waiting"] >= WAITING_MAX:
            raise TooManyRequests(f"the pool {pool.name!r} has already {stats['requests_waiting']} requests waiting")
        return await genuine(timeout)

    pool.getconn = impatient


app = with_pool(_spoil)
