"""What expectations that are made of others have in common: their parts are checked once, and each part's word is kept in the whole."""

from __future__ import annotations

from collections.abc import Iterable

from fraiseql_chaos.core import Json
from fraiseql_chaos.errors import DeclarationError
from fraiseql_chaos.verdicts.model import VERDICTS, Expectation, Finding, Verdict

__all__ = ["composed", "require_parts"]


def require_parts(kind: str, parts: tuple[object, ...]) -> None:
    """
    Refuse what is no composition.

    Raises:
        DeclarationError: If there are fewer than two parts, or one is not an expectation.
    """
    for part in parts:
        if not (hasattr(part, "kind") and hasattr(part, "judge")):
            raise DeclarationError(f"{kind}: {part!r} is not an expectation such as availability(at_least=0.99); nothing was judged")
    if len(parts) < 2:
        raise DeclarationError(f"{kind}: takes at least two expectations, not {len(parts)}; require a single one as it is; nothing was judged")


def composed(whole: Expectation, verdict: Verdict, parts: Iterable[Finding]) -> Finding:
    """Return the finding of a composition: its verdict, and the reason of every part, from bad to good."""
    heard = sorted(parts, key=lambda part: -VERDICTS.index(part.verdict))
    told: list[Json] = [{"kind": part.expectation.kind, "verdict": part.verdict, **part.numbers} for part in heard]
    statement = "; ".join(f"{part.expectation.kind} {part.verdict}: {part.statement}" for part in heard)
    return Finding(expectation=whole, verdict=verdict, statement=statement, numbers={"parts": told})
