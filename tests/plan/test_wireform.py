"""A fault crosses a socket as what reports print of it, and comes back as itself."""

from __future__ import annotations

from typing import Any

import pytest

from fraiseql_chaos.core import ms
from fraiseql_chaos.errors import DeclarationError, LocalProtocolError
from fraiseql_chaos.layers.packet.faults import Loss, PacketDelay
from fraiseql_chaos.layers.packet.match import Match
from fraiseql_chaos.plan import fault_from_json, fault_to_json

KINDS = {"loss": Loss, "packet_delay": PacketDelay}


@pytest.mark.parametrize("fault", [Loss(rate=0.25, match=Match(tcp="syn", first=1)), PacketDelay(delay=ms(20), jitter=ms(5))], ids=str)
def test_it_comes_back_as_itself(fault: Loss | PacketDelay) -> None:
    assert fault_from_json(fault_to_json(fault), KINDS, of="a link") == fault


@pytest.mark.parametrize("raw", [None, [], {}, {"kind": "loss"}, {"kind": 1, "parameters": {}}, {"kind": "loss", "parameters": {}, "more": 1}])
def test_what_has_not_its_shape_is_said_to_be_none(raw: Any) -> None:
    with pytest.raises(LocalProtocolError, match="a fault is"):
        fault_from_json(raw, KINDS, of="a link")


def test_an_unknown_one_is_told_which_there_are() -> None:
    with pytest.raises(DeclarationError, match="no fault of a link is called 'storm'; this release knows loss, packet_delay; nothing was armed"):
        fault_from_json({"kind": "storm", "parameters": {}}, KINDS, of="a link")
