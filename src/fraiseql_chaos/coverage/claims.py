"""
The claims of the plan, as a table that is shipped: what each scenario says must be so, and what it wants measured.

    1.1.1a      claim   Database Unavailable   Connection pool detects failure quickly
    1.1.1.m1    metric  Database Unavailable   Time to detect

The first two numbers of an id are its section, the first three its scenario. The table is a copy of the plan and changes only with it.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.resources import files
from typing import Final, Literal

from fraiseql_chaos.errors import DeclarationError, InternalError

__all__ = ["Claim", "in_sections", "plan_claims"]

_ID: Final = re.compile(r"(?P<scenario>(?P<section>\d+\.\d+)\.\d+)(?:[a-z]|(?P<metric>\.m\d+))")


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """
    One line of the plan.

    Attributes:
        id: Its number there.
        kind: Whether it says that something is so, or asks how much.
        title: The scenario's name.
        text: What it says.
    """

    id: str
    kind: Literal["claim", "metric"]
    title: str
    text: str

    def __post_init__(self) -> None:
        """Refuse an id that says something else than the kind does."""
        found = _ID.fullmatch(self.id)
        if found is None or (found["metric"] is not None) is not (self.kind == "metric"):
            raise InternalError(f"{self.id!r} is not the id of a {self.kind} of the plan")

    @property
    def scenario(self) -> str:
        """The scenario's number, as ``1.1.1``."""
        return _part(self.id, "scenario")

    @property
    def section(self) -> str:
        """The section's number, as ``1.1``."""
        return _part(self.id, "section")


def plan_claims() -> tuple[Claim, ...]:
    """
    Return all claims, in the order of the plan.

    Raises:
        InternalError: If the shipped table is damaged, or an id is there twice.
    """
    text = files("fraiseql_chaos.coverage").joinpath("resources", "claims.tsv").read_text(encoding="utf-8")
    rows = csv.DictReader(text.splitlines(), delimiter="\t", quoting=csv.QUOTE_NONE, strict=True)
    claims = tuple(Claim(id=row["id"], kind=row["kind"], title=row["scenario"], text=row["text"]) for row in rows)  # type: ignore[arg-type]  # checked there
    if len({claim.id for claim in claims}) != len(claims):
        raise InternalError("an id is twice in the table of the plan's claims")
    return claims


def in_sections(claims: Iterable[Claim], wanted: Iterable[str]) -> tuple[Claim, ...]:
    """
    Return the claims of parts of the plan, in its order.

    Args:
        claims: All of them.
        wanted: Phases, sections, scenarios or single claims, as ``1``, ``1.1``, ``1.1.1``, ``1.1.1a``; none means everything.

    Raises:
        DeclarationError: If the plan has no such part.
    """
    everything, parts = tuple(claims), tuple(wanted)
    for part in parts:
        if not any(_is_in(claim, part) for claim in everything):
            sections = ", ".join(dict.fromkeys(claim.section for claim in everything))
            raise DeclarationError(f"--section {part}: the plan has no such part; its sections are {sections}; nothing was looked up")
    return tuple(claim for claim in everything if not parts or any(_is_in(claim, part) for part in parts))


def _is_in(claim: Claim, part: str) -> bool:
    return part == claim.id or f"{claim.scenario}.".startswith(f"{part}.")


def _part(name: str, group: str) -> str:
    found = _ID.fullmatch(name)
    return "" if found is None else found[group]
