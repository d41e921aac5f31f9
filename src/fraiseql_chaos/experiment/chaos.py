"""Where a test declares its faults. Nothing is armed here: the load that runs inside the block takes the declarations with it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fraiseql_chaos.core import Duration
from fraiseql_chaos.errors import DeclarationError
from fraiseql_chaos.experiment.service import Target
from fraiseql_chaos.plan import Declaration, Fault, Window

__all__ = ["Chaos"]


class Chaos:
    """
    Declares faults for the load that runs inside its block.

        async with chaos(Latency(delay=ms(250)), on=service.database, between=(seconds(1), seconds(4))):
            recording = await load.open_loop(service.reads, rate=per_second(50), lasting=seconds(6))

    Without ``between`` a fault is armed before the first request and healed after the last.
    """

    def __init__(self) -> None:
        self.declarations: list[Declaration] = []

    @asynccontextmanager
    async def __call__(self, fault: Fault, *, on: Target, between: tuple[Duration, Duration] | None = None) -> AsyncIterator[None]:
        """
        Declare a fault.

        Args:
            fault: What goes wrong.
            on: Where.
            between: When, counted from the first planned request.

        Raises:
            DeclarationError: If the window has no length, or no load ran inside the block, so that the fault was never armed.
        """
        if not isinstance(on, Target):
            raise DeclarationError(f"on={on!r} is nothing a fault can be aimed at; write on=service.database; nothing was armed")
        window = None if between is None else Window(begin=between[0], end=between[1])
        self.declarations.append(Declaration(fault=fault, target=on.name, window=window))
        yield
        if self.declarations:
            raise DeclarationError(f"{fault.kind!r} was declared but never armed: no load ran inside its block")
