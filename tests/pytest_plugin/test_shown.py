"""Nothing secret gets into the line that replays a run."""

from __future__ import annotations

import pytest

from fraiseql_chaos.pytest_plugin.shown import shown_dsn, shown_words

SECRET = "hunter2"  # noqa: S105  not one of ours


@pytest.mark.parametrize(
    ("dsn", "shown"),
    [
        (f"postgresql://me:{SECRET}@host:5432/mine", "postgresql://me@host:5432/mine"),
        (f"postgresql://me:s3:{SECRET}@host:5432/mine?sslmode=require", "postgresql://me@host:5432/mine"),
        (f"postgresql://host/mine?user=me&password={SECRET}&port=1", "postgresql://me@host:1/mine"),
        (f"postgresql://host/mine?sslpassword={SECRET}", "postgresql://host/mine"),
        (f"host=h password={SECRET} user=me", "postgresql://me@h/"),
        (f"host=x password = {SECRET}", "postgresql://x/"),
        (f"host=h password='it\\'s {SECRET}' user=me", "postgresql://me@h/"),
        (f"host=h sslpassword={SECRET} options='-c a={SECRET}' dbname=d", "postgresql://h/d"),
        (f"dbname='postgresql://me:{SECRET}@host/mine'", "DSN"),
        (f"dbname='password={SECRET}'", "DSN"),
        (f"host=h pasword={SECRET}", "DSN"),
        (f"'{SECRET}", "DSN"),
        ("host=/run/postgresql user=me dbname=d", "postgresql://me@/d?host=%2Frun%2Fpostgresql"),
    ],
)
def test_of_a_dsn_only_who_where_and_which_is_shown(dsn: str, shown: str) -> None:
    """The line that replays a run stands in its report, and reports are passed on."""
    assert shown_dsn(dsn) == shown


def test_a_dsn_is_found_wherever_it_stands_in_a_command_line() -> None:
    """Also inside another option's value, and where an earlier one was overruled."""
    dsn = f"host=h password = {SECRET}"
    words = ["tests/chaos::test_it[a@b]", f"--chaos-dsn={dsn}", "--chaos-dsn", dsn, f"--dsn={SECRET}", "-o", f"addopts=--chaos-dsn='{dsn}'"]
    shown = ["tests/chaos::test_it[a@b]", "--chaos-dsn=postgresql://h/", "--chaos-dsn", "postgresql://h/", "--dsn=DSN", "-o"]
    assert list(shown_words(words, dsn=dsn)) == [*shown, "addopts=--chaos-dsn='postgresql://h/'"]
