"""Connections to the database fail: what clients of the service see, how soon, and how it comes back."""

from __future__ import annotations

import pytest

from fraiseql_chaos.core import per_second, seconds
from fraiseql_chaos.experiment import Chaos, Load, Service
from fraiseql_chaos.layers.server.faults import Stop
from fraiseql_chaos.layers.stream.faults import Refuse
from fraiseql_chaos.verdicts import detects_within, error_is_clear, fails_within, fault_observed, recovers


@pytest.mark.failure_type("database_unavailable")
class TestDatabaseConnection:
    @pytest.mark.claims("1.1.1a", "1.1.1b", "1.1.1c", "1.1.1d")
    @pytest.mark.parametrize("service", ["hardened", "stock"], indirect=True)
    async def test_connection_refused(self, service: Service, chaos: Chaos, load: Load) -> None:
        """
        When connections are refused, requests fail soon and clearly, and succeed again when the way is open.

        Method: open-loop reads at 20/s for 7 s; the edge refuses connections and cuts the existing ones from 1 s to 3 s.
        """
        async with chaos(Refuse(), on=service.database, between=(seconds(1), seconds(3))):
            recording = await load.open_loop(service.reads, rate=per_second(20), lasting=seconds(7))

        recording.require(
            fault_observed(Refuse.kind), detects_within(seconds(1)), fails_within(seconds(2)), error_is_clear(), recovers(within=seconds(5))
        )
