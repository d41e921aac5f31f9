"""One of several ways: the best decides, and an open part leaves it open."""

from __future__ import annotations

import pytest

from fraiseql_chaos.core import ms, seconds
from fraiseql_chaos.errors import DeclarationError
from fraiseql_chaos.verdicts import all_of, any_of, availability, no_crash, no_hang
from histories import Scene, outage


def test_it_holds_if_one_part_holds() -> None:
    """An outage that is refused at once, by a service that has no other source of answers."""
    finding = any_of(availability(at_least=0.99), no_hang(ms(50))).judge(outage().history())

    assert finding.verdict == "held"
    assert "availability violated" in finding.statement


def test_it_is_violated_only_if_every_part_is() -> None:
    finding = any_of(availability(at_least=0.99), no_hang(ms(1))).judge(outage().history())

    assert finding.verdict == "violated"
    assert "availability violated" in finding.statement
    assert "no_hang violated" in finding.statement


def test_a_part_that_cannot_tell_might_have_been_the_one() -> None:
    few = Scene().fault(1000, 1100).answers(0, 1000).errors(1000, 2000).history()

    assert any_of(availability(at_least=0.99), no_hang(seconds(1))).judge(few).verdict == "inconclusive"


def test_compositions_nest() -> None:
    finding = any_of(all_of(no_crash(), no_hang(ms(50))), availability(at_least=0.99)).judge(outage().history())

    assert finding.verdict == "held"
    assert str(finding.expectation) == (
        "no watched process dies and every request during the fault ends, in an answer or an error, within 50 ms"
        " or at least 99 % of requests of the whole run are answered rightly"
    )


def test_what_is_no_composition_is_refused() -> None:
    with pytest.raises(DeclarationError, match="any_of: takes at least two expectations, not 1"):
        any_of(no_crash())
