"""Clients of an edge are found by their witnesses' names, and what they have to know crosses to another process whole or not at all."""

from __future__ import annotations

import json

import pytest

from fraiseql_chaos.core import JsonObject
from fraiseql_chaos.errors import LocalProtocolError
from fraiseql_chaos.probes import CLIENTS, Edge, clients

EDGE = Edge(host="127.0.0.1", port=5432, user="app", database="blog", dsn="postgresql://app@127.0.0.1:5432/blog")


def test_each_is_called_as_its_samples_are() -> None:
    """Or what it sees would be nobody's evidence."""
    assert {name: clients([name], EDGE)[0].name for name in CLIENTS} == {name: name for name in CLIENTS}


def test_one_that_there_is_not_is_named_and_nobody_else_looks_either() -> None:
    with pytest.raises(LocalProtocolError, match="no client of an edge is called 'edge_roundtrip'"):
        clients(["edge_connect", "edge_roundtrip"], EDGE)


def test_what_they_have_to_know_crosses_whole() -> None:
    assert Edge.from_json(json.loads(json.dumps(EDGE.to_json())), server_kernel=None) == EDGE


@pytest.mark.parametrize("wrong", [{"port": "5432"}, {"user": None}, {"more": 1}], ids=str)
def test_what_is_not_whole_is_refused(wrong: JsonObject) -> None:
    with pytest.raises(LocalProtocolError, match="an edge has host, port, user, database and dsn"):
        Edge.from_json(EDGE.to_json() | wrong, server_kernel=None)
