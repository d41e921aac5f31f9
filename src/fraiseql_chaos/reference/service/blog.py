"""
The GraphQL schema of the reference service: types over views, queries over types, mutations over SQL functions.

FraiseQL reads the annotations when it decorates a class, so this module does without postponed annotations, and no type refers to
one that comes later: an author inside a post is a flat ``Author``, not a ``User`` with posts of its own.
"""

# FraiseQL's resolvers return bytes that its Rust pipeline has rendered, whatever the annotation promises, and what graphql-core calls
# generic differs by release; so the checker is told not to look at either, nor at the two origins of ID.
# mypy: disable-error-code="no-any-return, type-arg, assignment"

import fraiseql
from graphql import GraphQLResolveInfo

try:
    from fraiseql.types import ID
except ImportError:
    # FraiseQL 1.8 has no such name; there it is the annotation UUID that becomes GraphQL's ID.
    from uuid import UUID as ID


@fraiseql.type(sql_source="v_user", jsonb_column="data")
class User:
    """Somebody who writes."""

    id: ID
    identifier: str
    name: str
    role: str
    bio: str


@fraiseql.type
class Author:
    """What a post or a comment shows of its author."""

    id: ID
    name: str


@fraiseql.type(sql_source="v_post", jsonb_column="data")
class Post:
    """A post with its author."""

    id: ID
    title: str
    words: int
    body: str
    author: Author


@fraiseql.type
class Comment:
    """A comment with its author."""

    id: ID
    body: str
    author: Author


@fraiseql.type(sql_source="v_thread", jsonb_column="data")
class Thread:
    """A post, its comments, and the author of each: three levels."""

    id: ID
    title: str
    author: Author
    comments: list[Comment]


@fraiseql.type(sql_source="v_author_statistics", jsonb_column="data")
class AuthorStatistics:
    """Figures over the posts of one author."""

    id: ID
    posts: int
    words: int
    longest: int


@fraiseql.type(sql_source="v_slow_report", jsonb_column="data")
class SlowReport:
    """The same figures, from a view that takes its time."""

    id: ID
    posts: int
    words: int
    longest: int


@fraiseql.type
class DeletedUser:
    """What is left of a user who was deleted."""

    id: ID


@fraiseql.query
async def users(info: GraphQLResolveInfo, limit: int = 20) -> list[User]:
    """Return the first users."""
    return await info.context["db"].find("v_user", limit=limit, order_by="ordinal")


@fraiseql.query
async def post(info: GraphQLResolveInfo, id: ID) -> Post | None:  # noqa: A002  the argument's name is part of the GraphQL schema
    """Return one post."""
    return await info.context["db"].find_one("v_post", id=id)


@fraiseql.query
async def thread(info: GraphQLResolveInfo, id: ID) -> Thread | None:  # noqa: A002  the argument's name is part of the GraphQL schema
    """Return one post with its comments and their authors."""
    return await info.context["db"].find_one("v_thread", id=id)


@fraiseql.query
async def user_count(info: GraphQLResolveInfo, role: str) -> int:
    """Return how many users have a role."""
    return await info.context["db"].count("v_user", role=role)


@fraiseql.query
async def author_statistics(info: GraphQLResolveInfo, id: ID) -> AuthorStatistics | None:  # noqa: A002  the argument's name is part of the GraphQL schema
    """Return figures over the posts of one author."""
    return await info.context["db"].find_one("v_author_statistics", id=id)


@fraiseql.query
async def slow_report(info: GraphQLResolveInfo, id: ID) -> SlowReport | None:  # noqa: A002  the argument's name is part of the GraphQL schema
    """Return figures over the posts of one author, half a second later than need be."""
    return await info.context["db"].find_one("v_slow_report", id=id)


@fraiseql.input
class CreateUserInput:
    """A new user."""

    identifier: str
    name: str


@fraiseql.success
class CreateUserSuccess:
    """The user was created."""

    message: str
    user: User


@fraiseql.error
class CreateUserError:
    """The user was not created."""

    message: str
    status: str


@fraiseql.mutation(function="create_user", schema="public")
class CreateUser:
    """Create a user."""

    input: CreateUserInput
    success: CreateUserSuccess
    error: CreateUserError


@fraiseql.input
class UpdateUserInput:
    """A user and what they say about themselves from now on."""

    id: ID
    bio: str


@fraiseql.success
class UpdateUserSuccess:
    """The user was updated."""

    message: str
    user: User


@fraiseql.error
class UpdateUserError:
    """The user was not updated."""

    message: str
    status: str


@fraiseql.mutation(function="update_user", schema="public")
class UpdateUser:
    """Update what a user says about themselves."""

    input: UpdateUserInput
    success: UpdateUserSuccess
    error: UpdateUserError


@fraiseql.input
class DeleteUserInput:
    """A user to delete, and why."""

    id: ID
    reason: str


@fraiseql.success
class DeleteUserSuccess:
    """There is no such user any more."""

    message: str
    user: DeletedUser


@fraiseql.error
class DeleteUserError:
    """The user was not deleted."""

    message: str
    status: str


@fraiseql.mutation(function="delete_user", schema="public")
class DeleteUser:
    """Delete a user."""

    input: DeleteUserInput
    success: DeleteUserSuccess
    error: DeleteUserError


TYPES = (User, Author, Post, Comment, Thread, AuthorStatistics, SlowReport, DeletedUser)
QUERIES = (users, post, thread, user_count, author_statistics, slow_report)
MUTATIONS = (CreateUser, UpdateUser, DeleteUser)
