"""A history is whole or an error, and answers what judges ask."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from fraiseql_chaos.errors import HistoryError
from fraiseql_chaos.history import History, Operation, read_history
from histories import Scene, outage, store


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """A stored history of a few lines."""
    path = tmp_path / "small.jsonl"
    store(Scene().fault(1000, 2000).request(0).request(1500, outcome="fail", cause="http_error", detail="Datenbank weg: naïve").history(), path)
    return path


def test_a_file_cut_at_any_byte_is_refused_with_its_name(tmp_path: Path) -> None:
    cut = tmp_path / "cut.jsonl"
    store(Scene().request(0).history(), cut)
    whole = cut.read_bytes()
    for length in range(len(whole)):
        cut.write_bytes(whole[:length])
        with pytest.raises(HistoryError, match=r"cut\.jsonl"):
            read_history(cut)


def test_a_file_cut_within_a_line_names_the_line(small: Path) -> None:
    lines = small.read_bytes().splitlines(keepends=True)
    for number, line in enumerate(lines, start=1):
        small.write_bytes(b"".join(lines[: number - 1]) + line[:-1])
        with pytest.raises(HistoryError, match=rf"small\.jsonl, line {number}: cut short"):
            read_history(small)


def test_a_lost_line_is_refused_wherever_it_was(small: Path) -> None:
    lines = small.read_bytes().splitlines(keepends=True)
    for lost in range(len(lines)):
        small.write_bytes(b"".join(line for number, line in enumerate(lines) if number != lost))
        with pytest.raises(
            HistoryError, match=r"small\.jsonl, after line \d+: (?:a history of \d+ events holds \d+|a history begins|a history ends)"
        ):
            read_history(small)


def test_an_edited_count_is_refused(small: Path) -> None:
    text = small.read_text(encoding="utf-8")
    events = json.loads(text.splitlines()[-1])["events"]
    small.write_text(text.replace(f'"events":{events}', f'"events":{events + 1}'), encoding="utf-8")

    with pytest.raises(HistoryError, match=f"a history of {events + 1} events holds {events}: lines were lost or added"):
        read_history(small)


def test_another_format_is_refused_by_name(small: Path) -> None:
    small.write_text(small.read_text(encoding="utf-8").replace("history/1", "history/2"), encoding="utf-8")

    with pytest.raises(HistoryError, match="has the format 'fraiseql-chaos/history/2'; this release reads 'fraiseql-chaos/history/1'"):
        read_history(small)


def test_a_damaged_line_is_named(small: Path) -> None:
    lines = small.read_text(encoding="utf-8").splitlines()
    lines[2] = lines[2].replace('"began_ns":', '"began_ms":')
    small.write_text("\n".join(lines) + "\n", encoding="utf-8")

    with pytest.raises(HistoryError, match=r"small\.jsonl, line 3: field 'began_ms' does not belong"):
        read_history(small)


def test_what_is_no_text_or_not_there_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"\xff\xfe\n")

    for name in ("x", "none"):
        with pytest.raises(HistoryError, match="cannot be read as a history"):
            read_history(tmp_path / name)


def test_operations_come_in_the_order_planned_whatever_order_they_ended_in() -> None:
    events = outage().history().events
    shuffled = History((events[0], *reversed(events[1:-1]), events[-1]))

    assert [o.ordinal for o in shuffled.operations] == list(range(350))


def test_a_fault_is_gathered_from_its_events() -> None:
    history = Scene().fault(1000, 2000).fault(3000, None, count=0).load(7).ready(20, ok=True).ready(10, ok=False).history()
    first, second = history.faults

    assert (first.armed is not None, first.healed is not None, first.bit) == (True, True, True)
    assert (second.healed, second.bit, len(second.evidence)) == (None, False, 3)
    assert history.load is not None
    assert history.load.requests == 7
    assert [s.ok for s in history.samples("service_ready")] == [False, True]
    assert list(history.of(Operation)) == []


def test_the_injectors_own_word_is_no_evidence() -> None:
    assert not Scene().fault(1000, 2000, independent=False).history().faults[0].bit


@pytest.mark.parametrize(("count", "reach"), [(1, 1), (12, 0), (0, 9), (0, 0)])
def test_a_fault_bit_if_it_was_seen_and_the_service_was_seen_under_it(count: int, reach: int) -> None:
    fault = Scene().fault(1000, 2000, count=count, reach=reach).history().faults[0]

    assert (fault.is_shown("fault"), fault.is_shown("reach"), fault.bit) == (count > 0, reach > 0, count == reach == 1)
