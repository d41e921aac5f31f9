"""Faults of the PostgreSQL server itself, done by the server's own means and by signals to its processes."""

from __future__ import annotations
