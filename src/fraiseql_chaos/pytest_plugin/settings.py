"""From the options of a command line to the settings of a laboratory. Kept apart, because it imports the rig."""

from __future__ import annotations

import sys
from pathlib import Path

from fraiseql_chaos.experiment import Application, LaboratorySettings, RigSettings
from fraiseql_chaos.pytest_plugin.options import ChaosOptions
from fraiseql_chaos.workload.file import read_workload

__all__ = ["laboratory_settings"]


def laboratory_settings(options: ChaosOptions) -> LaboratorySettings:
    """
    Return the settings that the options ask for.

    Raises:
        DeclarationError: If the workload file says something that has no meaning.
    """
    application = None
    if options.app is not None and options.workload is not None:
        application = Application(app=options.app, app_dir=Path.cwd(), sql=options.sql, workload=read_workload(options.workload))
    rig = RigSettings(
        seed=options.seed,
        application=application,
        python=options.python or Path(sys.executable),
        postgres_major=options.postgres,
        dsn=options.dsn,
        own_database=options.own_database,
    )
    return LaboratorySettings(rig=rig, seed=options.seed, duration=options.duration, disarmed=options.disarmed)
