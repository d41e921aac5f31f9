"""What may be asked of a service, and that a renewed one is another."""

from __future__ import annotations

import pytest

from fraiseql_chaos.errors import DeclarationError
from fraiseql_chaos.experiment import Service, Target
from fraiseql_chaos.reference import OPERATIONS, READ_POST, SLOW_REPORT

pytestmark = pytest.mark.anyio


async def test_operations_are_told_apart_by_what_they_change(service: Service) -> None:
    assert service.operations == OPERATIONS
    assert {operation.kind for operation in service.reads} == {"query"}
    assert {operation.kind for operation in service.writes} == {"mutation"}
    assert len(service.reads) + len(service.writes) == len(service.operations)
    assert service.database == Target("database")


async def test_what_no_mix_contains_can_be_asked_by_name(service: Service) -> None:
    assert service.operation("slow_report") == SLOW_REPORT
    assert service.operation("read_post") == READ_POST
    assert SLOW_REPORT not in service.operations
    with pytest.raises(DeclarationError, match=r"the workload has no operation 'quick_report'; it has aggregate, .*, slow_report, update_user"):
        service.operation("quick_report")


async def test_a_renewed_service_is_another_on_another_database(service: Service) -> None:
    before = service.deployment
    await service.renew()
    after = service.deployment
    assert before.service.exited() is not None
    assert after.service.exited() is None
    assert len({before.database, after.database}) == len({before.service.url, after.service.url}) == 2
    assert service.url == after.service.url


async def _fails_while_it_is_away(service: Service) -> None:
    before = service.deployment
    async with service.away():
        assert before.service.exited() is not None
        raise RuntimeError("meanwhile")


async def test_a_service_that_is_away_does_not_run_and_comes_back_fresh_whatever_happened_meanwhile(service: Service) -> None:
    before = service.deployment
    with pytest.raises(RuntimeError, match="meanwhile"):
        await _fails_while_it_is_away(service)
    assert service.deployment.service.exited() is None
    assert service.deployment.database != before.database
