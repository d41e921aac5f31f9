"""One direction of a conversation on a clock that the test moves; it is public, because whoever writes a fault elsewhere needs it too."""

from __future__ import annotations

from fraiseql_chaos.testing import OneWay, Timed, arm, armed_with

__all__ = ["OneWay", "Timed", "arm", "armed_with"]
