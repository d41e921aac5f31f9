"""From the options of a command line to the settings of a laboratory. Kept apart, because it imports the rig."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import Final

from fraiseql_chaos import reference
from fraiseql_chaos.experiment import Application, LaboratorySettings, RigSettings
from fraiseql_chaos.experiment.network import MTU
from fraiseql_chaos.pytest_plugin.options import ChaosOptions
from fraiseql_chaos.workload.file import read_workload

__all__ = ["REFERENCE_WORKLOAD", "laboratory_settings"]

REFERENCE_WORKLOAD: Final = "reference"
"""What ``--chaos-workload`` says for a changed copy of the reference service."""


def laboratory_settings(options: ChaosOptions) -> LaboratorySettings:
    """
    Return the settings that the options ask for.

    Raises:
        DeclarationError: If the workload file says something that has no meaning.
    """
    application = None
    if options.app is not None and options.workload is not None:
        application = _application(options.app, options.workload, options.sql)
    rig = RigSettings(
        seed=options.seed,
        application=application,
        python=options.python or Path(sys.executable),
        postgres=options.postgres,
        dsn=options.dsn,
        own_database=options.own_database,
        edge=options.edge or "stream",
        mtu=options.mtu or MTU,
        link=options.link,
        edge_tls=options.edge_tls,
        server_tls=options.server_tls,
    )
    return LaboratorySettings(rig=rig, seed=options.seed, duration=options.duration, disarmed=options.disarmed, pcap=options.pcap)


def _application(app: str, workload: Path, sql: Path | None) -> Application:
    """A changed reference service may say ``reference`` for its workload: it then gets the schema, the data and the questions of the bundled one."""
    if str(workload) == REFERENCE_WORKLOAD:
        return replace(Application.reference("stock"), app=app, app_dir=Path.cwd(), env={"PYTHONPATH": str(reference.SERVICE_DIRECTORY)})
    return Application(app=app, app_dir=Path.cwd(), sql=sql, workload=read_workload(workload))
