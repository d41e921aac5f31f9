"""
The service under test, as a value: what to start, what its database is made by, and what to ask of it.

Either one of the user's, or the bundled reference service in one of its variants.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Final

from fraiseql_chaos import reference
from fraiseql_chaos.errors import DeclarationError
from fraiseql_chaos.workload.file import Workload

__all__ = ["VARIANTS", "Application"]

VARIANTS: Final[Mapping[str, str]] = MappingProxyType({"stock": reference.STOCK, "hardened": reference.HARDENED})
"""The reference service, as documented and with every remedy that is configuration."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Application:
    """
    The service to test.

    Args:
        app: ``module:attribute`` of an ASGI application.
        app_dir: What is put first on its interpreter's path; None if it is installed there.
        sql: Makes an empty database the one it needs; None if the database has everything.
        workload: What to ask of it.
        env: What else its environment says.
    """

    app: str
    app_dir: Path | None
    sql: Path | None
    workload: Workload
    env: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        module, _, attribute = self.app.partition(":")
        if not module or not attribute:
            raise DeclarationError(f"app {self.app!r}: write module:attribute, as in myservice.main:app; nothing was started")

    @classmethod
    def reference(cls, variant: str) -> Application:
        """
        Return a variant of the bundled reference service.

        Raises:
            DeclarationError: If there is no such variant.
        """
        if variant not in VARIANTS:
            raise DeclarationError(f"there is no reference service {variant!r}; there are {', '.join(VARIANTS)}; nothing was started")
        workload = Workload(operations=reference.OPERATIONS, weights=(1,) * len(reference.OPERATIONS), unanswered=(), apart=(reference.SLOW_REPORT,))
        return cls(app=VARIANTS[variant], app_dir=reference.SERVICE_DIRECTORY, sql=reference.SCHEMA_SQL, workload=workload)

    def scripts(self) -> tuple[str, ...]:
        """
        Return what makes an empty database the one it needs.

        Raises:
            DeclarationError: If that cannot be read.
        """
        if self.sql is None:
            return ()
        try:
            return (self.sql.read_text(encoding="utf-8"),)
        except OSError as error:
            raise DeclarationError(f"{self.sql} cannot be read as SQL: {error.strerror}; nothing was started") from error
        except UnicodeDecodeError as error:
            raise DeclarationError(f"{self.sql} cannot be read as SQL: {error}; nothing was started") from error
