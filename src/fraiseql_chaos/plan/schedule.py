"""
From declarations to timed steps: a pure function, so that a plan can be shown, stored and tested without a world to act on.

    declarations --validate--> plan --> [(1.0 s, arm 0-latency), (5.0 s, heal 0-latency), ...]

Every arm step has its heal step. Where two fall on the same instant, heals come first, so that one fault may follow another on the
same target without a gap.

A fault has two names. Its id counts the declarations, for people and records. Its dice are called by what it is, ``dice_name``, so that a fault
more, or one less, re-rolls no other's. A second attempt has dice of its own: it is made because the first could tell nothing, and where chance was why, as with
a rate that no packet met, the same dice would tell nothing again.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Literal

from fraiseql_chaos.core import Duration
from fraiseql_chaos.errors import DeclarationError
from fraiseql_chaos.history import FaultDeclared
from fraiseql_chaos.plan.model import Declaration, Window

__all__ = ["Plan", "Planned", "Step", "make_plan", "stretch"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """
    A declaration with its names within the run.

    Attributes:
        fault_id: ``<ordinal>-<kind>``.
        declaration: What was asked for.
        rank: How many declarations of the same fault on the same target came before it.
        attempt: Which attempt at the experiment it is for, from 1.
    """

    fault_id: str
    declaration: Declaration
    rank: int = 0
    attempt: int = 1

    @property
    def dice_name(self) -> str:
        """What the fault's dice are called: by target, kind, magnitudes, rank and attempt; neither by its neighbours nor by when it is armed."""
        again = f"/attempt {self.attempt}" if self.attempt > 1 else ""
        return f"{_same_dice(self.declaration)}#{self.rank}{again}"

    def event(self) -> FaultDeclared:
        """Return it as the event that opens its story in a history."""
        fault, window = self.declaration.fault, self.declaration.window
        return FaultDeclared(
            fault=self.fault_id,
            kind=fault.kind,
            failure_type=fault.failure_type,
            layer=fault.layer,
            fidelity=fault.fidelity,
            target=self.declaration.target,
            parameters=fault.parameters(),
            description=str(fault),
            arm_at_ns=None if window is None else window.begin.ns,
            heal_at_ns=None if window is None else window.end.ns,
            dice=self.dice_name,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One thing to do to the world, at an instant counted from the first planned request."""

    at_ns: int
    action: Literal["arm", "heal"]
    planned: Planned


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What will be done to the world, and from which seed its chances derive."""

    seed: int
    faults: tuple[Planned, ...]

    @property
    def steps(self) -> tuple[Step, ...]:
        """The timed steps in order; faults that a guard arms have none."""
        steps = [
            step
            for planned in self.faults
            if (window := planned.declaration.window) is not None
            for step in (
                Step(at_ns=window.begin.ns, action="arm", planned=planned),
                Step(at_ns=window.end.ns, action="heal", planned=planned),
            )
        ]
        return tuple(sorted(steps, key=lambda step: (step.at_ns, step.action != "heal")))


def make_plan(declarations: Sequence[Declaration], *, seed: int, attempt: int = 1) -> Plan:
    """
    Check that the declarations make sense together, and give each its names.

    Args:
        declarations: The faults, their targets and windows.
        seed: Every random choice derives from it.
        attempt: Which attempt at the experiment this is, from 1; each has dice of its own.

    Raises:
        DeclarationError: If two faults overlap of which one would keep the other from acting.
    """
    for one, other in combinations(declarations, 2):
        _refuse_conflict(one, other)
    before: Counter[str] = Counter()
    planned: list[Planned] = []
    for ordinal, declaration in enumerate(declarations):
        same = _same_dice(declaration)
        planned.append(Planned(fault_id=f"{ordinal}-{declaration.fault.kind}", declaration=declaration, rank=before[same], attempt=attempt))
        before[same] += 1
    return Plan(seed=seed, faults=tuple(planned))


def stretch(declarations: Sequence[Declaration], *, lasting: Duration, to: Duration) -> tuple[tuple[Declaration, ...], Duration]:
    """
    Give every fault window another length, and the load around them as much more or less.

    Args:
        declarations: What is to be stretched. Windows keep their order and their distance; each moves by what those that ended before it gained.
        lasting: How long the load lasts.
        to: How long each window shall last.

    Returns:
        The stretched declarations, and how long the load must last so that what followed the last fault still does.
    """
    ended_ns = will_have_ended_ns = gained_ns = 0
    stretched: dict[Window | None, Window | None] = {None: None}
    for window in sorted({d.window for d in declarations if d.window is not None}, key=lambda w: (w.begin, w.end)):
        if window.begin.ns >= ended_ns:  # Windows that overlap move together: shortened one by one, the later could come to lie before the earlier.
            gained_ns = will_have_ended_ns - ended_ns
        begin = Duration(window.begin.ns + gained_ns)
        stretched[window] = Window(begin=begin, end=begin + to)
        ended_ns, will_have_ended_ns = max(ended_ns, window.end.ns), begin.ns + to.ns
    return tuple(replace(d, window=stretched[d.window]) for d in declarations), Duration(lasting.ns + will_have_ended_ns - ended_ns)


def _same_dice(declaration: Declaration) -> str:
    """Return what two declarations share whose dice only their rank tells apart."""
    magnitudes = json.dumps(declaration.fault.parameters(), sort_keys=True, separators=(",", ":"))
    return f"{declaration.target}/{declaration.fault.kind}{magnitudes}"


def _refuse_conflict(one: Declaration, other: Declaration) -> None:
    if one.target != other.target or not (one.fault.silences or other.fault.silences):
        return
    if one.window is not None and other.window is not None and not one.window.overlaps(other.window):
        return
    silent, muted = (one, other) if one.fault.silences else (other, one)
    raise DeclarationError(
        f"while {silent.fault.kind!r} is armed nothing reaches {silent.target!r}, so {muted.fault.kind!r} on the same target could not act; "
        "let their windows follow each other, or aim them at different targets; nothing was armed"
    )
