"""The plan's claims as they are shipped, and parts of it."""

from __future__ import annotations

from collections import Counter

import pytest

from fraiseql_chaos.coverage import Claim, in_sections, plan_claims
from fraiseql_chaos.errors import DeclarationError, InternalError


def test_the_whole_plan_is_shipped() -> None:
    """Counted in the plan by hand: 281 lines, 14 sections in five phases."""
    claims = plan_claims()
    assert Counter(claim.kind for claim in claims) == {"claim": 174, "metric": 107}
    assert len({claim.section for claim in claims}) == 14
    assert claims[0] == Claim(id="1.1.1a", kind="claim", title="Database Unavailable", text="Connection pool detects failure quickly")
    assert [claim for claim in claims if not claim.title.strip() or not claim.text.strip()] == []


def test_an_id_says_section_and_scenario() -> None:
    metric = Claim(id="1.10.2.m1", kind="metric", title="t", text="x")
    assert (metric.section, metric.scenario) == ("1.10", "1.10.2")


@pytest.mark.parametrize(("name", "kind"), [("1.1.1", "claim"), ("1.1.1.m1", "claim"), ("1.1.1a", "metric"), ("a", "claim")])
def test_an_id_that_is_none_is_our_own_slip(name: str, kind: str) -> None:
    with pytest.raises(InternalError, match="is not the id of a"):
        Claim(id=name, kind=kind, title="t", text="x")  # type: ignore[arg-type]  # a table may hold anything


@pytest.mark.parametrize(
    ("wanted", "ids"),
    [
        (["1.1.1"], {"1.1.1a", "1.1.1.m1"}),
        (["1.1"], {"1.1.1a", "1.1.1.m1", "1.1.2a"}),
        (["1.1.2a", "1.10"], {"1.1.2a", "1.10.1a"}),
        (["1"], {"1.1.1a", "1.1.1.m1", "1.1.2a", "1.10.1a"}),
        ([], {"1.1.1a", "1.1.1.m1", "1.1.2a", "1.10.1a", "2.1.1a"}),
    ],
)
def test_a_part_of_the_plan_is_what_its_numbers_say(wanted: list[str], ids: set[str]) -> None:
    """A section is no prefix of letters: 1.1 is not 1.10."""
    names = ("1.1.1a", "1.1.1.m1", "1.1.2a", "1.10.1a", "2.1.1a")
    claims = [Claim(id=name, kind="metric" if "m" in name else "claim", title="t", text="x") for name in names]
    assert {claim.id for claim in in_sections(claims, wanted)} == ids


@pytest.mark.parametrize("part", ["9", "1.1.1b", "1.", "", "1.1.1.m"])
def test_a_part_that_the_plan_does_not_have_is_refused_with_those_it_has(part: str) -> None:
    with pytest.raises(DeclarationError, match=r"its sections are 1\.1, 1\.2;"):
        in_sections([Claim(id="1.1.1a", kind="claim", title="t", text="x"), Claim(id="1.2.1a", kind="claim", title="t", text="x")], [part])
