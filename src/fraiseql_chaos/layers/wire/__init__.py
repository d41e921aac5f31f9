"""Faults on an exact message of the PostgreSQL protocol, done by a reader that the stream layer's proxy carries."""

from __future__ import annotations
