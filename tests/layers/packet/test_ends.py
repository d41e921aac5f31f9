"""Every link has addresses of its own, and what a forwarder says of its ends is read strictly."""

from __future__ import annotations

from typing import Any

import pytest

from fraiseql_chaos.errors import DeclarationError, PeerProtocolError
from fraiseql_chaos.layers.packet.ends import LINKS_MAX, addresses_of, check_mtu, ends_from_json


def test_the_ends_of_a_link_share_a_network_and_no_two_links_do() -> None:
    for ordinal in (0, 1, LINKS_MAX - 1):
        near4, far4, near6, far6 = addresses_of(ordinal)
        assert near4.network == far4.network
        assert near6.network == far6.network
        assert near4 != far4
        assert near4.is_private, "nobody routes it"
        assert near6.is_private
    assert addresses_of(0)[0].network != addresses_of(1)[0].network


@pytest.mark.parametrize("mtu", [1279, 65536, 1500.0, "1500", True, None])
def test_an_mtu_that_is_none_is_refused(mtu: Any) -> None:
    with pytest.raises(DeclarationError, match=r"from 1280 \(the least that IPv6 allows\) to 65535, not .*nothing was opened"):
        check_mtu(mtu)


def test_an_mtu_may_be_any_between() -> None:
    assert [check_mtu(mtu) for mtu in (1280, 1500, 9000, 65535)] == [1280, 1500, 9000, 65535]


@pytest.mark.parametrize("answer", [None, {}, {"near": {}, "far": {}}, {"near": {"ipv4": "x"}}])
def test_what_is_no_link_is_the_peers_fault(answer: Any) -> None:
    with pytest.raises(PeerProtocolError, match="something that is no link"):
        ends_from_json(answer)
