"""
One rig, one folder of results, one seed: what every front end stands on.

The rig starts when the first service is asked for, and is shared; each service gets an edge and a database of its own, and a process of
its own, so that what one experiment broke no other inherits.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from types import TracebackType
from typing import Self

from fraiseql_chaos.core import Duration
from fraiseql_chaos.experiment.deployment import Deployment
from fraiseql_chaos.experiment.rig import Rig, RigSettings
from fraiseql_chaos.experiment.service import Service
from fraiseql_chaos.reports import RunFolder

__all__ = ["Laboratory", "LaboratorySettings"]


@dataclass(frozen=True, slots=True, kw_only=True)
class LaboratorySettings:
    """
    How a laboratory works.

    Args:
        rig: The server and the service under test.
        seed: Every random choice derives from it.
        duration: How long each fault stays armed, instead of what the declarations say.
        disarmed: Inject nothing; see ``Injector``.
    """

    rig: RigSettings
    seed: int
    duration: Duration | None = None
    disarmed: bool = False


class Laboratory:
    """
    A rig and a folder of results, from the first service asked for until it is closed.

    Args:
        settings: How it works.
        folder: Where results go.
    """

    def __init__(self, settings: LaboratorySettings, folder: RunFolder) -> None:
        self.settings = settings
        self.folder = folder
        self._rig: Rig | None = None
        self._rigs = 0

    async def deploy(self, variant: str | None = None) -> Service:
        """
        Start a service with an edge and a database of its own, and see that it answers as it should.

        Args:
            variant: Which of the reference services, ``stock`` (the default) or ``hardened``; not for a service of the user's own.

        Raises:
            CapabilityError: If this machine lacks something that the rig needs.
            ServiceError: If the service does not start or does not answer rightly in health.
            DeclarationError: If the service refuses an operation of the workload.
        """
        deploy = partial(self._deployed, variant)
        return Service(await deploy(), deploy, variant=variant)

    async def drop_lost_rig(self) -> None:
        """End a rig that has lost a part, so that the next service gets a new one: what broke in one test must not fail those after it."""
        if self._rig is not None and self._rig.lost() is not None:
            await self.close()

    async def _deployed(self, variant: str | None) -> Deployment:
        await self.drop_lost_rig()
        if self._rig is None:
            # Names begin again with each rig, but logs of an earlier one stay.
            self._rigs += 1
            logs = self.folder.path / "logs" / (f"rig-{self._rigs}" if self._rigs > 1 else "")
            self._rig = await Rig.start(replace(self.settings.rig, logs=logs))
        return await self._rig.deploy(variant)

    async def close(self) -> None:
        """End every process and remove every file of the rig; results stay."""
        rig, self._rig = self._rig, None
        if rig is not None:
            await rig.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None) -> None:
        await self.close()
