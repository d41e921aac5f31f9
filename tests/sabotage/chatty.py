"""The hardened service with a defect: it asks its database something that nobody needs before every request, as a careless permission check does."""

from typing import Any

from fraiseql.fastapi.dependencies import get_db_pool
from hardened import app as genuine  # type: ignore[import-not-found]  # the reference service's directory is on the path where it runs
from mutations import Receive, Send  # type: ignore[import-not-found]  # beside this file

__all__ = ["app"]


async def app(scope: Any, receive: Receive, send: Send) -> None:
    """Hand on everything, GraphQL requests after a round trip or several of their own."""
    if scope["type"] == "http" and scope["method"] == "POST":
        async with get_db_pool().connection() as connection:
            await connection.execute("SELECT 1")
    await genuine(scope, receive, send)
