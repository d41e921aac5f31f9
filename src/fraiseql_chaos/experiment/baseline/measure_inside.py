"""
Time FraiseQL's own parts from inside the interpreter of the release under test, and print the samples as JSON.

This file runs by its path there, as ``launch_service`` does, and imports nothing but the standard library and what a FraiseQL service is made
of. What to measure comes as JSON on the standard input; what is timed are FraiseQL's own functions and no copy of them:

    pipeline         ``transform_json`` and ``build_graphql_response`` of its Rust extension; nothing there looks up the registry of types alone, so
                     the same row is rendered with its type's name and without it
    authentication   ``Auth0Provider.validate_token``; the key set comes over HTTPS from where the order says
    pool             ``create_db_pool`` as its service calls it, and a plain connection, both to the database of the order

A sample is one call, or, of calls too short for the clock, the mean of a batch. The collector of garbage is off while samples are taken.
"""

import asyncio
import ctypes
import gc
import importlib
import json
import signal
import sys
import time
from collections.abc import Awaitable, Callable
from typing import Any

NS_PER_MS = 1e6

PR_SET_PDEATHSIG = 1
"""From ``linux/prctl.h``: the signal that the kernel sends when the parent is gone."""

SIZES = {"1kb": (1_000, 200), "10kb": (10_000, 50), "100kb": (100_000, 8), "1mb": (1_000_000, 1)}
"""Bytes of a document, and how many transformations make one sample, so that it lasts a millisecond or more."""

WORKERS = 50
"""Who compete for a connection: more than FraiseQL's pool has by default, so that some must wait."""

AUTHOR = {"id": "3", "display_name": "a"}

SCHEMA = """
type Query { thread: Thread post: Post }
type Author { id: ID! displayName: String }
type Comment { id: ID! bodyText: String author: Author }
type Post { id: ID! postTitle: String }
type Thread { id: ID! postTitle: String author: Author comments: [Comment!] }
"""

A_ROUND = 3
"""Samples of one thing before the next has its turn."""

Samples = dict[str, list[float]]

Sampler = Callable[[int], Awaitable[list[float]]]
"""Takes so many samples of one thing, in milliseconds."""


def main() -> None:
    """Carry out the order and print what was measured, in milliseconds."""
    end_with_the_parent()
    order = json.load(sys.stdin)
    # Python put the directory of this file first, where our modules would shadow others.
    sys.path.pop(0)
    json.dump(asyncio.run(carried_out(order)), sys.stdout)


def end_with_the_parent() -> None:
    """Have the kernel end this process with the one that asked for it, however that ends; one that is gone already sends no order."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


async def carried_out(order: dict[str, Any]) -> Samples:
    """Measure what one caller asks for, one thing and another in turn, and then what many ask for at once."""
    count, database_url = order["samples"], order["database_url"]
    pool = await opened_pool(database_url)
    try:
        found = await in_turn({**pipeline(), **authentication(**order["authentication"]), **connections(database_url, pool)}, count)
        gc.collect()
        crowd = await asyncio.gather(*(checkouts(pool, max(4, count // 4)) for _ in range(WORKERS)))
    finally:
        await pool.close()
    return {**found, "pool.checkout.c50": [wait for waits in crowd for wait in waits]}


async def in_turn(samplers: dict[str, Sampler], count: int) -> Samples:
    """
    Take so many samples of each, a few of one and then a few of the next, round after round.

    Who disturbs the processor for a tenth of a second would otherwise be in all samples of whatever takes no longer, and no median would mind.
    """
    found: Samples = {name: [] for name in samplers}
    for begun in range(0, count, A_ROUND):
        gc.collect()
        gc.disable()
        try:
            for name, sampler in samplers.items():
                found[name] += await sampler(min(A_ROUND, count - begun))
        finally:
            gc.enable()
    return found


def pipeline() -> dict[str, Sampler]:
    """Return what is timed of the Rust extension."""
    graphql = importlib.import_module("graphql")
    rust = importlib.import_module("fraiseql._fraiseql_rs")
    serializer = importlib.import_module("fraiseql.core.schema_serializer").SchemaSerializer()
    rust.initialize_schema_registry(json.dumps(serializer.serialize_schema(graphql.build_schema(SCHEMA))))
    small = json.dumps({"id": "1", "post_title": "t"})
    thread = json.dumps({"id": "1", "post_title": "t", "author": AUTHOR, "comments": [{"id": "2", "body_text": "b", "author": AUTHOR}] * 3})

    def transform(size: int, batch: int) -> Sampler:
        document = rows(size)
        return timed(lambda: rust.transform_json(document), batch)

    def respond(texts: list[str], type_name: str | None, batch: int, *, is_list: bool = False) -> Sampler:
        return timed(
            lambda: rust.build_graphql_response(
                json_strings=texts, field_name="thread", type_name=type_name, field_paths=None, field_selections=None, is_list=is_list
            ),
            batch,
        )

    return {
        **{f"pipeline.transform.{name}": transform(size, batch) for name, (size, batch) in SIZES.items()},
        "pipeline.registry.row_without": respond([small], None, 500),
        "pipeline.registry.row_with": respond([small], "Post", 500),
        "pipeline.response.nested": respond([thread], "Thread", 100),
        "pipeline.response.list_100": respond([thread] * 100, "Thread", 2, is_list=True),
    }


def rows(size: int) -> str:
    """Return a JSON document of about so many bytes, of rows shaped like those of a view."""
    row = {"row_id": 12345678, "display_name": "Somebody", "created_at": "2026-01-01T00:00:00", "nested_part": {"first_key": 1, "second_key": [None]}}
    return json.dumps({"all_rows": [row] * max(1, round(size / (len(json.dumps(row)) + 2)))})


def authentication(domain: str, audience: str, token: str) -> dict[str, Sampler]:
    """Return what is timed of the validation of a token, with the key at hand and without, and of how the key is got."""
    made = importlib.import_module("fraiseql.auth.auth0").Auth0Provider

    def provider() -> Any:
        return made(domain=domain, api_identifier=audience)

    warm = provider()
    return {
        "authentication.validate.cached": timed_async(lambda: warm.validate_token(token), batch=5),
        "authentication.validate.uncached": timed_async(lambda: provider().validate_token(token)),
        "authentication.jwks.fetch": timed(provider().jwks_client.fetch_data),
        "authentication.jwks.cached": timed(warm.jwks_client.get_jwk_set, batch=200),
    }


async def opened_pool(database_url: str) -> Any:
    """Return FraiseQL's pool, with all connections it may have, each of them used before."""
    app = importlib.import_module("fraiseql.fastapi.app")
    config = importlib.import_module("fraiseql.fastapi").FraiseQLConfig(database_url=database_url)
    most = config.database_pool_size + config.database_max_overflow
    pool = await app.create_db_pool(database_url, min_size=most, max_size=most, timeout=config.database_pool_timeout)
    await pool.wait()
    await checkouts(pool, most)
    return pool


def connections(database_url: str, pool: Any) -> dict[str, Sampler]:
    """Return what is timed of connecting, and of taking a connection out of a pool when nobody else does."""
    psycopg = importlib.import_module("psycopg")

    async def connect() -> None:
        await (await psycopg.AsyncConnection.connect(database_url)).close()

    return {"pool.connect": timed_async(connect), "pool.checkout.c1": lambda count: checkouts(pool, 2 * count)}


async def checkouts(pool: Any, count: int) -> list[float]:
    """Take a connection out of a pool so many times, use it, and return how long the taking took."""
    waits = []
    for _ in range(count):
        began = time.perf_counter_ns()
        connection = await pool.getconn()
        waits.append((time.perf_counter_ns() - began) / NS_PER_MS)
        await connection.execute("SELECT 1")
        await connection.commit()
        await pool.putconn(connection)
    return waits


def timed(call: Callable[[], Any], batch: int = 1) -> Sampler:
    """Return what takes samples of how long a call takes, each the mean of a batch."""

    async def sampler(count: int) -> list[float]:
        call()
        found = []
        for _ in range(count):
            began = time.perf_counter_ns()
            for _ in range(batch):
                call()
            found.append((time.perf_counter_ns() - began) / NS_PER_MS / batch)
        return found

    return sampler


def timed_async(call: Callable[[], Awaitable[Any]], batch: int = 1) -> Sampler:
    """Return what takes samples of how long it takes until a call is answered, each the mean of a batch."""

    async def sampler(count: int) -> list[float]:
        await call()
        found = []
        for _ in range(count):
            began = time.perf_counter_ns()
            for _ in range(batch):
                await call()
            found.append((time.perf_counter_ns() - began) / NS_PER_MS / batch)
        return found

    return sampler


if __name__ == "__main__":
    main()
