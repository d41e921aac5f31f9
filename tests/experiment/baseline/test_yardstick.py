"""Which baseline is measured against: stored ones are found by what they are, foreign ones are refused, missing ones are collected once."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from baselines_made import metric
from fraiseql_chaos import reference
from fraiseql_chaos.baselines import Baseline, write_baseline
from fraiseql_chaos.errors import DeclarationError, HistoryError
from fraiseql_chaos.experiment import Application, Laboratory, RigSettings
from fraiseql_chaos.experiment.baseline import BaselinePlan, baseline_for, yardstick_from
from fraiseql_chaos.experiment.baseline.plan import configuration
from fraiseql_chaos.experiment.baseline.yardstick import stored_path
from fraiseql_chaos.experiment.machine import machine

pytestmark = pytest.mark.anyio

PLAN = BaselinePlan(repetitions=2, requests={1: 3}, samples=0, passes=1)
SETTINGS = RigSettings(seed=1)


def deployed(**versions: str) -> Any:
    """Return as much of a deployment as a yardstick looks at."""
    return SimpleNamespace(application=Application.reference("stock"), describe=lambda: {"app": "stock:app", **versions})


def local(**versions: str) -> Baseline:
    """Return a baseline of this machine, of the service of that release, measured by the plan above."""
    configured = configuration(PLAN, reference.OPERATIONS, edge_tls=False, own_server=True)
    made: Baseline = Baseline(
        created="2026-01-02T03:04:05+00:00",
        seed=1,
        machine=machine(),
        target=deployed(**versions).describe(),
        configuration=configured,
        load_before={},
        load_after={},
        metrics=(metric(),),
        a_a=None,
    )
    return made


def test_a_baseline_of_the_same_thing_is_a_yardstick(tmp_path: Path) -> None:
    write_baseline(tmp_path / "b.json", local(fraiseql="1.9.16"))
    found = yardstick_from(tmp_path / "b.json", deployed(fraiseql="1.9.16"), SETTINGS, plan=PLAN)
    assert found.differs == ()
    assert found.describe()["foreign"] == []


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"machine": {"id": "feedface"}}, "machine feedface, not "),
        ({"target": {"app": "stock:app", "fraiseql": "1.8.9"}}, "target fraiseql 1.8.9, not 1.9.16"),
        ({"configuration": {}}, "configuration edge_tls absent, not False"),
    ],
)
def test_a_foreign_one_is_refused_unless_it_is_asked_for_and_then_it_is_said(tmp_path: Path, change: dict[str, Any], said: str) -> None:
    path, service = tmp_path / "b.json", deployed(fraiseql="1.9.16")
    write_baseline(path, replace(local(fraiseql="1.9.16"), **change))
    with pytest.raises(DeclarationError, match=rf"b\.json is no yardstick for this run: {said}.*--foreign-baseline.*; nothing was compared with it"):
        yardstick_from(path, service, SETTINGS, plan=PLAN)
    allowed = yardstick_from(path, service, SETTINGS, plan=PLAN, allow_foreign=True)
    assert allowed.differs[0].startswith(said)
    assert allowed.describe()["foreign"] == list(allowed.differs)


def test_each_machine_target_and_configuration_has_a_place_of_its_own(tmp_path: Path) -> None:
    places = [
        stored_path(tmp_path, {"id": "a", "kernel": kernel}, {"app": app}, {"edge_tls": tls})
        for kernel, app, tls in [("6", "x", False), ("7", "x", False), ("6", "y", False), ("6", "x", True)]
    ]
    assert places[0] == places[1], "a new kernel is the same machine"
    assert len(set(places)) == 3


async def test_a_missing_one_is_collected_once_said_aloud_and_found_again(laboratory: Laboratory, tmp_path: Path) -> None:
    """On the real rig, with next to no samples: the second time nothing is started."""
    laboratory.settings = replace(laboratory.settings, seed=3)
    service = await laboratory.deploy()
    said: list[str] = []
    before = service.deployment
    first = await baseline_for(laboratory, service, store=tmp_path, plan=PLAN, say=said.append)
    assert said[0] == "no baseline of this machine, target and configuration yet: collecting one, 2 repetitions; this is done once"
    assert said[-1].startswith(f"baseline stored: {tmp_path}/")
    assert before.service.exited() is not None, "it waited on the same server while others were measured"
    assert service.deployment.service.exited() is None
    said.clear()
    again = await baseline_for(laboratory, service, store=tmp_path, plan=PLAN, say=said.append)
    await service.close()
    assert again == first
    assert [line.split(":")[0] for line in said] == [f"baseline of {first.baseline.created.partition(':')[0]}"]


async def test_a_stored_one_that_is_another_than_its_place_says_is_refused(laboratory: Laboratory, tmp_path: Path) -> None:
    """As after a file was copied over it: never silently used, never silently replaced."""
    service: Any = SimpleNamespace(deployment=deployed(fraiseql="1.9.16"), variant=None)
    mine = local(fraiseql="1.9.16")
    path = stored_path(tmp_path, mine.machine, mine.target, mine.configuration)
    write_baseline(path, replace(mine, machine={"id": "feedface"}))
    with pytest.raises(HistoryError, match="is stored as the baseline of this machine, target and configuration and is not: machine feedface"):
        await baseline_for(laboratory, service, store=tmp_path, plan=PLAN, say=lambda _line: None)
    assert path.exists()
