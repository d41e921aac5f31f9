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
import gc
import importlib
import json
import sys
import time
from collections.abc import Awaitable, Callable
from typing import Any

NS_PER_MS = 1e6

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

Samples = dict[str, list[float]]


def main() -> None:
    """Carry out the order and print what was measured, in milliseconds."""
    order = json.load(sys.stdin)
    # Python put the directory of this file first, where our modules would shadow others.
    sys.path.pop(0)
    json.dump({**pipeline(order["samples"]), **asyncio.run(waiting(order))}, sys.stdout)


async def waiting(order: dict[str, Any]) -> Samples:
    """Measure what waits for somebody else."""
    return {**await authentication(**order["authentication"], count=order["samples"]), **await pool(order["database_url"], order["samples"])}


def pipeline(count: int) -> Samples:
    """Measure the Rust extension."""
    graphql = importlib.import_module("graphql")
    rust = importlib.import_module("fraiseql._fraiseql_rs")
    serializer = importlib.import_module("fraiseql.core.schema_serializer").SchemaSerializer()
    rust.initialize_schema_registry(json.dumps(serializer.serialize_schema(graphql.build_schema(SCHEMA))))
    small = json.dumps({"id": "1", "post_title": "t"})
    thread = json.dumps({"id": "1", "post_title": "t", "author": AUTHOR, "comments": [{"id": "2", "body_text": "b", "author": AUTHOR}] * 3})

    def transform(size: int) -> Callable[[], Any]:
        document = rows(size)
        return lambda: rust.transform_json(document)

    def respond(texts: list[str], type_name: str | None, *, is_list: bool = False) -> Callable[[], Any]:
        return lambda: rust.build_graphql_response(
            json_strings=texts, field_name="thread", type_name=type_name, field_paths=None, field_selections=None, is_list=is_list
        )

    return {
        **{f"pipeline.transform.{name}": timed(transform(size), count, batch) for name, (size, batch) in SIZES.items()},
        "pipeline.registry.row_without": timed(respond([small], None), count, 500),
        "pipeline.registry.row_with": timed(respond([small], "Post"), count, 500),
        "pipeline.response.nested": timed(respond([thread], "Thread"), count, 100),
        "pipeline.response.list_100": timed(respond([thread] * 100, "Thread", is_list=True), count, 2),
    }


def rows(size: int) -> str:
    """Return a JSON document of about so many bytes, of rows shaped like those of a view."""
    row = {"row_id": 12345678, "display_name": "Somebody", "created_at": "2026-01-01T00:00:00", "nested_part": {"first_key": 1, "second_key": [None]}}
    return json.dumps({"all_rows": [row] * max(1, round(size / (len(json.dumps(row)) + 2)))})


async def authentication(domain: str, audience: str, token: str, count: int) -> Samples:
    """Measure the validation of a token with the key at hand and without, and how the key is got."""
    made = importlib.import_module("fraiseql.auth.auth0").Auth0Provider

    def provider() -> Any:
        return made(domain=domain, api_identifier=audience)

    async def uncached() -> None:
        await provider().validate_token(token)

    warm = provider()
    return {
        "authentication.validate.cached": await timed_async(lambda: warm.validate_token(token), count, batch=5),
        "authentication.validate.uncached": await timed_async(uncached, count),
        "authentication.jwks.fetch": timed(provider().jwks_client.fetch_data, count, 1),
        "authentication.jwks.cached": timed(warm.jwks_client.get_jwk_set, count, 200),
    }


async def pool(database_url: str, count: int) -> Samples:
    """Measure connecting, and taking a connection out of FraiseQL's pool when nobody else does and when many do."""
    psycopg = importlib.import_module("psycopg")
    app = importlib.import_module("fraiseql.fastapi.app")
    config = importlib.import_module("fraiseql.fastapi").FraiseQLConfig(database_url=database_url)

    async def connect() -> None:
        await (await psycopg.AsyncConnection.connect(database_url)).close()

    connecting = await timed_async(connect, count)
    most = config.database_pool_size + config.database_max_overflow
    opened = await app.create_db_pool(database_url, min_size=most, max_size=most, timeout=config.database_pool_timeout)
    try:
        await opened.wait()

        async def work(rounds: int) -> list[float]:
            waits = []
            for _ in range(rounds):
                began = time.perf_counter_ns()
                connection = await opened.getconn()
                waits.append((time.perf_counter_ns() - began) / NS_PER_MS)
                await connection.execute("SELECT 1")
                await connection.commit()
                await opened.putconn(connection)
            return waits

        await work(count)
        alone = await work(2 * count)
        gc.collect()
        crowd = await asyncio.gather(*(work(max(4, count // 4)) for _ in range(WORKERS)))
    finally:
        await opened.close()
    return {"pool.connect": connecting, "pool.checkout.c1": alone, "pool.checkout.c50": [wait for waits in crowd for wait in waits]}


def timed(call: Callable[[], Any], count: int, batch: int) -> list[float]:
    """Return how long a call takes, in milliseconds, in so many samples, each the mean of a batch."""
    call()
    gc.collect()
    gc.disable()
    try:
        found = []
        for _ in range(count):
            began = time.perf_counter_ns()
            for _ in range(batch):
                call()
            found.append((time.perf_counter_ns() - began) / NS_PER_MS / batch)
    finally:
        gc.enable()
    return found


async def timed_async(call: Callable[[], Awaitable[Any]], count: int, batch: int = 1) -> list[float]:
    """Return how long it takes until a call is answered, in milliseconds, in so many samples, each the mean of a batch."""
    await call()
    gc.collect()
    gc.disable()
    try:
        found = []
        for _ in range(count):
            began = time.perf_counter_ns()
            for _ in range(batch):
                await call()
            found.append((time.perf_counter_ns() - began) / NS_PER_MS / batch)
    finally:
        gc.enable()
    return found


if __name__ == "__main__":
    main()
