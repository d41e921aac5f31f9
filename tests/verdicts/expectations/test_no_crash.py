"""Deaths: none, or a violation; a record that might have missed one is refused."""

from __future__ import annotations

import pytest

from fraiseql_chaos.errors import HistoryError
from fraiseql_chaos.history import History
from fraiseql_chaos.verdicts import no_crash
from histories import outage


def test_it_holds_when_nothing_died() -> None:
    finding = no_crash().judge(outage().history())

    assert finding.verdict == "held"
    assert finding.statement == "no watched process died"  # Of others nothing is known.


def test_a_process_that_died_unasked_violates_and_is_named() -> None:
    finding = no_crash().judge(outage().exit(2600).history())

    assert finding.verdict == "violated"
    assert finding.statement == "service ended at 2.600 s: killed by signal 11"


def test_a_record_cut_short_cannot_tell_and_is_never_judged() -> None:
    with pytest.raises(HistoryError, match="cut short"):
        History(outage().history().events[:-1])
