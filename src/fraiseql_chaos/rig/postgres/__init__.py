"""The database of the rig: a PostgreSQL of our own, to be treated as badly as we like, or one that the user named, treated with care."""

from __future__ import annotations

from fraiseql_chaos.rig.postgres.binaries import MAJORS, Binaries, available_majors, find_binaries, install_command
from fraiseql_chaos.rig.postgres.cluster import APPLICATION_ROLE, Cluster
from fraiseql_chaos.rig.postgres.foreign import ForeignServer
from fraiseql_chaos.rig.postgres.server import VERBS, Freezable, Server, StopMode
from fraiseql_chaos.rig.postgres.server_log import LogRecord, ServerLog, parse_log, wall_offset_ns

__all__ = [
    "APPLICATION_ROLE",
    "MAJORS",
    "VERBS",
    "Binaries",
    "Cluster",
    "ForeignServer",
    "Freezable",
    "LogRecord",
    "Server",
    "ServerLog",
    "StopMode",
    "available_majors",
    "find_binaries",
    "install_command",
    "parse_log",
    "wall_offset_ns",
]
