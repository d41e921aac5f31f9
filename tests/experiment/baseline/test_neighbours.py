"""What others did is what the machine did less what we did: shown with work of ours, which must not count."""

from __future__ import annotations

import subprocess
import sys
import time

from fraiseql_chaos.experiment.baseline.neighbours import Neighbours

SPIN_S = 0.5


def test_work_of_ours_and_of_our_children_is_nobody_elses() -> None:
    """Half a second of processor time in this process and as much in a child that has ended: both are ours, to a few ticks."""
    before = Neighbours.look()
    until = time.process_time() + SPIN_S
    while time.process_time() < until:
        pass
    subprocess.run([sys.executable, "-c", f"import time\nwhile time.process_time() < {SPIN_S}: pass"], check=True)
    after = Neighbours.look()
    assert 0.9 <= after.ours_s - before.ours_s <= 2
    assert after.machine_s - before.machine_s >= after.ours_s - before.ours_s - 0.1


def test_what_others_used_is_between_nothing_and_the_machine() -> None:
    earlier = Neighbours(at_ns=0, machine_s=0.0, ours_s=0.0)
    now = Neighbours.look()
    assert 0 < now.ours_s < now.machine_s
    assert 0 < earlier.cores_since() < 4096
    assert Neighbours(at_ns=now.at_ns, machine_s=now.machine_s + 1000, ours_s=now.ours_s).cores_since() == 0
