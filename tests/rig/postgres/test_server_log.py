"""The log's text becomes records, and nothing of a record is lost or given to another."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from fraiseql_chaos.core import NS_PER_MS, now_ns
from fraiseql_chaos.rig.postgres import Cluster
from fraiseql_chaos.rig.postgres.control import run
from fraiseql_chaos.rig.postgres.server_log import LogRecord, ServerLog, parse_log, wall_offset_ns

TEXT = """\
2026-01-31 09:15:02.417 UTC [4711] 57P01 FATAL:  terminating connection due to administrator command
2026-01-31 09:15:02.418 UTC [4712] 42P01 ERROR:  relation "x" does not exist at character 15
2026-01-31 09:15:02.418 UTC [4713] 00000 LOG:  checkpoint starting: immediate
2026-01-31 09:15:02.418 UTC [4712] 42P01 STATEMENT:  SELECT *
\tFROM x
/usr/lib/whatever.so: a loader complains
2026-01-31 09:15:02.419 UTC [4712] 00000 LOG:  one line
\tand another: 2026-01-31 09:15:02.419 UTC [1] 00000 LOG:  said by a user
"""


def test_records_carry_time_process_and_sqlstate() -> None:
    first = parse_log(TEXT)[0]
    assert first == LogRecord(
        wall_ns=1_769_850_902_417 * NS_PER_MS,
        pid=4711,
        severity="FATAL",
        sqlstate="57P01",
        message="terminating connection due to administrator command",
    )


def test_attachments_belong_to_the_message_of_their_process() -> None:
    assert [record.attachments for record in parse_log(TEXT)] == [(), (("STATEMENT", "SELECT *\nFROM x"),), (), ()]


def test_what_a_user_says_in_a_second_line_is_no_record() -> None:
    records = parse_log(TEXT)
    assert len(records) == 4
    assert records[-1].message == "one line\nand another: 2026-01-31 09:15:02.419 UTC [1] 00000 LOG:  said by a user"


def test_half_a_line_waits_for_its_other_half(tmp_path: Path) -> None:
    log = ServerLog(tmp_path / "log")
    log.path.write_text(TEXT[:150])
    first, position = log.since(0)
    log.path.write_text(TEXT)
    second, end = log.since(position)
    assert first + second == parse_log(TEXT)
    assert end == log.end()
    assert log.since(end) == ((), end)


def test_tail_of_a_log_that_is_not_there_says_so(tmp_path: Path) -> None:
    assert ServerLog(tmp_path / "none").tail() == "(it wrote no log)"


def test_offset_leads_back_to_the_monotonic_clock() -> None:
    record = parse_log(TEXT)[0]
    assert record.monotonic_ns(wall_offset_ns()) - now_ns() == pytest.approx(record.wall_ns - time.time_ns(), abs=50 * NS_PER_MS)


@pytest.mark.anyio
async def test_server_is_quoted_at_the_time_it_spoke(cluster: Cluster) -> None:
    position, before_ns = cluster.server_log.end(), now_ns()
    await run(cluster.control_dsn(), "DO $$ BEGIN RAISE WARNING USING ERRCODE = '01C0S', MESSAGE = E'two\\nlines', HINT = 'a hint'; END $$")
    records, _ = cluster.server_log.since(position)
    (spoken,) = [record for record in records if record.sqlstate == "01C0S"]
    assert (spoken.severity, spoken.message) == ("WARNING", "two\nlines")
    assert ("HINT", "a hint") in spoken.attachments
    assert before_ns - 2 * NS_PER_MS <= spoken.monotonic_ns(wall_offset_ns()) <= now_ns()
