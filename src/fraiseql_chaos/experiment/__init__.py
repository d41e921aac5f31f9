"""Where the two arms meet: runs a plan against a rig, and hands the history to the judges."""

from __future__ import annotations

from fraiseql_chaos.experiment.deployment import VARIANTS, Application, Deployment, Rig, RigSettings
from fraiseql_chaos.experiment.failure_types import FAILURE_TYPES, fault_from_options
from fraiseql_chaos.experiment.laboratory import Chaos, Laboratory, LaboratorySettings, Load, Service, Target, Title
from fraiseql_chaos.experiment.recording import Inconclusive, Recording, Violated
from fraiseql_chaos.experiment.run import Experiment, run_experiment

__all__ = [
    "FAILURE_TYPES",
    "VARIANTS",
    "Application",
    "Chaos",
    "Deployment",
    "Experiment",
    "Inconclusive",
    "Laboratory",
    "LaboratorySettings",
    "Load",
    "Recording",
    "Rig",
    "RigSettings",
    "Service",
    "Target",
    "Title",
    "Violated",
    "fault_from_options",
    "run_experiment",
]
