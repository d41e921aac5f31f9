"""The service under test as a test sees it: what to ask, and what to aim faults at."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from fraiseql_chaos.experiment.deployment import Deployment
from fraiseql_chaos.workload import GraphQLOperation

__all__ = ["Service", "Target"]


@dataclass(frozen=True, slots=True)
class Target:
    """Something a fault can be aimed at, as in ``on=service.database``."""

    name: str


class Service:
    """
    The service under test, as a test sees it.

    Attributes:
        database: The way to its database, to aim faults at.
        operations: Everything the workload knows to ask.
        variant: Which of the reference services was asked for; None for the first of them, or a service of the user's own.
    """

    def __init__(self, deployment: Deployment, redeploy: Callable[[], Awaitable[Deployment]], *, variant: str | None = None) -> None:
        self.deployment = deployment
        self.variant = variant
        self.database = Target("database")
        self._redeploy = redeploy
        self.operations: tuple[GraphQLOperation, ...] = deployment.application.workload.operations

    @property
    def url(self) -> str:
        """Where it answers now; a fresh service has another port, and one in a network of its own has none (see ``Deployment.target``)."""
        return self.deployment.service.url

    @property
    def reads(self) -> tuple[GraphQLOperation, ...]:
        """The operations that change nothing."""
        return tuple(operation for operation in self.operations if operation.kind == "query")

    @property
    def writes(self) -> tuple[GraphQLOperation, ...]:
        """The operations that change something."""
        return tuple(operation for operation in self.operations if operation.kind == "mutation")

    def operation(self, name: str) -> GraphQLOperation:
        """
        Return an operation by its name, also one that no mix contains: ``service.operation("slow_report")``.

        Raises:
            DeclarationError: If the workload has none of that name.
        """
        return self.deployment.crowd.operation(name)

    async def close(self) -> None:
        """End the service's process, its edge and its database; the rig goes on."""
        await self.deployment.close()

    async def renew(self) -> None:
        """Replace everything by a fresh service of the same kind, with an edge and a database of its own."""
        async with self.away():
            pass

    @asynccontextmanager
    async def away(self) -> AsyncIterator[None]:
        """End it for as long as the block lasts, so that the rig's server has nobody else to serve; behind it there is a fresh one of the same kind."""
        await self.deployment.close()
        try:
            yield
        finally:
            self.deployment = await self._redeploy()
