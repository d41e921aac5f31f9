"""
The reference service with every remedy against a failing database that FraiseQL offers its users as configuration, and no other change.

Whatever holds here and not for ``stock`` can be had by setting these values. Whatever holds for neither needs FraiseQL to change.

What configuration cannot reach: how long the pool pauses between attempts to reconnect (1 s, doubled each time), and how long a
request waits for an answer on a connection whose other end acknowledges bytes and never answers them. No option names either.

It imports FraiseQL and the standard library only, like ``stock``.
"""

import os
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

from blog import MUTATIONS, QUERIES, TYPES  # type: ignore[import-not-found]  # this directory is on the path where it runs
from fraiseql.fastapi import FraiseQLConfig, create_fraiseql_app

CONNECTION = {
    # A server whose packets vanish is given up after 2 s, the least that libpq accepts, and not after the kernel's two minutes.
    "connect_timeout": "2",
    # A connection that lies idle while its server vanishes is found dead after 4 s: 2 s of silence, then two questions a second apart.
    "keepalives": "1",
    "keepalives_idle": "2",
    "keepalives_interval": "1",
    "keepalives_count": "2",
    # Keepalives are silent while a request is on its way; then it is bytes unacknowledged for 3 s that end the connection.
    "tcp_user_timeout": "3000",
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


app = create_fraiseql_app(
    config=FraiseQLConfig(
        database_url=with_options(os.environ["DATABASE_URL"]),
        environment="production",
        # While there is no database a request fails after 2 s, and does not keep its client, and a place in the queue, for 30 s.
        database_pool_timeout=2,
        # Reaches only what goes through ``db.run``; kept equal to the server's limit so that the two never disagree.
        query_timeout=3,
    ),
    types=TYPES,
    queries=QUERIES,
    mutations=MUTATIONS,
)
