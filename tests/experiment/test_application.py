"""A service that is none is refused before anything starts."""

from __future__ import annotations

from pathlib import Path

import pytest

from fraiseql_chaos.errors import DeclarationError
from fraiseql_chaos.experiment import Application
from fraiseql_chaos.workload.file import Workload

NOTHING = Workload(operations=(), weights=(), unanswered=())


@pytest.mark.parametrize("app", ["module", ":app", "module:"])
def test_an_app_is_a_module_and_an_attribute(app: str) -> None:
    with pytest.raises(DeclarationError, match=r"write module:attribute.*nothing was started"):
        Application(app=app, app_dir=None, sql=None, workload=NOTHING)


def test_a_reference_service_that_does_not_exist_is_refused_with_those_that_do() -> None:
    with pytest.raises(DeclarationError, match="'soft'; there are stock, hardened; nothing was started"):
        Application.reference("soft")


def test_what_its_database_is_made_by_is_read(tmp_path: Path) -> None:
    sql = tmp_path / "schema.sql"
    application = Application(app="a:b", app_dir=None, sql=sql, workload=NOTHING)
    with pytest.raises(DeclarationError, match=r"schema\.sql cannot be read as SQL: No such file or directory; nothing was started"):
        application.scripts()
    sql.write_bytes(b"SELECT '\xff'")
    with pytest.raises(DeclarationError, match=r"schema\.sql cannot be read as SQL: .*utf-8.*; nothing was started"):
        application.scripts()
    sql.write_text("SELECT 1", encoding="utf-8")
    assert application.scripts() == ("SELECT 1",)
    assert Application(app="a:b", app_dir=None, sql=None, workload=NOTHING).scripts() == ()
