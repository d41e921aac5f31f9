"""What a way is made of follows from the faults that shall act on it."""

from __future__ import annotations

import pytest

from fraiseql_chaos.errors import DeclarationError
from fraiseql_chaos.layers.packet.faults import Loss
from fraiseql_chaos.layers.server.faults import Stop
from fraiseql_chaos.layers.stream.faults import Refuse
from fraiseql_chaos.layers.wire.faults import CutAt
from fraiseql_chaos.plan import EDGE_KINDS, EdgeKind, Fault, check_edge_kind, edge_for


@pytest.mark.parametrize(
    ("faults", "edge"),
    [
        ([], "stream"),
        ([Stop], "stream"),
        ([Refuse, CutAt], "stream"),
        ([Loss], "packets"),
        ([Loss, Stop], "packets"),
        ([Loss, Refuse], "both"),
        ([CutAt, Loss], "both"),
    ],
)
def test_the_least_that_all_faults_can_act_on(faults: list[type[Fault]], edge: EdgeKind) -> None:
    assert edge_for(faults) == edge


def test_a_word_is_one_of_three() -> None:
    assert [check_edge_kind(kind, of="--edge") for kind in EDGE_KINDS] == list(EDGE_KINDS)
    with pytest.raises(DeclarationError, match="--edge=tunnel: one of stream, packets, both; nothing was run"):
        check_edge_kind("tunnel", of="--edge")
