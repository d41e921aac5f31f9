"""Faults of the service under test itself, done from outside by what is asked of it."""

from __future__ import annotations
