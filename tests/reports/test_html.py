"""The page: whole, offline, escaped, bounded, and saying in words what it shows."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

from fraiseql_chaos.errors import HistoryError
from fraiseql_chaos.reports import ExperimentRecord, Problem, RunDocument
from fraiseql_chaos.reports.html import _with_code, headline, render_html, write_html
from fraiseql_chaos.verdicts import judge_all
from histories import Scene, outage
from sample_run import sample_run

VOID = {"meta", "link", "img", "br", "hr", "input"}


class Page(HTMLParser):
    """What a browser would make of the page, as far as the tests ask."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.mismatched: list[str] = []
        self.ids: list[str] = []
        self.fetched: list[str] = []
        self.targets: list[str] = []
        self.scripts = 0
        self.words: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.open += [] if tag in VOID else [tag]
        self.scripts += tag == "script"
        self.ids += [given["id"] or ""] if "id" in given else []
        self.fetched += [value or "" for name, value in attrs if name in {"src", "data", "action", "poster", "srcset"}]
        self.targets += [value or "" for name, value in attrs if name == "href"]

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.mismatched.append(tag)

    def handle_data(self, data: str) -> None:
        if not {"script", "style"} & set(self.open):
            self.words.append(data)

    @property
    def text(self) -> str:
        """What a reader reads."""
        return " ".join(" ".join(self.words).split())


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The page of a run with every kind of result."""
    folder = sample_run(tmp_path_factory.mktemp("run"))
    return write_html(folder, folder.path / "report.html").read_text(encoding="utf-8")


def test_every_sign_has_a_body_that_can_be_seen(page: str) -> None:
    """Its strokes have the colour of the page, so a sign without a filled body is none."""
    symbols = re.findall(r'<symbol id="(i-[a-z]+)"[^>]*>(.*?)</symbol>', page)
    assert len(symbols) == 6
    assert [name for name, drawn in symbols if not re.match(r'<circle |<path class="shape" ', drawn)] == []


def test_the_page_is_well_formed_and_its_ids_are_unique(page: str) -> None:
    parsed = Page(page)

    assert (parsed.open, parsed.mismatched) == ([], [])
    assert len(parsed.ids) == len(set(parsed.ids))


def test_the_page_needs_nothing_but_itself(page: str) -> None:
    parsed = Page(page)
    styles = "".join(re.findall(r"<style>(.*?)</style>", page, re.DOTALL))

    assert parsed.fetched == []
    assert {target for target in parsed.targets if not target.startswith("#")} == set()
    assert "url(" not in styles
    assert "@import" not in styles
    assert "default-src 'none'" in page


def test_every_link_leads_to_a_place_on_the_page(page: str) -> None:
    parsed = Page(page)

    assert {target[1:] for target in parsed.targets} - set(parsed.ids) == set()


def test_the_outcome_is_the_first_thing_said(page: str) -> None:
    text = Page(page).text

    assert "<h1>2 of 6 tests were violated.</h1>" in page
    assert "2 held 2 violated 1 inconclusive 1 weakness 2 skipped" in text
    assert "fraiseql 1.9.16 postgresql 18.1" in text


def test_a_weakness_can_be_understood_from_its_card_alone(page: str) -> None:
    """Seen, evidence, cause, affected releases, remedy, the broken promise, the tests and one command with the seed; its words are escaped."""
    card = page.partition('<article class="card known" id="weakness-W-007">')[2].partition("</article>")[0]
    text = Page(f"<div>{card}</div>").text
    assert "GraphQL errors carry the SQL statement that failed. Evidence test_errors_give_nothing_away: 12 of 75 errors carried SQL" in text
    assert "Affected FraiseQL 1.8.9 to 1.9.16 Remedy set environment to production" in text
    assert "Broken promise error is clear" in text
    assert "fraiseql/errors.py:12 <code>raise &lt;type&gt; from error</code> hands the driver&#39;s words on" in card
    assert "test_query_chaos.py::test_errors_give_nothing_away" in text
    assert "weakness not run" in text
    assert "--chaos-seed=42" in text
    assert '<a href="#weakness-W-007">' in page


def test_a_lone_backtick_is_a_backtick() -> None:
    assert str(_with_code("a `b` <c>")) == "a <code>b</code> &lt;c&gt;"
    assert str(_with_code("a `b <c>")) == "a `b &lt;c&gt;"


def test_every_test_is_there_with_reasons_evidence_replay_weakness_and_skips(page: str) -> None:
    text = Page(page).text

    assert page.count('<details class="card ') == 6
    assert "recovers within: a request planned 1.68 s after the fault's end still failed" in text
    assert "12 kernel, asked by a connect to the edge 12 connects were answered ECONNREFUSED" in text
    assert 'Known weakness <a href="#weakness-W-007">W-007</a>.' in page
    assert "Remedy set environment to production" in text
    assert "test_connection_refused' --chaos-seed=42" in text
    assert "this kernel has no sch_netem; load the module, or use the packet link" in text
    assert "Attempt 2; the ones before it were inconclusive." in text


def test_what_a_service_said_is_never_markup(page: str) -> None:
    assert '<script>alert("x")</script>' in Page(page).text
    assert "<script>alert" not in page
    assert Page(page).scripts == 6 + 2


def test_status_is_a_word_and_never_a_colour_alone(page: str) -> None:
    badges = re.findall(r'<span class="badge (\w+)">(.*?)</span>', page, re.DOTALL)

    of_tests, of_indicators = [*badges[:6], *badges[15:]], badges[6:15]
    assert len(badges) == 22
    assert all(words.endswith(f"</svg>{standing}") for standing, words in of_tests)
    said = {"held": "met", "violated": "not met", "inconclusive": "cannot tell"}
    assert all(words.endswith(f"</svg>{said[standing]}") for standing, words in of_indicators)


def test_the_indicators_are_shown_with_target_value_and_the_tests_they_are_from(page: str) -> None:
    text = Page(page).text

    assert "Recovery time" in text
    assert "< 5 s for most failures" in text
    assert "no experiment can tell: nobody looked at the service's memory" in text
    assert 'not met: <a href="#test-2">' in page


def test_a_chart_that_leaves_requests_out_says_so(page: str) -> None:
    assert re.search(r"\d+ of 1750 requests have a point", Page(page).text)
    assert Page(page).text.count("requests have a point") == 1


def test_a_page_of_two_hundred_long_tests_stays_below_two_megabytes_and_says_what_it_left_out(tmp_path: Path) -> None:
    document = sample_run(tmp_path).collect()
    records = [replace(document.experiments[n % 6], id=f"tests/test_{n}.py::test_a") for n in range(200)]
    history = Scene().fault(5000, 15_000).answers(0, 5000).errors(5000, 15_000, every_ms=40).answers(15_000, 20_000).history()
    big = RunDocument.of(records, document.skipped, seed=1, replay="x", started=document.started)
    page = render_html(big, {record.id: history for record in records})

    assert len(page.encode()) <= 2_000_000
    assert "the numbers behind findings that held are left out" in Page(page).text


def test_a_run_of_nothing_has_a_page_too() -> None:
    empty = RunDocument.of([], seed=1, replay="x", started="2026-01-01T00:00:00+00:00")

    assert "Nothing was tested." in Page(render_html(empty, {})).text


def test_the_headline_never_calls_anything_green_that_is_not(tmp_path: Path) -> None:
    document = sample_run(tmp_path).collect()
    by_standing = {record.standing: record for record in document.experiments}

    def of(*standings: str) -> str:
        records = [record for standing, record in by_standing.items() if standing in standings]
        return headline(RunDocument.of(records, seed=1, replay="x", started=document.started))

    assert of("held") == "The one test held."
    problem = Problem(id="test_a", reason="a slip")
    assert headline(with_problem(document, by_standing["held"], problem)) == "Nothing was violated, but 1 test failed otherwise."
    assert headline(with_problem(document, None, problem)) == "Nothing was concluded, but 1 test failed otherwise."
    assert of("held", "weakness") == "1 of 2 tests held; the other 1 met known weaknesses."
    assert of("held", "weakness", "inconclusive") == "Nothing was violated, but 1 of 3 tests could not tell."
    assert of("held", "weakness", "inconclusive", "violated") == "1 of 4 tests was violated."


def with_problem(document: RunDocument, record: ExperimentRecord | None, problem: Problem) -> RunDocument:
    """Return a run of at most one test, and of another that failed without a verdict."""
    return RunDocument.of([] if record is None else [record], (), [problem], seed=1, replay="x", started=document.started)


def test_a_page_that_cannot_be_written_says_where_the_run_is(tmp_path: Path) -> None:
    folder = sample_run(tmp_path / "runs")
    (tmp_path / "taken").mkdir()

    with pytest.raises(HistoryError, match=f"the run itself is stored in {folder.path}"):
        write_html(folder, tmp_path / "taken")


def test_what_was_counted_stands_beside_what_was_asked_and_captures_can_be_opened() -> None:
    history = outage("a").counted(100, 1000).captures("a-1", not_kept=3).history()
    record = ExperimentRecord.of(history, judge_all(history, []), path="histories/a.jsonl", title="t", expectations=[])
    parsed = Page(render_html(RunDocument.of([record], seed=1, replay="x", started="2026-01-01T00:00:00+00:00"), {}))

    told = " ".join(parsed.text.split())
    assert "Asked against counted: packets that never arrived" in told
    assert "to the server 5 % 100 of 1000 10 % 7.7 to 12.7 % outside" in told
    assert "both ways 5 % 200 of 2000 10 % 8.34 to 11.8 % outside" in told
    assert "1234 in all, and 3 more came after a file was full" in told
    assert {target for target in parsed.targets if not target.startswith("#")} == {"pcaps/a-1.near.pcap", "pcaps/a-1.far.pcap"}
