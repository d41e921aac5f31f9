"""The generator's own side: in which order cases are asked. The process as a whole is tested with its runner's side."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from fraiseql_chaos.workload import bursts_driver
from fraiseql_chaos.workload.model import Case, GraphQLOperation


def test_cases_go_round_and_what_is_unique_is_so_by_ordinal() -> None:
    cases = [Case(variables={"n": n, "u": "{unique}"}, data=None) for n in range(3)]
    operation = GraphQLOperation(name="q", document="query Q { a }", kind="query", cases=tuple(cases))
    asked = [json.loads(bursts_driver._request(operation, cases, ordinal, "m").body)["variables"] for ordinal in range(2, 6)]
    assert asked == [{"n": 2, "u": "m-2"}, {"n": 0, "u": "m-3"}, {"n": 1, "u": "m-4"}, {"n": 2, "u": "m-5"}]


def test_it_needs_a_place_to_connect_to(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    with pytest.raises(SystemExit):
        bursts_driver.main([])
    assert "--control" in capsys.readouterr().err
    with pytest.raises(FileNotFoundError):
        bursts_driver.main(["--control", str(tmp_path / "nobody")])
