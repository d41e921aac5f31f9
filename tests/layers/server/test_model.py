"""Every server of the rig plays the role, also the one that must refuse: then a fault on it is refused by name, not by accident."""

from __future__ import annotations

import inspect

import pytest

from fraiseql_chaos.layers.server.model import StoppableServer
from fraiseql_chaos.rig.postgres.cluster import Cluster
from fraiseql_chaos.rig.postgres.foreign import ForeignServer

VERBS = sorted(name for name, member in vars(StoppableServer).items() if inspect.isfunction(member) and not name.startswith("_"))


def as_played(cluster: Cluster, foreign: ForeignServer) -> tuple[StoppableServer, StoppableServer]:
    """Let the type checker compare signatures; nothing calls this."""
    return cluster, foreign


def test_role_has_a_verb_for_each_way_to_take_a_server_away() -> None:
    assert VERBS == ["crashed", "frozen", "stopped"]


@pytest.mark.parametrize("server", [Cluster, ForeignServer])
@pytest.mark.parametrize("verb", VERBS)
def test_server_has_the_verb_with_the_roles_arguments_and_defaults(server: type, verb: str) -> None:
    asked = inspect.signature(getattr(StoppableServer, verb)).parameters
    offered = inspect.signature(getattr(server, verb)).parameters
    assert [(name, parameter.default) for name, parameter in offered.items()] == [(name, parameter.default) for name, parameter in asked.items()]
