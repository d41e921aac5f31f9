"""Which requests belong to a fault."""

from __future__ import annotations

import pytest

from fraiseql_chaos.errors import DeclarationError
from fraiseql_chaos.verdicts import availability
from fraiseql_chaos.verdicts.requests import fault_windows, phase_of, requests_during, was_given_up
from histories import Scene


def test_a_request_in_flight_when_the_fault_strikes_belongs_to_it() -> None:
    history = Scene().fault(1000, 2000).request(900, 50).request(990, 50).request(1500).request(1999).request(2000).history()

    assert [o.ordinal for o in requests_during(history, "fault")] == [1, 2, 3]
    assert [o.ordinal for o in requests_during(history, "outside")] == [0, 4]
    assert len(requests_during(history, "all")) == 5


def test_phases_are_before_during_and_after() -> None:
    history = Scene().fault(1000, 2000).fault(3000, 4000).request(0).request(1500).request(2500).request(3500).request(4500).history()
    windows = fault_windows(history)

    assert [phase_of(o, windows) for o in history.operations] == ["before", "during", "after", "during", "after"]


def test_a_fault_that_never_healed_lasts_to_the_end_of_the_record() -> None:
    history = Scene().fault(1000, None).request(0).request(9000).history()

    assert [phase_of(o, fault_windows(history)) for o in history.operations] == ["before", "during"]


def test_what_nobody_waited_for_was_given_up_whatever_its_outcome_is_called() -> None:
    history = (
        Scene()
        .request(0, outcome="fail", cause="timeout")
        .request(1, outcome="indeterminate", cause="unfinished")
        .request(2, outcome="fail", cause="not_sent", lag_ms=None)
        .request(3, outcome="indeterminate", cause="connection_lost")
        .request(4)
        .history()
    )

    assert [was_given_up(o) for o in history.operations] == [True, True, True, False, False]


def test_a_period_that_is_none_is_refused() -> None:
    with pytest.raises(DeclarationError, match="'sometimes' is not one of 'all', 'fault', 'outside'"):
        availability(during="sometimes")  # type: ignore[arg-type]
