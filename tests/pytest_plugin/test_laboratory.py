"""What the command line says becomes settings, before any of it is started."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from fraiseql_chaos import reference
from fraiseql_chaos.core import seconds
from fraiseql_chaos.errors import DeclarationError
from fraiseql_chaos.experiment import Application
from fraiseql_chaos.pytest_plugin.laboratory import laboratory_settings
from fraiseql_chaos.pytest_plugin.options import ChaosOptions

WORKLOAD = """
[[operation]]
name = "post"
kind = "query"
document = "{ posts { title } }"
"""


def options(**values: Any) -> ChaosOptions:
    """Return options as pytest would hand them over."""
    flags = {"--chaos-strict": False, "--chaos-disarm": False, "--i-own-this-database": False}
    spelled = {f"--chaos-{name}": value for name, value in values.items()}
    return ChaosOptions(lambda name: spelled.get(name, flags.get(name)), Path("/project"))


def test_without_options_it_is_the_reference_service_on_a_server_of_our_own() -> None:
    settings = laboratory_settings(options(seed="5"))
    assert settings.seed == settings.rig.seed == 5
    assert settings.rig.application is None
    assert (settings.rig.python, settings.rig.dsn, settings.rig.postgres) == (Path(sys.executable), None, None)
    assert (settings.duration, settings.disarmed) == (None, False)


def test_durations_and_majors_arrive_as_what_they_mean() -> None:
    settings = laboratory_settings(options(duration="2", postgres="16", disarm=True))
    assert (settings.duration, settings.rig.postgres, settings.disarmed) == (seconds(2), 16, True)


def test_a_service_of_the_users_own_comes_with_its_workload_and_its_schema(tmp_path: Path) -> None:
    workload, schema = tmp_path / "w.toml", tmp_path / "schema.sql"
    workload.write_text(WORKLOAD)
    application = laboratory_settings(options(app="mine:app", workload=workload, sql=schema)).rig.application
    assert application is not None
    assert (application.app, application.app_dir, application.sql) == ("mine:app", Path.cwd(), schema)
    assert [operation.name for operation in application.workload.operations] == ["post"]


def test_a_changed_reference_service_gets_the_questions_of_the_bundled_one() -> None:
    application = laboratory_settings(options(app="changed:app", workload=Path("reference"))).rig.application
    stock = Application.reference("stock")
    assert application is not None
    assert (application.sql, application.workload) == (stock.sql, stock.workload)
    assert application.env == {"PYTHONPATH": str(reference.SERVICE_DIRECTORY)}


@pytest.mark.parametrize("text", ["", "[[operation]]\nname = 'post'\n", "[[operation]\n"], ids=["empty", "incomplete", "not TOML"])
def test_a_workload_file_without_meaning_is_refused_by_name(tmp_path: Path, text: str) -> None:
    path = tmp_path / "w.toml"
    path.write_text(text)
    with pytest.raises(DeclarationError, match=str(path)):
        laboratory_settings(options(app="mine:app", workload=path))
