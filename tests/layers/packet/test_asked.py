"""The interval agrees with SciPy's, and is wrong as rarely as it says."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest, norm

from fraiseql_chaos.core import dice
from fraiseql_chaos.layers.packet.asked import _Z, interval, markov_spread


def test_the_quantile_is_scipys() -> None:
    assert pytest.approx(norm.ppf(0.9995), abs=1e-12) == _Z


@given(number=st.integers(1, 5000), share=st.floats(0, 1))
def test_the_interval_is_scipys(number: int, share: float) -> None:
    marked = round(number * share)
    theirs = binomtest(marked, number).proportion_ci(confidence_level=0.999, method="wilson")
    assert interval(marked, number) == pytest.approx((theirs.low, theirs.high), abs=1e-9)


def test_nothing_counted_tells_nothing() -> None:
    assert interval(0, 0) == (0, 1)


def test_all_and_none_are_within_their_own_interval() -> None:
    assert interval(1000, 1000)[1] == 1
    assert interval(0, 1000)[0] == 0
    assert interval(999, 1000)[1] < 1


def test_packets_that_share_a_fate_tell_less() -> None:
    low, high = interval(50, 1000)
    wider_low, wider_high = interval(50, 1000, spread=4)
    assert wider_low < low < high < wider_high
    assert interval(50, 1000, spread=4) == pytest.approx(interval(12.5, 250))  # A quarter of the packets.


def test_the_spread_of_a_chain_is_that_of_the_chain() -> None:
    """Method: 2000 runs of 500 packets whose fate repeats the last one's with probability 0.6; the variance of their counts, within a tenth."""
    rng, rate, memory, counts = dice(1), 0.2, 0.6, []
    for _ in range(2000):
        fate, count = rng.random() < rate, 0
        for _ in range(500):
            fate = fate if rng.random() < memory else rng.random() < rate
            count += fate
        counts.append(count)
    mean = sum(counts) / len(counts)
    variance = sum((count - mean) ** 2 for count in counts) / len(counts)
    assert variance / (500 * rate * (1 - rate)) == pytest.approx(markov_spread(memory), rel=0.1)
    assert markov_spread(-0.5) == 1
