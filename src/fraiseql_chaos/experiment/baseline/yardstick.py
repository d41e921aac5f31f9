"""
Which baseline a service is measured against: the one that was named, the one that is stored, or one collected now.

    .chaos/baselines/<fingerprint>.json      one file for each machine, target and configuration

A stored one is used only if all three are the same, by the values in the file and not by its name. If there is none it is collected, the first
time that something needs it, and that is said aloud, because it takes minutes.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from fraiseql_chaos.baselines import Baseline, read_baseline, write_baseline
from fraiseql_chaos.core import JsonObject
from fraiseql_chaos.errors import DeclarationError, HistoryError
from fraiseql_chaos.experiment.baseline.collection import collect
from fraiseql_chaos.experiment.baseline.plan import BaselinePlan, configuration
from fraiseql_chaos.experiment.deployment import Deployment
from fraiseql_chaos.experiment.laboratory import Laboratory
from fraiseql_chaos.experiment.machine import machine
from fraiseql_chaos.experiment.rig import RigSettings
from fraiseql_chaos.experiment.service import Service

__all__ = ["Yardstick", "baseline_for", "stored_path", "yardstick_for", "yardstick_from"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Yardstick:
    """
    A baseline, and whether it is one of the same thing.

    Attributes:
        baseline: The baseline.
        differs: What it was taken of otherwise; empty unless a foreign one was allowed.
    """

    baseline: Baseline
    differs: tuple[str, ...] = ()

    def describe(self) -> JsonObject:
        """Return what a report says of it."""
        return {"created": self.baseline.created, "machine": self.baseline.machine["id"], "foreign": list(self.differs)}


async def yardstick_for(
    laboratory: Laboratory,
    service: Service,
    *,
    named: Path | None,
    store: Path,
    plan: BaselinePlan,
    say: Callable[[str], None],
    allow_foreign: bool = False,
) -> Yardstick:
    """
    Return what a service is measured against: the baseline that was named, or else the one of this machine, target and configuration.

    Args:
        laboratory: Starts services of the same kind, if one must be collected.
        service: What is to be measured against it; see ``baseline_for``.
        named: The file that the user named; None if none was.
        store: The directory of stored baselines.
        plan: How much is measured if there is none.
        say: Prints one line.
        allow_foreign: Whether the one that was named may be of another machine, target or configuration, which is said aloud.

    Raises:
        DeclarationError, HistoryError, ServiceError, RigError: As those two do.
    """
    if named is None:
        return await baseline_for(laboratory, service, store=store, plan=plan, say=say)
    found = yardstick_from(named, service.deployment, laboratory.settings.rig, plan=plan, allow_foreign=allow_foreign)
    if found.differs:
        say(f"FOREIGN baseline of {found.baseline.created}: {'; '.join(found.differs)}")
    return found


def yardstick_from(path: Path, deployment: Deployment, settings: RigSettings, *, plan: BaselinePlan, allow_foreign: bool = False) -> Yardstick:
    """
    Read a baseline that the user named.

    Args:
        path: Its file.
        deployment: The service that is to be measured against it.
        settings: What the rig is made of.
        plan: How such a service is measured.
        allow_foreign: Whether one of another machine, target or configuration will do.

    Raises:
        HistoryError: If the file is damaged.
        DeclarationError: If it is foreign and that was not allowed; the message says in what.
    """
    baseline = read_baseline(path)
    differs = baseline.fits(machine(), deployment.describe(), _configuration(plan, deployment, settings))
    if differs and not allow_foreign:
        raise DeclarationError(
            f"{path} is no yardstick for this run: {'; '.join(differs)}. Collect one here with `fraiseql-chaos baseline`, or say --foreign-baseline, and the "
            f"report will say it too; nothing was compared with it"
        )
    return Yardstick(baseline=baseline, differs=differs)


async def baseline_for(laboratory: Laboratory, service: Service, *, store: Path, plan: BaselinePlan, say: Callable[[str], None]) -> Yardstick:
    """
    Return the stored baseline of a service, or collect and store it.

    Args:
        laboratory: Starts services of the same kind.
        service: What is to be measured against it. While one is collected it is away, and afterwards a fresh one: a second service on one server is in the numbers.
        store: The directory of stored baselines.
        plan: How much is measured if there is none.
        say: Prints one line.

    Raises:
        HistoryError: If the stored file is damaged; it is left as it is.
        ServiceError: If the service cannot be measured.
        RigError: If the rig breaks.
    """
    settings = laboratory.settings.rig
    deployment = service.deployment
    ran_on, target, configured = machine(), deployment.describe(), _configuration(plan, deployment, settings)
    path = stored_path(store, ran_on, target, configured)
    if path.exists():
        baseline = read_baseline(path)
        if differs := baseline.fits(ran_on, target, configured):
            raise HistoryError(
                f"{path} is stored as the baseline of this machine, target and configuration and is not: {'; '.join(differs)}; remove it"
            )
        say(f"baseline of {baseline.created}: {path}")
        return Yardstick(baseline=baseline)
    say(f"no baseline of this machine, target and configuration yet: collecting one, {plan.repetitions} repetitions; this is done once")

    async def deploy() -> Deployment:
        return (await laboratory.deploy(service.variant)).deployment

    async with service.away():
        baseline = await collect(deploy, settings, plan, seed=laboratory.settings.seed, say=say)
    write_baseline(path, baseline)
    say(f"baseline stored: {path}")
    return Yardstick(baseline=baseline)


def stored_path(store: Path, machine: JsonObject, target: JsonObject, configured: JsonObject) -> Path:
    """Return where the baseline of a machine, target and configuration is kept."""
    fingerprint = json.dumps([machine["id"], target, configured], sort_keys=True)
    return store / f"{hashlib.sha256(fingerprint.encode()).hexdigest()[:16]}.json"


def _configuration(plan: BaselinePlan, deployment: Deployment, settings: RigSettings) -> JsonObject:
    asked = deployment.application.workload.operations
    return configuration(plan, asked, edge_tls=settings.edge_tls, own_server=settings.dsn is None)
