"""The stock service with a defect: a request waits a third of a second for a connection, and no longer."""

from typing import Any

from pools import with_pool  # type: ignore[import-not-found]  # beside this file

__all__ = ["app"]


def _spoil(pool: Any) -> None:
    pool.timeout = 0.3


app = with_pool(_spoil)
