"""The file a running experiment writes: there while it is written, never overwritten, never silently short."""

from __future__ import annotations

from pathlib import Path

import pytest

from fraiseql_chaos.errors import HistoryError
from fraiseql_chaos.history import GeneratorStalled, HistoryLog, read_history
from histories import outage

STALL = GeneratorStalled(at_ns=1, stall_ns=2)


def test_each_event_can_be_read_from_the_file_as_soon_as_it_is_appended(tmp_path: Path) -> None:
    with HistoryLog(tmp_path / "a.jsonl") as log:
        log.append(STALL)

        assert log.path.read_text(encoding="utf-8") == '{"type":"generator_stalled","at_ns":1,"stall_ns":2}\n'


def test_what_was_appended_is_what_is_read(tmp_path: Path) -> None:
    history = outage().history()
    with HistoryLog(tmp_path / "a.jsonl") as log:
        for event in history.events[:-1]:
            log.append(event)
        log.end(history.end_ns)

    assert read_history(log.path) == history


def test_a_history_is_never_overwritten(tmp_path: Path) -> None:
    HistoryLog(tmp_path / "a.jsonl").close()

    with pytest.raises(HistoryError, match=r"a\.jsonl exists already"):
        HistoryLog(tmp_path / "a.jsonl")


def test_a_folder_that_is_not_there_is_an_error_with_the_path(tmp_path: Path) -> None:
    with pytest.raises(HistoryError, match=r"none/a\.jsonl cannot be written"):
        HistoryLog(tmp_path / "none" / "a.jsonl")


def test_a_full_disk_is_an_error_at_once(tmp_path: Path) -> None:
    """Method: /dev/full is a file whose every write fails with ENOSPC; the log is opened elsewhere and turned to it."""
    log = HistoryLog(tmp_path / "a.jsonl")
    log.close()
    log._file = Path("/dev/full").open("w", encoding="utf-8", buffering=1)  # noqa: SIM115  the log closes it, which is part of the test

    with pytest.raises(HistoryError, match="No space left on device; the run's record would have holes"):
        log.append(STALL)
    with pytest.raises(HistoryError, match="No space left on device"):
        log.close()


def test_leaving_without_an_end_leaves_a_file_that_may_not_be_judged(tmp_path: Path) -> None:
    with HistoryLog(tmp_path / "a.jsonl") as log:
        log.append(outage().history().begin)

    with pytest.raises(HistoryError, match="cut short and may not be judged"):
        read_history(log.path)
