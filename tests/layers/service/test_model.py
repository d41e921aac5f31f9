"""The crowd of the workload plays the role: then a fault that asks for one finds it."""

from __future__ import annotations

import inspect

from fraiseql_chaos.layers.service.model import CrowdedService
from fraiseql_chaos.workload.crowd import Crowd


def as_played(crowd: Crowd) -> CrowdedService:
    """Let the type checker compare signatures; nothing calls this."""
    return crowd


def test_a_crowd_has_the_verb_with_the_roles_arguments() -> None:
    asked, offered = (inspect.signature(role.crowded).parameters for role in (CrowdedService, Crowd))
    assert list(offered) == list(asked)
