"""What every wire fault checks about where it is placed."""

from __future__ import annotations

from fraiseql_chaos.errors import DeclarationError
from fraiseql_chaos.layers.wire.model import When
from fraiseql_chaos.layers.wire.trigger import Trigger

__all__ = ["check_placing"]


def check_placing(kind: str, trigger: Trigger, when: When = "before") -> None:
    """
    Check at which message a fault is placed, and on which side of it.

    Args:
        kind: The fault's wire name, for the message.
        trigger: At which message.
        when: On which side.

    Raises:
        DeclarationError: If it is not a place.
    """
    if not isinstance(trigger, Trigger):
        raise DeclarationError(f'{kind}: trigger={trigger!r} is none; write trigger=Trigger(message="CommandComplete"); nothing was armed')
    if when not in {"before", "after"}:
        raise DeclarationError(f"{kind}: when {when!r} is neither 'before' the message nor 'after' it; nothing was armed")
