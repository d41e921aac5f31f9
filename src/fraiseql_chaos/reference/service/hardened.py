"""
The reference service with every remedy against a failing database that FraiseQL leaves to its users, and no other change.

    FraiseQLConfig     how long a request waits for a connection, and how many there may be
    database_url       when libpq and the server give up: options that FraiseQL passes on
    lifespan           the two settings of the pool that no option of FraiseQL's reaches, set on the pool it made

Whatever holds here and not for ``stock`` can be had by copying this file. Whatever holds for neither needs FraiseQL to change; known
today is that nobody can bound how long a request waits on a connection whose other end acknowledges bytes and never answers them.

It imports FraiseQL and the standard library only, like ``stock``.
"""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

from blog import MUTATIONS, QUERIES, TYPES  # type: ignore[import-not-found]  # this directory is on the path where it runs
from fraiseql.fastapi import FraiseQLConfig, create_fraiseql_app
from fraiseql.fastapi.dependencies import get_db_pool

POOL_MIN = 40
"""Connections kept open. FraiseQL keeps two and adds one at a time, so a database that turns slow meets a queue and not a pool."""

POOL_MAX = 60
"""Connections at most; with others like this one, less than the server's ``max_connections``."""

CONNECTION = {
    # A server whose packets vanish is given up after 2 s, the least that libpq accepts, and not after the kernel's two minutes.
    "connect_timeout": "2",
    # A connection that lies idle while its server vanishes is found dead after 4 s: 2 s of silence, then two questions a second apart.
    "keepalives": "1",
    "keepalives_idle": "2",
    "keepalives_interval": "1",
    "keepalives_count": "2",
    # Keepalives are silent while a request is on its way; then it is bytes unacknowledged for 2 s that end the connection.
    "tcp_user_timeout": "2000",
}

SESSION = {
    # FraiseQL's own ``query_timeout`` reaches neither ``find`` nor mutations, so the server is asked to enforce a limit on every statement.
    "statement_timeout": "3000",
    # Less than the limit above, so that a client learns that a lock was the reason.
    "lock_timeout": "2000",
    # A service that was stopped in the middle of a transaction must not keep its locks from everybody else.
    "idle_in_transaction_session_timeout": "5000",
}


def with_options(url: str) -> str:
    """Return the URL with ``CONNECTION`` and ``SESSION`` in its query; what the URL says already stays as it is."""
    parts = urlsplit(url)
    given = dict(parse_qsl(parts.query))
    session = " ".join(f"-c {name}={value}" for name, value in SESSION.items())
    options = f"{session} {given.pop('options', '')}".strip()
    return parts._replace(query=urlencode(CONNECTION | given | {"options": options}, quote_via=quote)).geturl()


@asynccontextmanager
async def tuned_pool(_app: Any) -> AsyncIterator[None]:
    """Set what only the pool itself can be told; FraiseQL has made it by now, and closes it later."""
    pool = get_db_pool()
    # A failing pool pauses 1 s, 2 s, 4 s... between attempts, for up to five minutes, and would sleep on long after the database is
    # back. Told to give up after a second, it starts afresh with the next request, so no pause is longer than that.
    pool.reconnect_timeout = 1.0
    await pool.resize(POOL_MIN, POOL_MAX)
    yield


app = create_fraiseql_app(
    config=FraiseQLConfig(
        database_url=with_options(os.environ["DATABASE_URL"]),
        environment="production",
        database_pool_size=POOL_MIN,
        database_max_overflow=POOL_MAX - POOL_MIN,
        # While there is no database a request fails after 2 s, and does not keep its client, and a place in the queue, for 30 s.
        database_pool_timeout=2,
        # Reaches only what goes through ``db.run``; kept equal to the server's limit so that the two never disagree.
        query_timeout=3,
    ),
    types=TYPES,
    queries=QUERIES,
    mutations=MUTATIONS,
    lifespan=tuned_pool,
)
