"""Every part of a composition keeps its word."""

from __future__ import annotations

import pytest

from fraiseql_chaos.errors import DeclarationError
from fraiseql_chaos.verdicts import Finding, Verdict, no_crash
from fraiseql_chaos.verdicts.composing import composed, require_parts


def part(verdict: Verdict) -> Finding:
    return Finding(expectation=no_crash(), verdict=verdict, statement=f"it was {verdict}", numbers={"n": 1})


def test_the_parts_are_told_from_bad_to_good() -> None:
    whole = composed(no_crash(), "held", [part("held"), part("violated"), part("inconclusive")])

    assert whole.verdict == "held"
    assert whole.statement == "no_crash violated: it was violated; no_crash inconclusive: it was inconclusive; no_crash held: it was held"
    assert whole.numbers == {"parts": [{"kind": "no_crash", "verdict": verdict, "n": 1} for verdict in ("violated", "inconclusive", "held")]}


def test_a_class_instead_of_a_value_is_no_part() -> None:
    with pytest.raises(DeclarationError, match="any_of: 3 is not an expectation such as"):
        require_parts("any_of", (no_crash(), 3))
