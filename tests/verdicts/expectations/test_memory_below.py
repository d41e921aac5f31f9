"""The service's memory stays below a bound: three answers."""

from __future__ import annotations

from typing import Any

import pytest

from fraiseql_chaos.errors import DeclarationError
from fraiseql_chaos.verdicts import memory_below
from histories import Scene


def grown(*rss_mb: float, **more: Any) -> Scene:
    """One look every 250 ms."""
    scene = Scene().answers(0, 2000)
    for index, mb in enumerate(rss_mb):
        scene.memory(index * 250, mb, **more)
    return scene


def test_it_holds_below_the_bound() -> None:
    finding = memory_below(mb=200).judge(grown(120, 130, 150, 140).history())

    assert finding.verdict == "held"
    assert finding.statement == "the service took at most 150 MB, over 4 looks"
    assert (finding.numbers["first_mb"], finding.numbers["last_mb"], finding.numbers["peak_mb"]) == (120.0, 140.0, 150.0)


def test_it_is_violated_at_the_bound() -> None:
    assert memory_below(mb=150).judge(grown(120, 130, 150, 140).history()).verdict == "violated"


def test_a_peak_between_two_looks_is_seen() -> None:
    """By the kernel's own high-water mark, which rose while nobody looked."""
    scene = Scene().memory(0, 120, peak_mb=160).memory(250, 120, peak_mb=160).memory(500, 121, peak_mb=400).memory(750, 121, peak_mb=400)

    assert memory_below(mb=300).judge(scene.history()).verdict == "violated"


def test_a_peak_from_before_the_first_look_does_not_count() -> None:
    assert memory_below(mb=300).judge(grown(120, 121, 122, 121, peak_mb=400).history()).verdict == "held"


def test_it_cannot_tell_from_too_few_looks_and_says_how_many_are_needed() -> None:
    finding = memory_below(mb=200).judge(grown(120, 130).history())

    assert finding.verdict == "inconclusive"
    assert finding.statement.endswith("over 2 looks; 4 are needed")
    assert memory_below(mb=100).judge(grown(120).history()).verdict == "violated"


def test_it_cannot_tell_when_nobody_looked_or_nothing_was_found() -> None:
    assert memory_below(mb=200).judge(Scene().answers(0, 2000).history()).verdict == "inconclusive"
    assert memory_below(mb=200).judge(grown(1, 1, 1, 1, ok=False).history()).verdict == "inconclusive"


def test_what_several_processes_share_is_counted_twice_so_too_much_of_it_proves_nothing() -> None:
    finding = memory_below(mb=200).judge(grown(250, 250, 250, 250, processes=3).history())

    assert finding.verdict == "inconclusive"
    assert "3 processes" in finding.statement
    assert memory_below(mb=300).judge(grown(250, 250, 250, 250, processes=3).history()).verdict == "held"


@pytest.mark.parametrize("mb", [0, -1, True, "500", float("nan"), float("inf")])
def test_a_bound_without_meaning_is_refused(mb: Any) -> None:
    with pytest.raises(DeclarationError, match="is not a number of megabytes above 0; nothing was judged"):
        memory_below(mb=mb)
