"""
One of several ways to keep a promise.

A service that loses its database may answer from a cache or refuse at once; either will do. One part that held is enough, and it is violated only
if every part is. A part that cannot tell leaves the whole open: it might have been the one.

There is no negation. "Violated" often rests on one bad request among thousands, and its contrary would then be "held" on the word of that one;
what a test means by "not" is another expectation, with a share or a limit of its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from fraiseql_chaos.history import History
from fraiseql_chaos.verdicts.composing import composed, require_parts
from fraiseql_chaos.verdicts.hearing import hear
from fraiseql_chaos.verdicts.model import VERDICTS, Expectation, Finding

__all__ = ["AnyOf", "any_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class AnyOf:
    """
    Expect at least one of several things.

    Args:
        expectations: At least two.

    Raises:
        DeclarationError: If there are fewer, or one is no expectation.
    """

    kind: ClassVar[str] = "any_of"

    expectations: tuple[Expectation, ...]

    def __post_init__(self) -> None:
        require_parts(self.kind, self.expectations)

    def __str__(self) -> str:
        return " or ".join(str(part) for part in self.expectations)

    def judge(self, history: History) -> Finding:
        """Hear every part; the best answer is the answer."""
        parts = tuple(hear(part, history) for part in self.expectations)
        return composed(self, min((part.verdict for part in parts), key=VERDICTS.index), parts)


def any_of(*expectations: Expectation) -> AnyOf:
    """Expect at least one of several things; see ``AnyOf``."""
    return AnyOf(expectations=expectations)
