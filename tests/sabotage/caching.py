"""The hardened service with what it lacks: FraiseQL's result cache over a backend that keeps results in the service's own memory, for queries that say so."""

# mypy: disable-error-code="type-arg, no-any-return, misc"

import os
from typing import Any

import fraiseql
from blog import MUTATIONS, QUERIES, TYPES  # type: ignore[import-not-found]  # the reference service's directory is on the path where it runs
from blog import user_count as genuine
from fraiseql.caching import ResultCache
from fraiseql.fastapi import FraiseQLConfig, create_fraiseql_app
from graphql import GraphQLResolveInfo

__all__ = ["app"]


class Memory:
    """A backend of ``ResultCache``: a dictionary, without a bound, because the load asks a handful of questions."""

    def __init__(self) -> None:
        self._kept: dict[str, Any] = {}

    async def get(self, key: str) -> Any | None:
        return self._kept.get(key)

    async def set(self, key: str, value: Any, ttl: int) -> None:  # noqa: ARG002  the load is over before anything would expire
        self._kept[key] = value

    async def delete(self, key: str) -> bool:
        return self._kept.pop(key, None) is not None

    async def delete_pattern(self, pattern: str) -> int:  # noqa: ARG002  nothing is written here that a query counts
        return 0


_cache = ResultCache(Memory())


@fraiseql.query
async def user_count(info: GraphQLResolveInfo, role: str) -> int:
    """Return how many users have a role, as it was when somebody asked first."""
    return await _cache.get_or_set(f"user_count:{role}", lambda: info.context["db"].count("v_user", role=role))


app = create_fraiseql_app(
    config=FraiseQLConfig(database_url=os.environ["DATABASE_URL"], environment="production"),
    types=TYPES,
    queries=tuple(user_count if query is genuine else query for query in QUERIES),
    mutations=MUTATIONS,
)
