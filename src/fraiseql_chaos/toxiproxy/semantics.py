"""What toxics mean, where Toxiproxy's way and ours differ; its own way is in ``compat``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from fraiseql_chaos.layers.stream.model import StreamFault
from fraiseql_chaos.toxiproxy.mapping import fault_for
from fraiseql_chaos.toxiproxy.model import Toxic
from fraiseql_chaos.toxiproxy.quirks import enduring

__all__ = ["Ours", "Semantics"]


class Semantics(Protocol):
    """What toxics mean."""

    @property
    def keeps_refused_changes(self) -> bool:
        """Whether a change that is answered with an error may have changed something."""
        ...

    def faults(self, toxic: Toxic, before: Sequence[StreamFault] = ()) -> Sequence[StreamFault]:
        """
        Return what a toxic does, as faults in line.

        Args:
            toxic: The toxic.
            before: What it did before it was changed, if it was: as many as are returned, and those among them that may stay should.
        """
        ...

    def disturbs(self, line: Sequence[Toxic], index: int) -> Sequence[Toxic]:
        """Return which toxics of one direction start anew because one was added to, or is taken from, the line at the index."""
        ...


class Ours:
    """Each toxic stands for itself, and what is refused changes nothing."""

    @property
    def keeps_refused_changes(self) -> bool:
        """Never."""
        return False

    def faults(self, toxic: Toxic, before: Sequence[StreamFault] = ()) -> Sequence[StreamFault]:
        """Return the fault that does what the toxic says; what was there, if it says the same."""
        fault = fault_for(toxic)
        if toxic.type == "timeout":
            return enduring(fault, before)
        return before if tuple(before) == (fault,) else (fault,)

    def disturbs(self, line: Sequence[Toxic], index: int) -> Sequence[Toxic]:  # noqa: ARG002  that is the point
        """Return none: adding or removing a neighbour rolls nothing again."""
        return ()
