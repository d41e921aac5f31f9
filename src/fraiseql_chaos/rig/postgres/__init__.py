"""The database of the rig: a PostgreSQL of our own, to be treated as badly as we like, or one that the user named, treated with care."""

from __future__ import annotations
