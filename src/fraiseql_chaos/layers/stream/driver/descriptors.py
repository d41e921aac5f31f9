"""A connection through a proxy takes two file descriptors, and the usual limit is 1024: a process that carries many asks for all it may have."""

from __future__ import annotations

import resource

__all__ = ["raise_descriptor_limit"]


def raise_descriptor_limit() -> None:
    """Raise this process's limit of open files to the highest that is allowed to it."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
