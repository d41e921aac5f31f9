"""What a comparison knows of itself."""

from __future__ import annotations

from pathlib import Path

from compared_made import LATE, run_of, scene, service
from fraiseql_chaos.comparison import Comparison, compare_baselines, compare_runs
from fraiseql_chaos.verdicts import from_json, to_json


def test_a_flip_alone_is_a_regression(tmp_path: Path) -> None:
    held, violated = run_of(tmp_path, scene())[1], run_of(tmp_path, scene(back_ms=LATE))[1]
    assert compare_runs(held, violated).regressed
    assert not compare_runs(violated, held).regressed


def test_it_goes_to_json_and_back(tmp_path: Path) -> None:
    """Strictly, as everything that is stored."""
    run = compare_runs(run_of(tmp_path, scene())[1], run_of(tmp_path, scene(back_ms=LATE))[1])
    for found in (run, compare_baselines(service(), service(seed=2, by_id_ms=3))):
        assert from_json(Comparison, to_json(found), "it") == found
