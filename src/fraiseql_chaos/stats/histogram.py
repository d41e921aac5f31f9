"""
Counts of whole numbers by size, with a stated precision, that can be added up: a histogram of high dynamic range.

A value keeps its leading binary digits; the rest is dropped. So buckets are narrow where values are small and wide where they are large, each at most 2^-(bits-1)
of its value wide, from nanoseconds to hours alike:

    value      1 0 1 1 0 1 1 1 0 0 1        bits = 5
    kept       1 0 1 1 0                    mantissa 22, shift 6: the bucket from 22 * 2^6 to 23 * 2^6 - 1
    dropped              1 1 1 0 0 1

Merging adds counts, bucket by bucket, so it does not matter who merges what first, and nothing is lost in between: the merged histogram is the one that the values
all together would have made. It holds only the buckets that were hit, at most some 2^(bits-1) for each doubling of the range, and its JSON lists them.

Not the package ``hdrhistogram``: it needs setuptools and pbr at run time, wants its range beforehand and drops what lies outside without a word.

Source: Tene, HdrHistogram, http://hdrhistogram.org (the layout of buckets); the percentile is the nearest rank of ``percentile``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import reduce
from operator import or_
from types import MappingProxyType
from typing import Final, Self

from fraiseql_chaos.core import Json, JsonObject
from fraiseql_chaos.errors import DeclarationError, HistoryError
from fraiseql_chaos.stats.percentile import nearest_rank

__all__ = ["Histogram"]

BITS: Final = 11
"""Three decimal digits: a value is known to 0.1 %."""

BITS_MAX: Final = 24


@dataclass(frozen=True, slots=True, kw_only=True)
class Histogram:
    """
    Counts of whole numbers of at least 0, in any unit; make one with ``Histogram.of``, merge two with ``|``.

    Attributes:
        bits: How many leading binary digits of a value are kept.
        counts: How many values each bucket got, by the bucket's least value; sorted, and none is 0.

    Raises:
        DeclarationError: If the digits are out of range, a count is below 1, or a bucket does not begin where buckets begin.
    """

    bits: int = BITS
    counts: Mapping[int, int] = field(default_factory=lambda: MappingProxyType({}))

    def __post_init__(self) -> None:
        if not 2 <= self.bits <= BITS_MAX:
            raise DeclarationError(f"a histogram keeps 2 to {BITS_MAX} binary digits, not {self.bits!r}; nothing was counted")
        for least, count in self.counts.items():
            if count < 1 or least < 0 or least != _least(least, self.bits):
                raise DeclarationError(f"{count} values from {least} on are no bucket of {self.bits} binary digits; nothing was counted")
        object.__setattr__(self, "counts", MappingProxyType(dict(sorted(self.counts.items()))))

    @classmethod
    def of(cls, values: Iterable[int], *, bits: int = BITS) -> Self:
        """
        Count values.

        Args:
            values: Whole numbers of at least 0, in any unit, as nanoseconds.
            bits: How many leading binary digits are kept, 2 to 24: 11 are three decimal digits.

        Raises:
            DeclarationError: If a value is negative or not whole, or the digits are out of range.
        """
        counts: dict[int, int] = {}
        for value in values:
            if value < 0 or value != int(value):
                raise DeclarationError(f"a histogram counts whole numbers of at least 0, not {value!r}; nothing was counted")
            least = _least(int(value), bits)
            counts[least] = counts.get(least, 0) + 1
        return cls(bits=bits, counts=counts)

    @classmethod
    def merged(cls, parts: Iterable[Self], *, bits: int = BITS) -> Self:
        """
        Add up histograms of the same digits; none at all give an empty one.

        Raises:
            DeclarationError: If their digits differ.
        """
        return reduce(or_, parts, cls(bits=bits))

    def __or__(self, other: Self) -> Self:
        if self.bits != other.bits:
            raise DeclarationError(f"histograms of {self.bits} and of {other.bits} binary digits do not add up; nothing was merged")
        counts = dict(self.counts)
        for least, count in other.counts.items():
            counts[least] = counts.get(least, 0) + count
        return type(self)(bits=self.bits, counts=counts)

    @property
    def count(self) -> int:
        """How many values were counted."""
        return sum(self.counts.values())

    @property
    def precision(self) -> float:
        """By how much of itself a value read from here may be too high, at most."""
        return 2.0 ** (1 - self.bits)

    def value_at(self, p: float) -> int:
        """
        Take a percentile: the greatest value of the bucket that holds it, so never less than the true one.

        Args:
            p: In percent, above 0 and at most 100.

        Raises:
            DeclarationError: If there are no values, or ``p`` is out of range.
        """
        rank = nearest_rank(p, self.count)
        for least, count in self.counts.items():
            rank -= count
            if rank <= 0:
                return least + (1 << max(0, least.bit_length() - self.bits)) - 1
        raise AssertionError

    def to_json(self) -> JsonObject:
        """Return it as JSON: the digits, and a pair for each bucket, its least value and its count."""
        return {"bits": self.bits, "counts": [[least, count] for least, count in self.counts.items()]}

    @classmethod
    def from_json(cls, stored: Json) -> Self:
        """
        Read it back.

        Raises:
            HistoryError: If that is no histogram; the message says why.
        """
        match stored:
            case {"bits": int(bits), "counts": list(pairs), **rest} if not rest:
                counts = dict(_pair(pair) for pair in pairs)
            case _:
                raise HistoryError('a stored histogram is an object of "bits" and "counts" and nothing else; nothing was read')
        if len(counts) != len(pairs):
            raise HistoryError("a stored histogram names each bucket once; nothing was read")
        try:
            return cls(bits=bits, counts=counts)
        except DeclarationError as problem:
            raise HistoryError(f"a stored histogram is none: {problem}") from problem


def _least(value: int, bits: int) -> int:
    """Return the least value of the bucket that a value falls into."""
    shift = max(0, value.bit_length() - bits)
    return value >> shift << shift


def _pair(stored: Json) -> tuple[int, int]:
    """Return a bucket and its count."""
    match stored:
        case [int(least), int(count)] if not isinstance(least, bool) and not isinstance(count, bool):
            return least, count
    raise HistoryError(f"a bucket of a stored histogram is a pair of whole numbers, not {stored!r}; nothing was read")
