"""The distribution of a latency that varies: drawn as declared, and drawn otherwise."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

import pytest

from fraiseql_chaos.errors import DeclarationError
from fraiseql_chaos.history import FaultDeclared
from fraiseql_chaos.verdicts import spread_as_declared
from fraiseql_chaos.verdicts.expectations.spread_as_declared import _irwin_hall
from histories import Scene


def scene(took_ms: Callable[[Random], float], *, count: int = 80, distribution: str = "uniform", jitter_ms: float = 245.0, seed: int = 1) -> Scene:
    """Return a history of requests under a latency of 255 ms with jitter, each taking what is drawn and 4 ms."""
    made, dice = Scene().fault(1000, 9000, kind="latency").answers(0, 900), Random(seed)  # noqa: S311  no secret
    next(e for e in made.events if isinstance(e, FaultDeclared)).parameters.update(delay_ms=255.0, jitter_ms=jitter_ms, distribution=distribution)
    for n in range(count):
        made.request(1010 + 20 * n, took_ms(dice) + 4)
    return made


def four_draws(dice: Random) -> float:
    return sum(dice.uniform(10, 500) for _ in range(4))


@pytest.mark.parametrize("seed", range(20))
def test_it_holds_for_what_is_declared(seed: int) -> None:
    """Twenty times of twenty: a right service is called wrong once in a thousand."""
    finding = spread_as_declared(round_trips=4).judge(scene(four_draws, seed=seed).history())

    assert finding.verdict == "held"
    assert abs(finding.numbers["p50_declared_ms"] - 1020) < 1  # type: ignore[operator]


@pytest.mark.parametrize(
    "took",
    [
        lambda dice: 4 * dice.uniform(10, 500),  # one draw for all four trips
        lambda dice: sum(dice.uniform(10, 500) for _ in range(5)),  # a trip too many
        lambda _dice: 1020,  # no jitter
        lambda dice: four_draws(dice) + 300,  # a queue
    ],
    ids=["one-draw", "five-trips", "no-jitter", "queue"],
)
def test_it_is_violated_by_another_distribution(took: Callable[[Random], float]) -> None:
    assert spread_as_declared(round_trips=4).judge(scene(took).history()).verdict == "violated"


def test_normal_draws_are_known_too() -> None:
    def drawn(dice: Random) -> float:
        return sum(dice.gauss(255, 50) for _ in range(4))

    assert spread_as_declared(round_trips=4).judge(scene(drawn, distribution="normal", jitter_ms=50.0).history()).verdict == "held"
    assert spread_as_declared(round_trips=4).judge(scene(four_draws, distribution="normal", jitter_ms=50.0).history()).verdict == "violated"


def test_it_cannot_tell_of_few_requests_or_of_other_faults() -> None:
    few = spread_as_declared(round_trips=4).judge(scene(four_draws, count=30).history())
    steady = spread_as_declared(round_trips=4).judge(Scene().fault(1000, 2000, kind="latency").answers(0, 3000).history())

    assert (few.verdict, steady.verdict) == ("inconclusive", "inconclusive")
    assert "50 are needed" in few.statement
    assert "with jitter" in steady.statement


def test_the_sum_of_uniform_draws_is_distributed_as_published() -> None:
    """Against simulation for four draws, and against the exact values for one and two."""
    dice = Random(7)  # noqa: S311  no secret
    sums = [sum(dice.random() for _ in range(4)) for _ in range(20_000)]

    for value in (0.5, 1.3, 2.0, 3.1):
        assert abs(sum(s <= value for s in sums) / len(sums) - _irwin_hall(value, 4)) < 0.01
    assert [_irwin_hall(*of) for of in ((0.25, 1), (0.5, 2), (-1, 4), (4, 4))] == [0.25, 0.125, 0.0, 1.0]


def test_no_round_trips_are_refused() -> None:
    with pytest.raises(DeclarationError, match="no number of round trips"):
        spread_as_declared(round_trips=0)
