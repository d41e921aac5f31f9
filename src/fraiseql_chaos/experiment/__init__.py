"""Where the two arms meet: runs a plan against a rig, and hands the history to the judges."""

from __future__ import annotations

from fraiseql_chaos.experiment.application import VARIANTS, Application
from fraiseql_chaos.experiment.chaos import Chaos
from fraiseql_chaos.experiment.deployment import Deployment
from fraiseql_chaos.experiment.failure_types import FAILURE_TYPES, fault_from_options, fault_from_words
from fraiseql_chaos.experiment.laboratory import Laboratory, LaboratorySettings
from fraiseql_chaos.experiment.load import Load, Title
from fraiseql_chaos.experiment.recording import Inconclusive, Recording, Violated
from fraiseql_chaos.experiment.rig import Rig, RigSettings
from fraiseql_chaos.experiment.run import Experiment, run_experiment
from fraiseql_chaos.experiment.service import Service, Target

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
    "fault_from_words",
    "run_experiment",
]
