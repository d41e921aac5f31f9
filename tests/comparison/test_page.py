"""The page: whole, offline, escaped, and showing what got worse before anything else."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

from compared_made import LATE, add, run_of, scene, service
from fraiseql_chaos.comparison import compare_baselines, compare_runs
from fraiseql_chaos.comparison.page import drawn, render_page, write_page
from fraiseql_chaos.errors import DeclarationError
from fraiseql_chaos.reports import RunFolder
from fraiseql_chaos.reports.publishing import publish

VOID = {"meta", "br", "link", "img", "col"}
NASTY = 'test_it[<script>alert("x")</script>]'


class Parsed(HTMLParser):
    """What a browser would make of the page, as far as the tests ask."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.mismatched: list[str] = []
        self.ids: list[str] = []
        self.targets: list[str] = []
        self.tags: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.tags.add(tag)
        self.open += [] if tag in VOID else [tag]
        self.ids += [given["id"] or ""] if "id" in given else []
        self.targets += [given[name] or "" for name in ("href", "src", "data") if name in given]

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.mismatched.append(tag)


@pytest.fixture
def page() -> str:
    """The page of a service that got slower."""
    return render_page(compare_baselines(service(), service(seed=2, by_id_ms=3)))


def test_it_is_well_formed_needs_nothing_and_runs_nothing(page: str) -> None:
    parsed = Parsed(page)
    assert (parsed.open, parsed.mismatched) == ([], [])
    assert len(parsed.ids) == len(set(parsed.ids))
    assert {target for target in parsed.targets if not target.startswith("#")} == set()
    assert "script" not in parsed.tags
    assert "default-src 'none'" in page
    assert "url(" not in page
    assert "@import" not in page


def test_the_verdict_is_the_first_thing_and_what_got_worse_the_next(page: str) -> None:
    assert "<h1>2 metrics worse</h1>" in page
    places = [
        page.index(word)
        for word in ("<h1>", "2 of 8 metrics got worse", "What got worse", "query.by_id.c1.latency_p50</code>", "The rest", "How it was judged")
    ]
    assert places == sorted(places)


def test_what_is_unchanged_is_folded(page: str) -> None:
    assert re.search(r'<details class="rest equal"><summary>6 shown to be within 5 %', page)


def test_every_metric_has_a_drawing_and_says_in_words_what_it_draws(page: str) -> None:
    assert page.count('<svg class="reading" role="img" aria-label="') == 8
    assert re.search(r'aria-label="\+50\.\d %, interval \+\d\d\.\d % to \+\d\d\.\d %"', page)


def test_dark_mode_and_phones_are_thought_of(page: str) -> None:
    assert "prefers-color-scheme: dark" in page
    assert page.count("@media (max-width: 46rem)") == 2


@pytest.mark.parametrize("place", ["title", "id", "name", "difference"])
def test_nothing_that_a_test_or_service_said_is_markup(tmp_path: Path, place: str) -> None:
    """Wherever it stands."""
    folders = [RunFolder.create(tmp_path, seed=1, replay="pytest") for _ in range(2)]
    for folder, back_ms in zip(folders, (100, LATE), strict=True):
        add(folder, scene(back_ms=back_ms), NASTY if place == "id" else "test_it", title=NASTY if place == "title" else "It works")
    name = NASTY if place == "name" else "old"
    found = compare_runs(folders[0].collect(), folders[1].collect(), names=(name, "new"))
    text = render_page(replace(found, differs=(NASTY,)) if place == "difference" else found)
    assert "<script" not in text
    assert "&lt;script&gt;" in text


def test_links_lead_to_the_tests_on_the_reports_of_the_runs(tmp_path: Path) -> None:
    """They are relative, so both can be moved together, and each place exists."""
    runs = []
    for back_ms in (100, LATE):
        folder, document = run_of(tmp_path / "runs", scene(back_ms=back_ms))
        runs.append((document, publish(folder, document)))
    found = compare_runs(runs[0][0], runs[1][0], pages=(str(runs[0][1]), str(runs[1][1])))
    written = write_page(found, tmp_path / "comparison.html")
    outside = {target for target in Parsed(written.read_text(encoding="utf-8")).targets if not target.startswith("#")}
    assert len(outside) == 4
    for target in outside:
        file, _, anchor = target.partition("#")
        assert not file.startswith("/")
        linked = (tmp_path / file).read_text(encoding="utf-8")
        assert not anchor or f'id="{anchor}"' in linked


def test_a_page_that_cannot_be_written_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "taken").mkdir()
    with pytest.raises(DeclarationError, match=r"cannot be written: .*; what was there is untouched"):
        write_page(compare_baselines(service(), service(seed=2)), tmp_path / "taken")
    assert [path.name for path in tmp_path.iterdir()] == ["taken"]


def test_worse_is_always_on_the_right() -> None:
    """A latency that doubled and a throughput that was halved are drawn at the same place."""
    slower = compare_baselines(service(), service(seed=2, by_id_ms=4)).having("worse")
    latency, throughput = (drawn(next(row for row in slower if name in row.name), scale=math.log(3)) for name in ("latency", "throughput"))
    assert latency.dot == pytest.approx(throughput.dot, abs=1)
    for each in (latency, throughput):
        assert each.dot is not None
        assert each.low is not None
        assert each.high is not None
        assert each.low <= each.dot <= each.high
        assert each.dot > each.band_left + each.band_width
        assert each.bar_left == 50
        assert each.bar_width == pytest.approx(each.dot - 50)


@pytest.mark.parametrize("percent", [100_000.0, -100.0])
def test_what_is_off_the_scale_is_drawn_at_its_edge(percent: float) -> None:
    row = replace(compare_baselines(service(), service(seed=2)).rows[0], percent=percent, low=None, high=None, better="lower")
    mark = drawn(row, scale=1.0)
    assert mark.is_off
    assert mark.dot == (98 if percent > 0 else 2)


def test_a_change_without_per_cent_has_no_dot() -> None:
    row = replace(compare_baselines(service(), service(seed=2)).rows[0], percent=None, low=None, high=None)
    assert drawn(row, scale=1.0).dot is None
