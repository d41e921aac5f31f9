"""
Several things at once, as one.

``require`` asks for all that it is given anyway; this is for the inside of another composition, and for a name given to several promises. The
worst part decides, and every part says its word.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from fraiseql_chaos.history import History
from fraiseql_chaos.verdicts.composing import composed, require_parts
from fraiseql_chaos.verdicts.hearing import hear
from fraiseql_chaos.verdicts.model import Expectation, Finding, worst

__all__ = ["AllOf", "all_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class AllOf:
    """
    Expect all of several things.

    Args:
        expectations: At least two.

    Raises:
        DeclarationError: If there are fewer, or one is no expectation.
    """

    kind: ClassVar[str] = "all_of"

    expectations: tuple[Expectation, ...]

    def __post_init__(self) -> None:
        require_parts(self.kind, self.expectations)

    def __str__(self) -> str:
        return " and ".join(str(part) for part in self.expectations)

    def judge(self, history: History) -> Finding:
        """Hear every part; the worst answer is the answer."""
        parts = tuple(hear(part, history) for part in self.expectations)
        return composed(self, worst(part.verdict for part in parts), parts)


def all_of(*expectations: Expectation) -> AllOf:
    """Expect all of several things; see ``AllOf``."""
    return AllOf(expectations=expectations)
