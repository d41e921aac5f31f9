"""The stock service with a defect: forty connections, and none is asked whether it lives before it is handed out."""

from typing import Any

from pools import with_pool  # type: ignore[import-not-found]  # beside this file

__all__ = ["app"]

CONNECTIONS = 40


async def _spoil(pool: Any) -> None:
    pool._check = None
    await pool.resize(CONNECTIONS, CONNECTIONS)
    await pool.wait()


app = with_pool(_spoil)
