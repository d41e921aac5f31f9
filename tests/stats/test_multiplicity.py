"""Many questions at once: SciPy, the published example, the definition, and false alarms counted."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import false_discovery_control

from fraiseql_chaos.errors import DeclarationError
from fraiseql_chaos.stats import benjamini_hochberg, holm
from simulations import is_at_least, is_at_most

PUBLISHED = [0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240, 0.4262, 0.5719, 0.6528, 0.7590, 1.0000]


def test_the_published_example_rejects_four_by_the_one_and_three_by_the_other() -> None:
    """Benjamini and Hochberg (1995), section 3.3: fifteen questions about thrombolysis."""
    assert sum(p <= 0.05 for p in benjamini_hochberg(PUBLISHED)) == 4
    assert sum(p <= 0.05 for p in holm(PUBLISHED)) == 3


@given(st.lists(st.floats(0, 1), min_size=1, max_size=30))
def test_benjamini_hochberg_is_scipys(p_values: list[float]) -> None:
    assert benjamini_hochberg(p_values) == pytest.approx(false_discovery_control(p_values))


@given(st.lists(st.floats(0, 1), min_size=1, max_size=7))
def test_holm_is_the_closure_of_bonferroni(p_values: list[float]) -> None:
    """A question is answered yes if Bonferroni says yes to every set of questions that it belongs to (Marcus, Peritz and Gabriel 1976)."""
    places = range(len(p_values))
    sets = [chosen for size in range(1, len(p_values) + 1) for chosen in combinations(places, size)]
    closed = [max(min(1, len(chosen) * min(p_values[i] for i in chosen)) for chosen in sets if place in chosen) for place in places]

    assert holm(p_values) == pytest.approx(closed)


def test_no_false_alarm_among_all_in_all_but_the_stated_share_of_cases_and_without_correction_in_most() -> None:
    """Method: 20 true nulls that hang together and 5 real changes, 2000 times."""
    rng, runs = np.random.default_rng(21), 2000
    shared, own = rng.normal(size=(runs, 1)), rng.normal(size=(runs, 25))
    from scipy.special import ndtr  # noqa: PLC0415

    p_values = 1 - ndtr(0.7 * shared + 0.714 * own + np.where(np.arange(25) < 5, 3.0, 0.0))
    corrected = np.array([holm(row) for row in p_values])

    assert is_at_most(int((corrected[:, 5:] <= 0.05).any(axis=1).sum()), runs, 0.05)
    assert not is_at_most(int((p_values[:, 5:] <= 0.05).any(axis=1).sum()), runs, 0.05)
    assert is_at_least(int((corrected[:, 0] <= 0.05).sum()), runs, 0.5)


def test_of_the_alarms_at_most_the_stated_share_is_false_and_without_correction_more() -> None:
    """Method: 80 true nulls and 20 real changes; the mean share of false ones among all alarms, over 500 runs."""
    rng = np.random.default_rng(22)
    from scipy.special import ndtr  # noqa: PLC0415

    p_values = 1 - ndtr(rng.normal(size=(500, 100)) + np.where(np.arange(100) < 20, 3.5, 0.0))

    def false_share(alarms: np.ndarray) -> float:
        return float(np.mean(alarms[:, 20:].sum(axis=1) / np.maximum(1, alarms.sum(axis=1))))

    assert false_share(np.array([benjamini_hochberg(row) for row in p_values]) <= 0.05) <= 0.05
    assert false_share(p_values <= 0.05) > 0.1


def test_none_give_none_and_what_is_no_chance_is_refused() -> None:
    assert holm([]) == benjamini_hochberg([]) == ()
    for garbage in ([0.5, 1.5], [-0.1], [float("nan")]):
        with pytest.raises(DeclarationError, match="nothing was computed"):
            holm(garbage)
        with pytest.raises(DeclarationError, match="nothing was computed"):
            benjamini_hochberg(garbage)
