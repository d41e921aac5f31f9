"""
What the database holds, asked after a real run: a healthy service loses and doubles nothing though its commits are cut, and defects are found.

Method: open-loop mutations on the hardened reference service, while connections are cut between COMMIT and its acknowledgement, so that some clients
are told of an error although their write is there. Then the same load on services that double, and that forget, every fifth write.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from fraiseql_chaos import reference
from fraiseql_chaos.core import per_second, seconds
from fraiseql_chaos.errors import DeclarationError, RigError
from fraiseql_chaos.experiment import Application, Chaos, Laboratory, LaboratorySettings, Load, Recording, RigSettings, Service, Title, Violated
from fraiseql_chaos.experiment.inventory import ordinals_in
from fraiseql_chaos.history import Inventory, Operation
from fraiseql_chaos.layers.wire.faults import ambiguous_commit
from fraiseql_chaos.reference.operations import CREATE_USER, DELETE_USER, UPDATE_USER
from fraiseql_chaos.reports import RunFolder
from fraiseql_chaos.verdicts import judge_all, no_data_loss, no_duplicates
from fraiseql_chaos.workload import GraphQLOperation

pytestmark = pytest.mark.anyio

SABOTAGE = Path(__file__).parents[1] / "sabotage"


@asynccontextmanager
async def sabotaged(app: str, path: Path) -> AsyncIterator[tuple[Laboratory, Service]]:
    """Deploy a service with a defect, on a rig of its own."""
    application = replace(Application.reference("hardened"), app=f"{app}:app", app_dir=SABOTAGE, env={"PYTHONPATH": str(reference.SERVICE_DIRECTORY)})
    folder = RunFolder.join(path / "run", seed=1, replay="none", started=datetime.now(UTC))
    async with Laboratory(LaboratorySettings(rig=RigSettings(seed=1, application=application), seed=1), folder) as laboratory:
        yield laboratory, await laboratory.deploy()


async def written(laboratory: Laboratory, service: Service, operations: Sequence[GraphQLOperation], *, cut: bool = False) -> Recording:
    """Send mutations for three seconds, and cut connections at the acknowledgement of some commits for one of them."""
    chaos = Chaos()
    load = Load(laboratory, service, chaos, Title(experiment="mutations", title="mutations", claims=(), weakness=None, replay="none"))
    if not cut:
        return await load.open_loop(operations, rate=per_second(30), lasting=seconds(3))
    async with chaos(ambiguous_commit(), on=service.database, between=(seconds(1), seconds(1.5))):
        return await load.open_loop(operations, rate=per_second(30), lasting=seconds(4))


async def test_commits_that_are_cut_lose_and_double_nothing_though_some_clients_never_heard(laboratory: Laboratory) -> None:
    service = await laboratory.deploy("hardened")
    recording = await written(laboratory, service, (CREATE_USER, UPDATE_USER, DELETE_USER), cut=True)
    history = recording.history
    lost, doubled = (expectation.judge(history) for expectation in (no_data_loss(), no_duplicates()))
    assert {inventory.operation for inventory in history.of(Inventory)} == {"create_user", "update_user", "delete_user"}
    assert (lost.verdict, doubled.verdict) == ("held", "held"), (lost.statement, doubled.statement)
    assert doubled.numbers["indeterminate_that_took_effect"] != 0
    assert {o.outcome for o in history.of(Operation)} >= {"ok", "indeterminate"}
    # Nobody asked for them, and they are asked all the same, as nothing has to be said for the answer.
    kinds = [finding.expectation.kind for finding in judge_all(history, []).findings]
    assert {"no_data_loss", "no_duplicates"} <= set(kinds)
    await service.close()


async def test_a_service_that_carries_out_writes_twice_is_found_out(tmp_path: Path) -> None:
    async with sabotaged("doubling", tmp_path) as (laboratory, service):
        recording = await written(laboratory, service, (UPDATE_USER,))
        with pytest.raises(Violated, match=r"18 of 90 writes are in the database more than once \(up to 2 times\)") as found:
            recording.require(no_duplicates())
    assert {f.expectation.kind for f in found.value.judgement.findings if f.verdict == "violated"} == {"no_duplicates"}


async def test_a_service_that_acknowledges_and_does_not_write_is_found_out(tmp_path: Path) -> None:
    async with sabotaged("forgetting", tmp_path) as (laboratory, service):
        recording = await written(laboratory, service, (CREATE_USER,))
        with pytest.raises(Violated, match="18 of 90 acknowledged writes are not in the database") as found:
            recording.require(no_data_loss())
    assert {f.expectation.kind for f in found.value.judgement.findings if f.verdict == "violated"} == {"no_data_loss"}


@pytest.mark.parametrize(
    ("found_by", "told"),
    [
        ("SELECT nmae FROM tb_user WHERE name LIKE '{mark}-%'", 'operation create_user: found_by: .*column "nmae" does not exist'),
        ("SELECT 1 WHERE '{mark}' <> ''", "the first column must be a text that holds the request's {unique}, and one is 1"),
        ("DELETE FROM tb_change WHERE request LIKE '{mark}-%' RETURNING request", "cannot execute DELETE in a read-only transaction"),
    ],
)
async def test_a_question_that_the_database_cannot_answer_is_refused_before_anything_is_armed(
    laboratory: Laboratory, service: Service, found_by: str, told: str
) -> None:
    with pytest.raises(DeclarationError, match=told) as refused:
        await written(laboratory, service, (replace(CREATE_USER, found_by=found_by),))
    assert str(refused.value).endswith("nothing was armed")
    assert list(laboratory.folder.path.glob("histories/*")) == []


def test_requests_are_found_wherever_their_mark_stands() -> None:
    rows = [("ab12-0",), ("Member ab12-7",), ("ab12-7@example.org", "more"), ("xab12-8",), ("cd34-9",), ("",)]

    assert ordinals_in(rows, "ab12") == {0: 1, 7: 2}


@pytest.mark.parametrize("row", [(7,), (None,), ()])
def test_a_row_without_a_text_is_refused(row: tuple[object, ...]) -> None:
    with pytest.raises(RigError, match="the first column must be a text"):
        ordinals_in([row], "ab12")
