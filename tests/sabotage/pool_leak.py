"""The stock service with a defect: every hundredth connection is never given back, as by a handler that forgets it on one of its ways out."""

import itertools
from typing import Any

from pools import with_pool  # type: ignore[import-not-found]  # beside this file

__all__ = ["app"]


def _spoil(pool: Any) -> None:
    genuine, ordinals = pool.putconn, itertools.count(1)

    async def forgetful(connection: Any) -> None:
        if next(ordinals) % 100:
            await genuine(connection)

    pool.putconn = forgetful


app = with_pool(_spoil)
