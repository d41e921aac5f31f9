"""
Heal whatever happens, and lose no error on the way.

A guard arms inside its own protection, so that arming half-way is healed too. When both what was guarded and the healing fail, both
errors leave in one group: the first says what went wrong, the second what is still wrong.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from fraiseql_chaos.errors import ChaosError, InjectionError

__all__ = ["healing"]


@asynccontextmanager
async def healing(heal: Callable[[], Awaitable[object]], *, what: str) -> AsyncIterator[None]:
    """
    Run ``heal`` when the block is left, by whatever way.

    Args:
        heal: Takes the fault back.
        what: What was done, for the error: "the server was stopped".

    Raises:
        InjectionError: If healing failed; its cause says why.
        BaseExceptionGroup: If the block failed as well: its error, then the InjectionError.
    """
    try:
        yield
    except BaseException as error:
        try:
            await _healed(heal, what)
        except InjectionError as unhealed:
            raise BaseExceptionGroup(f"{what}, then something failed, and it could not be taken back", [error, unhealed]) from None
        raise
    else:
        await _healed(heal, what)


async def _healed(heal: Callable[[], Awaitable[object]], what: str) -> None:
    try:
        await heal()
    except (ChaosError, OSError) as error:
        raise InjectionError(f"{what}, and it could not be taken back: {error}") from error
