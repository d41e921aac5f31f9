"""Both kinds of server speak the same language, and say which words they know."""

from __future__ import annotations

import pytest

from fraiseql_chaos.rig.postgres import VERBS, Cluster, ForeignServer, Server

pytestmark = pytest.mark.anyio


def test_every_verb_is_a_method_of_our_own_server() -> None:
    assert [verb for verb in sorted(VERBS) if not callable(getattr(Cluster, verb, None))] == []


def test_both_servers_have_everything_of_the_protocol() -> None:
    words = {name for name in vars(Server) if not name.startswith("_")} - {"host", "port", "version", "major"}
    assert [(kind.__name__, word) for kind in (Cluster, ForeignServer) for word in sorted(words) if not callable(getattr(kind, word, None))] == []


async def test_type_checker_agrees(cluster: Cluster) -> None:
    server: Server = cluster
    assert server.verbs() == VERBS
