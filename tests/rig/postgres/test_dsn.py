"""Connection strings become URIs, and never messages."""

from __future__ import annotations

import pytest

from fraiseql_chaos.errors import DeclarationError
from fraiseql_chaos.rig.postgres.dsn import Target, parse_dsn, to_uri


@pytest.mark.parametrize(
    "dsn",
    [
        "postgresql://u:s%40cret@db.example:5433/d?sslmode=require",
        "host=db.example port=5433 user=u password='s@cret' dbname=d sslmode=require",
    ],
)
def test_both_forms_become_the_same_uri(dsn: str) -> None:
    assert to_uri(parse_dsn(dsn)) == "postgresql://u:s%40cret@db.example:5433/d?sslmode=require"


@pytest.mark.parametrize(
    "parameters",
    [
        {"host": "/run/a b", "port": "5432", "user": "postgres", "dbname": "d"},
        {"host": "::1", "port": "5432", "user": "ü/@:", "password": "%&=?# ", "dbname": "a/b"},
        {"host": "one,two", "port": "1,2", "dbname": "d"},
        {"options": "-c statement_timeout=2000 -c lock_timeout=1", "dbname": "d"},
    ],
)
def test_uri_means_what_went_in(parameters: dict[str, str]) -> None:
    assert parse_dsn(to_uri(parameters)) == parameters


def test_target_shows_everything_but_the_password() -> None:
    shown = str(Target.of(parse_dsn("postgresql://u:hunter2@h:1/d")))
    assert shown == "database 'd' on host h, port 1, as user u"


@pytest.mark.parametrize("dsn", ["postgresql://u:hunter2@[h/d", "password=hunter2 nonsense", "postgresql://u:p@h/d?hunter2=1"])
def test_what_cannot_be_read_is_not_repeated(dsn: str) -> None:
    with pytest.raises(DeclarationError) as caught:
        parse_dsn(dsn)
    assert "hunter2" not in f"{caught.value}{caught.value.__cause__}"
