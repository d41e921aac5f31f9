"""
What is in the reference database, row by row, as pure functions of an ordinal.

The formulas stand twice, in ``schema.sql`` and here, on purpose: an expected answer that was read from the database would agree with
it however broken it was. Ordinals start at 1. Answers have the shape and the names that GraphQL gives them.
"""

from __future__ import annotations

import hashlib
import uuid
from typing import Final

from fraiseql_chaos.core import Json, JsonObject

__all__ = ["AUTHORS", "COMMENTS", "GUESTS", "POSTS", "author", "author_statistics", "guest_id", "post", "post_id", "thread"]

AUTHORS: Final = 100
"""Users who wrote everything; none is ever created or deleted."""

GUESTS: Final = 1000
"""Users who wrote nothing, and are there to be deleted."""

POSTS: Final = 500
"""Five of each author."""

COMMENTS: Final = 1500
"""Three on each post."""

_FIRST: Final = ("Ada", "Björn", "Chloé", "Dmitri", "Eszter", "Fatima", "Grace", "Håkon", "Inês", "Jürgen")
_LAST: Final = ("Adeyemi", "Brontë", "Čapek", "Dvořák", "Eriksen", "Fuentes", "Grünwald", "Hernández", "Ito", "Jansen")


def author(n: int) -> JsonObject:
    """Return what a list of users shows of author ``n``."""
    return {**_signature(n), "identifier": f"author-{n}", "role": "author"}


def guest_id(n: int) -> str:
    """Return the id of guest ``n``."""
    return _id("guest", n)


def post_id(n: int) -> str:
    """Return the id of post ``n``."""
    return _id("post", n)


def post(n: int) -> JsonObject:
    """Return post ``n`` with its author."""
    return {**_heading(n), "words": _words(n), "body": "Every row is a promise — kept, or seen to be broken. " * (1 + n % 12)}


def thread(n: int) -> JsonObject:
    """Return post ``n`` with its comments, in the order written, and the author of each."""
    comments: list[Json] = [_comment(c) for c in range(1, COMMENTS + 1) if _post_of_comment(c) == n]
    return {**_heading(n), "comments": comments}


def author_statistics(n: int) -> JsonObject:
    """Return the figures over the posts of author ``n``."""
    words = [_words(p) for p in range(1, POSTS + 1) if _author_of_post(p) == n]
    return {"id": _id("user", n), "posts": len(words), "words": sum(words), "longest": max(words)}


def _id(kind: str, n: int) -> str:
    digest = hashlib.md5(f"{kind}-{n}".encode(), usedforsecurity=False)  # PostgreSQL's md5() makes a uuid without an extension
    return str(uuid.UUID(digest.hexdigest()))


def _signature(n: int) -> JsonObject:
    return {"id": _id("user", n), "name": f"{_FIRST[(n - 1) % 10]} {_LAST[(n - 1) // 10]}"}


def _heading(n: int) -> JsonObject:
    return {"id": post_id(n), "title": f"Post {n}: what the database said", "author": _signature(_author_of_post(n))}


def _comment(n: int) -> JsonObject:
    return {"id": _id("comment", n), "body": f"Comment {n}: I was there when it happened.", "author": _signature(1 + n * 13 % AUTHORS)}


def _author_of_post(n: int) -> int:
    return 1 + n * 7 % AUTHORS


def _post_of_comment(n: int) -> int:
    return 1 + n * 11 % POSTS


def _words(n: int) -> int:
    return 100 + n * 37 % 900
