"""Dice belong to a name: the same everywhere for the same name, and untouched by neighbours."""

from __future__ import annotations

import subprocess
import sys

from hypothesis import given
from hypothesis import strategies as st

from fraiseql_chaos.core import SEED_MAX, dice, fresh_seed

seeds = st.integers(0, SEED_MAX)
paths = st.lists(st.text(max_size=8) | st.integers(0, 10**6), max_size=4).map(tuple)


@given(seed=seeds, names=paths)
def test_same_name_gets_the_same_dice(seed: int, names: tuple[str | int, ...]) -> None:
    assert dice(seed, *names).random() == dice(seed, *names).random()


@given(seed=seeds, names=paths, neighbour=paths, rolls=st.lists(st.integers(0, 20), min_size=3, max_size=3))
def test_neighbour_never_re_rolls_another(seed: int, names: tuple[str | int, ...], neighbour: tuple[str | int, ...], rolls: list[int]) -> None:
    undisturbed = dice(seed, *names)
    alone = [undisturbed.getrandbits(64) for _ in rolls]
    mine, theirs = dice(seed, *names), dice(seed, *neighbour)
    assert [(theirs.randbytes(count), mine.getrandbits(64))[1] for count in rolls] == alone


@given(seed=seeds, other_seed=seeds, names=paths, other=paths)
def test_dice_differ_as_soon_as_seed_or_name_does(seed: int, other_seed: int, names: tuple[str | int, ...], other: tuple[str | int, ...]) -> None:
    same = (seed, names) == (other_seed, other)
    assert (dice(seed, *names).getrandbits(128) == dice(other_seed, *other).getrandbits(128)) == same


def test_a_number_and_its_digits_are_two_names() -> None:
    assert dice(1, "connection", 1).getrandbits(64) != dice(1, "connection", "1").getrandbits(64)


def test_parts_of_a_name_do_not_run_together() -> None:
    assert dice(1, "ab", "c").getrandbits(64) != dice(1, "a", "bc").getrandbits(64)


def test_draws_are_the_same_on_every_machine_and_in_every_release() -> None:
    """A seed that was written down must replay: these numbers may never change."""
    draws = dice(42, "0-latency", 3, "down")
    assert [draws.randint(0, 10**6) for _ in range(4)] == [540617, 454670, 551981, 817981]


def test_draws_are_the_same_in_another_process() -> None:
    program = "from fraiseql_chaos.core import dice; print(dice(7, 'a', 1).getrandbits(64))"
    told = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True, text=True, env={"PYTHONHASHSEED": "1234"})
    assert int(told.stdout) == dice(7, "a", 1).getrandbits(64)


def test_fresh_seeds_fit_and_differ() -> None:
    fresh = {fresh_seed() for _ in range(50)}
    assert all(0 <= seed <= SEED_MAX for seed in fresh)
    assert len(fresh) > 45
