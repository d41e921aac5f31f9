"""The few phrases that statements of several judges share, so that they read alike."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Final

from fraiseql_chaos.core import NS_PER_MS, NS_PER_S, Duration
from fraiseql_chaos.errors import DeclarationError
from fraiseql_chaos.verdicts.requests import During

__all__ = ["percent", "period", "require_duration", "span"]

_PERIODS: Final[dict[During, str]] = {"all": "of the whole run", "fault": "during the fault", "outside": "outside the fault"}


def period(during: During) -> str:
    """Return a period as people say it."""
    return _PERIODS[during]


def percent(share: float) -> str:
    """Return a share in percent, never rounded up: to a tenth below 99 %, to ten-thousandths above, where the digits matter."""
    exact = Fraction(str(share)) * 100
    scale = 10 if exact < 99 else 10_000
    return f"{math.floor(exact * scale) / scale:g} %"


def span(span_ns: float) -> str:
    """Return a length of time with three significant digits, in milliseconds below a second and in seconds above."""
    number, unit = (span_ns / NS_PER_MS, "ms") if abs(span_ns) < 0.9995 * NS_PER_S else (span_ns / NS_PER_S, "s")
    return f"{number:.3g} {unit}" if abs(number) < 999.5 else f"{number:.0f} {unit}"


def require_duration(kind: str, name: str, value: object) -> None:
    """
    Refuse a limit without a unit, and one of nothing.

    Raises:
        DeclarationError: If the value is not a duration above 0.
    """
    if not isinstance(value, Duration):
        raise DeclarationError(f"{kind}: {name}={value!r} has no unit; write {name}=ms(250) or {name}=seconds(2); nothing was judged")
    if value.ns == 0:
        raise DeclarationError(f"{kind}: {name} is 0, and nothing happens in no time; nothing was judged")
