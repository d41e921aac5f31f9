"""Everything goes through one writer onto one clock, and what is judged is what was stored."""

from __future__ import annotations

from pathlib import Path

import pytest

from fraiseql_chaos.core import now_ns, seconds
from fraiseql_chaos.errors import HistoryError
from fraiseql_chaos.experiment.recorder import Recorder
from fraiseql_chaos.history import Begin, End, FaultArmed, FaultHealed, Sample, read_history

BEGIN = Begin(
    experiment="x", seed=1, replay="pytest", origin_monotonic_ns=0, origin_wall="2026-11-22T06:09:05.000+00:00", target={}, machine={}, disarmed=False
)
ARMED = FaultArmed(fault="0-refuse", began_ns=5, at_ns=7)
HEALED = FaultHealed(fault="0-refuse", began_ns=8, at_ns=9)


def test_samples_leave_on_the_runs_own_clock(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path / "history.jsonl", origin_ns=1_000)
    recorder.append(BEGIN)
    recorder.sample(Sample(probe="service_ready", began_ns=900, at_ns=1_100, ok=True, value={"status": 200}))
    moved = Sample(probe="service_ready", began_ns=-100, at_ns=100, ok=True, value={"status": 200})
    assert recorder.samples == [moved]
    assert recorder.finish().samples("service_ready") == (moved,)


def test_events_leave_as_they_come(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path / "history.jsonl", origin_ns=1_000)
    for event in (BEGIN, ARMED, HEALED):
        recorder.append(event)
    assert recorder.finish().events[:-1] == (BEGIN, ARMED, HEALED)


def test_armed_and_healed_faults_are_remembered_by_id(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path / "history.jsonl", origin_ns=0)
    for event in (BEGIN, ARMED):
        recorder.append(event)
    assert (recorder.armed, recorder.healed) == ({"0-refuse": ARMED}, {})
    recorder.append(HEALED)
    assert (recorder.armed, recorder.healed) == ({"0-refuse": ARMED}, {"0-refuse": HEALED})
    recorder.abandon()


def test_time_counts_from_the_origin_also_before_it(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path / "history.jsonl", origin_ns=now_ns() + seconds(3600).ns)
    assert -seconds(3600).ns <= recorder.now_ns() < 0
    recorder.abandon()


def test_finished_history_is_what_is_in_the_file(tmp_path: Path) -> None:
    origin_ns = now_ns()
    recorder = Recorder(tmp_path / "history.jsonl", origin_ns=origin_ns)
    recorder.append(BEGIN)
    history = recorder.finish()
    assert history == read_history(tmp_path / "history.jsonl")
    assert isinstance(history.events[-1], End)
    assert 0 <= history.end_ns <= now_ns() - origin_ns


def test_abandoned_history_can_be_read_by_people_but_not_be_judged(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path / "history.jsonl", origin_ns=0)
    recorder.append(BEGIN)
    recorder.abandon()
    assert '"type":"begin"' in (tmp_path / "history.jsonl").read_text()
    with pytest.raises(HistoryError, match="cut short and may not be judged"):
        read_history(tmp_path / "history.jsonl")


def test_history_is_never_overwritten(tmp_path: Path) -> None:
    (tmp_path / "history.jsonl").write_text("precious")
    with pytest.raises(HistoryError, match="exists already"):
        Recorder(tmp_path / "history.jsonl", origin_ns=0)
    assert (tmp_path / "history.jsonl").read_text() == "precious"
