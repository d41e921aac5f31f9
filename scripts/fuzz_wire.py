"""
Feed the wire engine random conversations, random faults and garbage for as long as you like.

    python scripts/fuzz_wire.py --for 600s [--seed 7]

It runs the property tests of ``tests/layers/wire/test_engine.py`` with arguments of its own, drawn from one seed, which is printed first and
with every failure. It ends with 1 at the first failure, and tells how much memory it needed: the engine may not grow with what it is fed.
"""

from __future__ import annotations

import argparse
import random
import resource
import sys
import time
import traceback
from collections import Counter
from pathlib import Path
from typing import Any

from fraiseql_chaos.core import SEED_MAX, Duration, dice, fresh_seed, parse_duration
from fraiseql_chaos.layers.stream.model import DIRECTIONS

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from layers.wire import test_engine

PIECES = (1, 2, 3, 5, 7, 40, 300, 2**16)

TESTS = (
    test_engine.test_what_is_watched_leaves_as_it_came,
    test_engine.test_what_no_armed_fault_hits_leaves_as_it_came,
    test_engine.test_arming_and_healing_at_any_moment_harms_nothing_that_is_not_hit,
    test_engine.test_watching_and_passing_on_come_to_know_the_same,
    test_engine.test_a_dropped_notice_takes_nothing_else_with_it,
    test_engine.test_a_stall_holds_what_is_behind_and_loses_none_of_it,
    test_engine.test_what_leaves_is_whole_messages_whatever_is_put_in_or_left_out,
    test_engine.test_any_faults_at_any_moment_raise_nothing_and_hold_nothing_once_healed,
)


def arguments_of(chance: random.Random) -> tuple[Any, dict[str, Any]]:
    """Draw a test and what it is called with."""
    drawn: dict[str, Any] = {"seed": chance.randrange(SEED_MAX), "most": chance.choice(PIECES)}
    if chance.random() < 0.2:
        garbage = {"garbage": chance.randbytes(chance.randrange(1, 400)), "direction": chance.choice(DIRECTIONS), "is_armed": chance.random() < 0.5}
        return test_engine.test_garbage_is_cut_or_waited_for_and_raises_nothing, drawn | garbage
    return chance.choice(TESTS), drawn


def fuzz(lasting: Duration, seed: int) -> int:
    """Run for a while, and return how the process shall end."""
    chance = dice(seed)
    runs: Counter[str] = Counter()
    print(f"seed {seed}, for {lasting}", flush=True)
    deadline_s = time.monotonic() + lasting.s
    while time.monotonic() < deadline_s:
        test, drawn = arguments_of(chance)
        runs[test.__name__] += 1
        try:
            test.hypothesis.inner_test(**drawn)
        except Exception:  # noqa: BLE001  whatever it is, it is what we look for
            traceback.print_exc()
            print(f"FAILED: {test.__name__}(**{drawn!r}), seed {seed}, run {runs.total()}")
            return 1
    for name, count in sorted(runs.items()):
        print(f"{count:8}  {name}")
    print(f"{runs.total():8}  runs, no failure; {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MiB at most")
    return 0


def main() -> int:
    """Read the command line and run."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").strip().partition("\n")[0])
    parser.add_argument("--for", dest="lasting", type=parse_duration, default=parse_duration("60s"), help="how long, as 600s")
    parser.add_argument("--seed", type=int, default=None, help="repeat a run")
    options = parser.parse_args()
    return fuzz(options.lasting, fresh_seed() if options.seed is None else options.seed)


if __name__ == "__main__":
    sys.exit(main())
