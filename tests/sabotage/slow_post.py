"""The stock service with a regression: the resolver of ``post`` waits 5 ms before it asks its database."""

# mypy: disable-error-code="type-arg, misc"

import asyncio
import os

import fraiseql
from blog import ID, MUTATIONS, QUERIES, TYPES, Post  # type: ignore[import-not-found]  # the reference service's directory is on the path where it runs
from blog import post as genuine
from fraiseql.fastapi import FraiseQLConfig, create_fraiseql_app
from graphql import GraphQLResolveInfo

__all__ = ["app"]


@fraiseql.query
async def post(info: GraphQLResolveInfo, id: ID) -> Post | None:  # noqa: A002  the argument's name is part of the GraphQL schema
    """Return one post, late."""
    await asyncio.sleep(0.005)
    return await info.context["db"].find_one("v_post", id=id)


app = create_fraiseql_app(
    config=FraiseQLConfig(database_url=os.environ["DATABASE_URL"], environment="production"),
    types=TYPES,
    queries=tuple(post if query is genuine else query for query in QUERIES),
    mutations=MUTATIONS,
)
