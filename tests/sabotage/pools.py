"""The stock service with something done to its connection pool once that stands. Runs in the service's process: FraiseQL and the standard library."""

import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from blog import MUTATIONS, QUERIES, TYPES  # type: ignore[import-not-found]  # the reference service's directory is on the path where it runs
from fraiseql.fastapi import FraiseQLConfig, create_fraiseql_app
from fraiseql.fastapi.dependencies import get_db_pool

__all__ = ["with_pool"]


def with_pool(spoil: Callable[[Any], Awaitable[None] | None]) -> Any:
    """Return the service, whose pool is handed to ``spoil`` before the first request."""

    @asynccontextmanager
    async def spoiled(_app: Any) -> AsyncIterator[None]:
        if (later := spoil(get_db_pool())) is not None:
            await later
        yield

    return create_fraiseql_app(
        config=FraiseQLConfig(database_url=os.environ["DATABASE_URL"], environment="production"),
        types=TYPES,
        queries=QUERIES,
        mutations=MUTATIONS,
        lifespan=spoiled,
    )
