"""
Refusals that every fault owes its reader, said once.

A magnitude that means nothing is refused where it is written. The message names the fault and the magnitude, says what was given and what
is allowed, and ends in what was left alone.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from fraiseql_chaos.core import Duration
from fraiseql_chaos.errors import DeclarationError

__all__ = ["check_choice", "check_count", "check_duration", "check_fraction", "check_share", "check_truth"]


def check_duration(fault: str, name: str, value: Any, *, above_0: bool = False) -> None:
    """
    Refuse what is no duration.

    Args:
        fault: The fault's wire name.
        name: The magnitude's name.
        value: What was given.
        above_0: Whether a duration of 0 means nothing here.

    Raises:
        DeclarationError: If the value has no unit, or is 0 where that means nothing.
    """
    if not isinstance(value, Duration):
        raise DeclarationError(f"{fault}: {name}={value!r} has no unit; write {name}=ms(250); nothing was armed")
    if above_0 and value.ns == 0:
        raise DeclarationError(f"{fault}: a {name} of 0 would change nothing; it must be above 0; nothing was armed")


def check_count(fault: str, name: str, value: Any, *, least: int, of: str) -> None:
    """
    Refuse what is no whole number, or too small.

    Args:
        fault: The fault's wire name.
        name: The magnitude's name.
        value: What was given.
        least: The smallest that means something.
        of: What is counted, for the message: ``bytes``.

    Raises:
        DeclarationError: If the value is neither.
    """
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise DeclarationError(f"{fault}: {name} is a whole number of {of}, at least {least}, not {value!r}; nothing was armed")


def check_share(fault: str, name: str, value: Any) -> None:
    """
    Refuse what is no share above 0 and at most 1; see ``check_duration``.

    Raises:
        DeclarationError: If the value is not.
    """
    if isinstance(value, bool) or not isinstance(value, int | float) or math.isnan(value) or not 0 < value <= 1:
        raise DeclarationError(f"{fault}: {name} is a share above 0 and at most 1, not {value!r}; nothing was armed")


def check_fraction(fault: str, name: str, value: Any) -> None:
    """
    Refuse what is no share from 0 on and below 1; see ``check_duration``.

    Raises:
        DeclarationError: If the value is not.
    """
    if isinstance(value, bool) or not isinstance(value, int | float) or math.isnan(value) or not 0 <= value < 1:
        raise DeclarationError(f"{fault}: {name} is a share from 0 on and below 1, not {value!r}; nothing was armed")


def check_truth(fault: str, name: str, value: Any) -> None:
    """
    Refuse what is neither true nor false; see ``check_duration``.

    Raises:
        DeclarationError: If the value is neither.
    """
    if not isinstance(value, bool):
        raise DeclarationError(f"{fault}: {name} is true or false, not {value!r}; nothing was armed")


def check_choice(fault: str, name: str, value: Any, allowed: Mapping[str, str]) -> None:
    """
    Refuse what is none of several words.

    Args:
        fault: The fault's wire name.
        name: The magnitude's name.
        value: What was given.
        allowed: The words, each with what it means.

    Raises:
        DeclarationError: If the value is none of them.
    """
    if not isinstance(value, str) or value not in allowed:
        words = ", ".join(f"{word!r} ({meaning})" for word, meaning in allowed.items())
        raise DeclarationError(f"{fault}: {name} is one of {words}, not {value!r}; nothing was armed")
