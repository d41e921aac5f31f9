"""
Quantities with their unit in the type and in the name.

Inside, every duration is an integer number of nanoseconds on one monotonic clock: no rounding, no float drift, and the same number
in every process of a run. Milliseconds exist only where a person or a JSON document is spoken to. Bare numbers are refused where a
quantity is expected, because ``delay=250`` is how a test ends up waiting 250 seconds.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Final, Self

from fraiseql_chaos.errors import DeclarationError

__all__ = ["Duration", "Rate", "ms", "parse_duration", "per_second", "seconds", "us"]

NS_PER_US: Final = 1_000
NS_PER_MS: Final = 1_000_000
NS_PER_S: Final = 1_000_000_000

_DURATION: Final = re.compile(r"\s*(?P<number>[0-9]+(?:\.[0-9]+)?)\s*(?P<unit>us|ms|s|min)\s*")
_NS_PER_UNIT: Final = {"us": NS_PER_US, "ms": NS_PER_MS, "s": NS_PER_S, "min": 60 * NS_PER_S}


@dataclass(frozen=True, slots=True, order=True)
class Duration:
    """
    A span of time that cannot be negative.

    Args:
        ns: Nanoseconds, an integer of at least 0. Prefer ``us(...)``, ``ms(...)`` and ``seconds(...)``.

    Raises:
        DeclarationError: If ``ns`` is negative or not an integer.
    """

    ns: int

    def __post_init__(self) -> None:
        if isinstance(self.ns, bool) or not isinstance(self.ns, int):
            raise DeclarationError(f"a duration is a whole number of nanoseconds, not {self.ns!r}; write ms(250) or seconds(2); nothing was armed")
        if self.ns < 0:
            raise DeclarationError(f"a duration cannot be negative: {self.ns / NS_PER_MS:g} ms; nothing was armed")

    @property
    def ms(self) -> float:
        """The same span in milliseconds."""
        return self.ns / NS_PER_MS

    @property
    def s(self) -> float:
        """The same span in seconds."""
        return self.ns / NS_PER_S

    def __add__(self, other: Self) -> Duration:
        return Duration(self.ns + other.ns)

    def __sub__(self, other: Self) -> Duration:
        return Duration(self.ns - other.ns)

    def __mul__(self, factor: float) -> Duration:
        return Duration(round(self.ns * factor))

    def __str__(self) -> str:
        if self.ns >= NS_PER_S:
            return f"{self.s:g} s"
        return f"{self.ms:g} ms" if self.ns >= NS_PER_MS else f"{self.ns / NS_PER_US:g} us"


@dataclass(frozen=True, slots=True, order=True)
class Rate:
    """
    How often something happens, more than zero times a second.

    Args:
        per_s: Events per second; prefer ``per_second(50)``.

    Raises:
        DeclarationError: If ``per_s`` is not a finite number above 0.
    """

    per_s: float

    def __post_init__(self) -> None:
        if isinstance(self.per_s, bool) or not isinstance(self.per_s, int | float) or not math.isfinite(self.per_s) or self.per_s <= 0:
            raise DeclarationError(f"a rate is a finite number above 0 per second, not {self.per_s!r}; write per_second(50); nothing was armed")

    def __str__(self) -> str:
        return f"{self.per_s:g}/s"


def us(number: float) -> Duration:
    """Return a duration of that many microseconds."""
    return _scaled(number, NS_PER_US, "us")


def ms(number: float) -> Duration:
    """Return a duration of that many milliseconds."""
    return _scaled(number, NS_PER_MS, "ms")


def seconds(number: float) -> Duration:
    """Return a duration of that many seconds."""
    return _scaled(number, NS_PER_S, "seconds")


def per_second(number: float) -> Rate:
    """Return a rate of that many events per second."""
    return Rate(number)


def parse_duration(text: str) -> Duration:
    """
    Read a duration with its unit, as people write it on a command line.

    Args:
        text: A number and one of the units us, ms, s, min: ``"250ms"``, ``"1.5 s"``.

    Raises:
        DeclarationError: If the unit is missing or unknown, or the number is not one.
    """
    match = _DURATION.fullmatch(text)
    if match is None:
        raise DeclarationError(
            f"{text!r} is not a duration: write a number at least 0 and its unit, one of us, ms, s, min (250ms, 1.5s); nothing was armed"
        )
    return _scaled(float(match["number"]), _NS_PER_UNIT[match["unit"]], match["unit"])


def _scaled(number: float, factor_ns: int, unit: str) -> Duration:
    if isinstance(number, bool) or not isinstance(number, int | float) or not math.isfinite(number * factor_ns):
        raise DeclarationError(f"a duration is a finite number of {unit}, not {number!r}; nothing was armed")
    return Duration(round(number * factor_ns))
