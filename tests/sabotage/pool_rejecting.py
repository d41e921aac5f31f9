"""The stock service with a defect: while one client waits for a connection, every other is sent away at once."""

from typing import Any

from pools import with_pool  # type: ignore[import-not-found]  # beside this file

__all__ = ["app"]


def _spoil(pool: Any) -> None:
    pool.max_waiting = 1


app = with_pool(_spoil)
