"""The list of fixtures of this folder."""

from __future__ import annotations

from fix_reference import reference, reference_server, seeded

__all__ = ["reference", "reference_server", "seeded"]
