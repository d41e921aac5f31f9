"""A baseline comes back as it was written, and no other way."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from baselines_made import baseline, metric
from fraiseql_chaos.baselines import read_baseline, write_baseline
from fraiseql_chaos.baselines.sensitivity import drift_of, sensitivities
from fraiseql_chaos.errors import HistoryError


@pytest.fixture
def written(tmp_path: Path) -> Path:
    """Return the file of a baseline."""
    path = tmp_path / "deeper" / "baseline.json"
    write_baseline(path, baseline())
    return path


def test_a_baseline_comes_back_equal(written: Path) -> None:
    assert read_baseline(written) == baseline()
    assert [path.name for path in written.parent.iterdir()] == ["baseline.json"]


def test_values_whose_interval_ends_near_zero_come_back_too(tmp_path: Path) -> None:
    """The end of such an interval is a difference of two equal numbers, and still must agree with itself."""
    made = baseline(metric(repetitions=(0.0, 1e-9, 0.0)), metric("b", repetitions=(0.0, 0.0)))
    write_baseline(tmp_path / "b.json", made)
    assert read_baseline(tmp_path / "b.json") == made


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_a_truncated_file_is_refused_with_the_line(written: Path, share: float) -> None:
    text = written.read_text()
    cut = text[: int(len(text) * share)]
    written.write_text(cut)
    with pytest.raises(HistoryError, match=r"baseline\.json, line \d+, column \d+: not JSON.*cut short.*; nothing was compared with it$") as caught:
        read_baseline(written)
    assert abs(int(str(caught.value).split("line ")[1].split(",")[0]) - (cut.count("\n") + 1)) <= 1


def edit(path: Path, change: Callable[[Any], None]) -> str:
    """Change a document as a hand would, and return what reading it says."""
    document = json.loads(path.read_text())
    change(document)
    path.write_text(json.dumps(document, indent=1, ensure_ascii=False))
    with pytest.raises(HistoryError) as caught:
        read_baseline(path)
    assert str(caught.value).endswith("; nothing was compared with it")
    return str(caught.value)


@pytest.mark.parametrize("field", ["mean", "sd", "cv"])
def test_what_follows_from_the_repetitions_must_agree_with_them(written: Path, field: str) -> None:
    """The line that is named is the one that was edited."""
    said = edit(written, lambda d: d["metrics"][1].update({field: 9.87}))
    line = next(number for number, text in enumerate(written.read_text().split("\n"), 1) if "9.87" in text)
    assert f"baseline.json, line {line}, metrics[1].{field}: 9.87 does not follow from the repetitions" in said


def test_the_file_states_what_can_be_told_of_each_metric_and_how_the_machine_drifted(written: Path) -> None:
    document, known = json.loads(written.read_text()), sensitivities(baseline().metrics)
    assert [each["tolerance_percent"] for each in document["metrics"]] == [pytest.approx(each.tolerance, abs=0.005) for each in known.values()]
    assert [each["finds_percent"] for each in document["metrics"]] == [pytest.approx(each.finds, abs=0.005) for each in known.values()]
    assert [each["drift"] for each in document["metrics"]] == [drift_of(each.repetitions) for each in baseline().metrics]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            lambda d: d["metrics"][1].update(tolerance_percent=5.0),
            "metrics[1].tolerance_percent: 5.0 does not follow from the repetitions, which give ",
        ),
        (lambda d: d["metrics"][0].update(finds_percent=1.0), "metrics[0].finds_percent: 1.0 does not follow"),
        (lambda d: d["metrics"][0].update(finds_percent=None), "metrics[0].finds_percent: None does not follow"),
        (lambda d: d["metrics"][0].pop("tolerance_percent"), "metrics[0]: field 'tolerance_percent' is missing"),
        (lambda d: d["metrics"][1].update(drift=0.5), "metrics[1].drift: 0.5 does not follow"),
        (lambda d: d["metrics"][0]["repetitions"].__setitem__(2, 12.5), "metrics[0].mean: 10.0 does not follow"),
        (lambda d: d["metrics"][0].update(noisy=False), "metrics[0].noisy: false does not follow from a variation of 0.07906 and a limit of 0.05"),
        (lambda d: d["metrics"][0]["interval95"].__setitem__(1, 11.0), "metrics[0].interval95[1]: 11.0 does not follow"),
        (lambda d: d["metrics"][0]["interval95"].pop(), "metrics[0].interval95: an interval has two ends, not 1"),
        (lambda d: d["metrics"][0].update(better="faster"), "metrics[0].better: 'faster' is not one of lower, higher, neither"),
        (lambda d: d["metrics"][0].update(repetitions=[1]), "metrics[0].repetitions: 1 repetitions have no variation"),
        (lambda d: d["metrics"][0].update(limit=2), "metrics[0].noisy: true does not follow"),
        (lambda d: d["metrics"][0].update(samples=1), "1 samples cannot make 5 repetitions"),
        (lambda d: d["metrics"][0].pop("unit"), "metrics[0]: field 'unit' is missing"),
        (lambda d: d["metrics"][0].update(colour="red"), "metrics[0].colour: this release knows no such field"),
        (lambda d: d["metrics"][0]["percentiles"]["p50"].update(low=99), "metrics[0].percentiles.p50: 9.99 does not lie in its interval"),
        (lambda d: d.update(seed="7"), 'seed: "7" is not a whole number'),
        (lambda d: d.update(schema="fraiseql-chaos/baseline/1"), "schema: 'fraiseql-chaos/baseline/1' is not 'fraiseql-chaos/baseline/2'"),
        (lambda d: d["machine"].pop("id"), "machine has an id"),
        (lambda d: d["a_a"].update(level=5), "a_a: a level lies between 0 and 1, not at 5"),
        (lambda d: d["metrics"].append(d["metrics"][0]), "each metric once"),
    ],
)
def test_a_hand_is_seen_and_its_field_named(written: Path, change: Callable[[Any], None], said: str) -> None:
    assert said in edit(written, change)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(HistoryError, match=r"the baseline .*none\.json cannot be read: No such file or directory; nothing was compared with it"):
        read_baseline(tmp_path / "none.json")
    (tmp_path / "bytes.json").write_bytes(b'{"\xff')
    with pytest.raises(HistoryError, match="not UTF-8 at byte 2"):
        read_baseline(tmp_path / "bytes.json")


def test_a_baseline_without_a_comparison_with_itself_comes_back(tmp_path: Path, written: Path) -> None:
    document = json.loads(written.read_text())
    document["a_a"] = None
    (tmp_path / "b.json").write_text(json.dumps(document))
    assert read_baseline(tmp_path / "b.json").a_a is None
