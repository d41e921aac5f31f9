"""
Rigs, one folder of results, one seed: what every front end stands on.

A rig starts when the first service is asked for that needs one of its kind (see ``network``), and is shared; each service gets an edge and a database of its own, and a process of
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
from fraiseql_chaos.plan import EdgeKind
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
        pcap: Keep what crosses the link of each experiment that has one, in the folder of results.
    """

    rig: RigSettings
    seed: int
    duration: Duration | None = None
    disarmed: bool = False
    pcap: bool = False


class Laboratory:
    """
    Rigs and a folder of results, from the first service asked for until it is closed.

    Args:
        settings: How it works.
        folder: Where results go.
    """

    def __init__(self, settings: LaboratorySettings, folder: RunFolder) -> None:
        self.settings = settings
        self.folder = folder
        self._rigs: dict[tuple[EdgeKind, bool], Rig] = {}
        self._started = 0

    async def deploy(self, variant: str | None = None, *, edge: EdgeKind | None = None, server_tls: bool | None = None) -> Service:
        """
        Start a service with an edge and a database of its own, and see that it answers as it should.

        Args:
            variant: Which of the reference services, ``stock`` (the default) or ``hardened``; not for a service of the user's own.
            edge: What its way to the database is made of; as the settings say if not given.
            server_tls: Whether its server speaks TLS; likewise.

        Raises:
            CapabilityError: If this machine lacks something that the rig needs.
            ServiceError: If the service does not start or does not answer rightly in health.
            DeclarationError: If the service refuses an operation of the workload.
        """
        rig = self.settings.rig
        deploy = partial(self._deployed, variant, edge or rig.edge, rig.server_tls if server_tls is None else server_tls)
        return Service(await deploy(), deploy, variant=variant)

    async def drop_lost_rigs(self) -> None:
        """End each rig that has lost a part, so that the next service gets a new one: what broke in one test must not fail those after it."""
        for made in [made for made, rig in self._rigs.items() if rig.lost() is not None]:
            await self._rigs.pop(made).close()

    async def _deployed(self, variant: str | None, edge: EdgeKind, server_tls: bool) -> Deployment:  # noqa: FBT001  half of what a rig is known by
        await self.drop_lost_rigs()
        made = edge, server_tls
        if made not in self._rigs:
            # Names begin again with each rig, but logs of an earlier one stay.
            self._started += 1
            logs = self.folder.path / "logs" / (f"rig-{self._started}" if self._started > 1 else "")
            self._rigs[made] = await Rig.start(replace(self.settings.rig, edge=edge, server_tls=server_tls, logs=logs))
        return await self._rigs[made].deploy(variant)

    async def close(self) -> None:
        """End every process and remove every file of the rigs; results stay."""
        rigs, self._rigs = self._rigs, {}
        failures: list[Exception] = []
        for rig in rigs.values():
            try:
                await rig.close()
            except Exception as failure:  # noqa: BLE001  collected and raised below; the other rigs must still end
                failures.append(failure)
        if failures:
            raise failures[0] if len(failures) == 1 else ExceptionGroup("errors while ending rigs", failures)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None) -> None:
        await self.close()
