"""The stock service with a defect: a connection that is lost is never replaced."""

from typing import Any

from pools import with_pool  # type: ignore[import-not-found]  # beside this file

__all__ = ["app"]


async def _spoil(pool: Any) -> None:
    await pool.wait()

    async def resign(*_what: Any, **_how: Any) -> None:
        """Leave it at that."""

    pool._add_connection = resign


app = with_pool(_spoil)
