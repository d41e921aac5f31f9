"""JSON, CSV, Markdown and text: all say the same, and none lets a name say more than it is."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from pathlib import Path

import pytest

from baselines_made import metric
from compared_made import LATE, add, repeated, run_of, scene, service
from fraiseql_chaos.comparison import Comparison, compare_baselines, compare_runs
from fraiseql_chaos.comparison.files import CSV_FIELDS, as_csv, as_json, as_markdown, as_text
from fraiseql_chaos.reports import RunFolder

GOLDEN = """\
### Chaos comparison: 1 verdict worse, 2 metrics worse

1 test that was not violated is worse now; 2 of 8 metrics got worse, the most query.by\\_id.c1.throughput (\N{MINUS SIGN}33.8 %); 6 of 8 metrics are shown to be within 5 %.

> Different: target fraiseql 1.8.9, not 1.9.16

| test | was | is |
|---|---|---|
| `test_pool.py::test_pool` | held | **violated** |

| Worse | change | interval | old | new |
|---|--:|:-:|--:|--:|
| `query.by_id.c1.throughput` | **\N{MINUS SIGN}33.8 %** | \N{MINUS SIGN}34.3 % to \N{MINUS SIGN}33.4 % | 504 ms | 332 ms |
| `query.by_id.c1.latency_p50` | **+50.1 %** | +48.7 % to +51.7 % | 2.01 ms | 3.01 ms |

<sub>`old` against `new`. Counts only what is significant after correction and larger than 5 %.</sub>
"""


def both(tmp_path: Path) -> Comparison:
    """Return a comparison with a flip and two regressions; only a test would put the two together."""
    baselines = compare_baselines(service(fraiseql="1.8.9"), service(seed=2, by_id_ms=3))
    runs = compare_runs(run_of(tmp_path, scene())[1], run_of(tmp_path, scene(back_ms=LATE))[1])
    return replace(baselines, flips=runs.flips)


def test_the_summary_of_a_pull_request_is_this(tmp_path: Path) -> None:
    assert as_markdown(both(tmp_path)) == GOLDEN


def test_the_summary_stays_short_however_much_got_worse() -> None:
    def many(ms: float, seed: int) -> list[object]:
        return [metric(f"m{n:02}", repeated(ms, seed + n)) for n in range(40)]

    found = compare_baselines(replace(service(), metrics=tuple(many(10, 1))), replace(service(), metrics=tuple(many(20, 100))))  # type: ignore[arg-type]
    text = as_markdown(found)
    assert text.count("| `m") == 10
    assert "\n30 more.\n" in text


def test_csv_goes_out_and_comes_back_with_every_digit(tmp_path: Path) -> None:
    found = both(tmp_path)
    text = as_csv(found)
    read = list(csv.DictReader(io.StringIO(text, newline="")))
    assert tuple(read[0]) == CSV_FIELDS
    assert [line["sort"] for line in read] == ["flip"] + ["metric"] * 8
    assert [(read[0][name]) for name in ("outcome", "name", "old", "new")] == ["worse", found.flips[0].experiment, "held", "violated"]
    for line, row in zip(read[1:], found.rows, strict=True):
        assert (line["name"], line["outcome"], line["unit"], line["better"], line["reason"]) == (
            row.name,
            row.outcome,
            row.unit,
            row.better,
            row.reason,
        )
        assert [float(line[name]) for name in ("old", "new", "percent", "low_percent", "high_percent", "p_corrected")] == [
            row.old,
            row.new,
            row.percent,
            row.low,
            row.high,
            row.p,
        ]
    assert text.endswith("\r\n")


def test_csv_keeps_names_with_commas_quotes_and_lines(tmp_path: Path) -> None:
    name = 'test_it[a, "b"\nc;d]'
    found = compare_runs(run_of(tmp_path, scene(), experiment=name)[1], run_of(tmp_path, scene(back_ms=LATE), experiment=name)[1])
    assert next(csv.DictReader(io.StringIO(as_csv(found), newline="")))["name"] == name


def test_what_there_is_not_is_an_empty_field(tmp_path: Path) -> None:
    found = compare_runs(run_of(tmp_path, scene())[1], run_of(tmp_path, scene())[1])
    for line in csv.DictReader(io.StringIO(as_csv(found), newline="")):
        assert (line["low_percent"], line["p_corrected"]) == ("", "")


def test_json_has_everything_and_the_conclusion(tmp_path: Path) -> None:
    told = json.loads(as_json(both(tmp_path)))
    assert (told["schema"], told["regressed"], len(told["rows"]), len(told["flips"])) == ("fraiseql-chaos/comparison/1", True, 8, 1)
    assert told["conclusion"].startswith("1 test that was not violated is worse now")
    assert told["tolerance"] == 5


NASTY = "test_it[<img src=x onerror=alert(1)>|`*_[link](x)\n@somebody #12]"


def test_markdown_lets_no_name_be_markup(tmp_path: Path) -> None:
    """A name is code in one line; within it the table's bar is escaped, and a backtick is none."""
    folders = [RunFolder.create(tmp_path, seed=1, replay="pytest") for _ in range(2)]
    for folder, back_ms in zip(folders, (100, LATE), strict=True):
        add(folder, scene(back_ms=back_ms), NASTY)
    found = compare_runs(folders[0].collect(), folders[1].collect(), names=(NASTY, "new"))
    (line,) = [line for line in as_markdown(found).splitlines() if "onerror" in line and line.startswith("|")]
    assert line == "| `test_it[<img src=x onerror=alert(1)>\\|'*_[link](x) @somebody #12]` | held | **violated** |"
    outside = as_markdown(replace(found, differs=(NASTY,))).split("\n> ")[1].split("\n\n")[0]
    assert "<img" not in outside
    assert "&lt;img" in outside
    assert "@" not in outside


@pytest.mark.parametrize("word", ["WORSE", "tolerance 5 %", "Different: target fraiseql 1.8.9, not 1.9.16", "held -> violated"])
def test_the_terminal_is_told_in_words(tmp_path: Path, word: str) -> None:
    assert word in as_text(both(tmp_path))


def test_the_terminal_does_not_list_what_is_unchanged(tmp_path: Path) -> None:
    assert "other3" not in as_text(both(tmp_path))
