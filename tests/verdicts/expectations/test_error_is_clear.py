"""Wording: three answers, and each thing that must not be given away."""

from __future__ import annotations

import pytest

from fraiseql_chaos.errors import DeclarationError
from fraiseql_chaos.verdicts import error_is_clear
from fraiseql_chaos.verdicts.expectations.error_is_clear import CLASSES
from histories import Scene, outage


def _saying(words: str) -> Scene:
    return Scene().fault(1000, 2000).answers(0, 1000).errors(1000, 1100, detail=words)


def test_it_holds_when_every_error_names_the_database() -> None:
    assert error_is_clear().judge(outage().history()).verdict == "held"


@pytest.mark.parametrize(
    ("words", "fault"),
    [
        ("Internal server error", "does not name what failed"),
        ("", "does not name what failed"),
        ('database error in SELECT data::text FROM "v_post"', "contains SQL text"),
        ("database error: INSERT INTO tb_post VALUES (1)", "contains SQL text"),
        ("database: Traceback (most recent call last):", "contains a stack trace"),
        ('connection lost, File "/app/main.py", line 12, in get', "contains a stack trace"),
        ("connection to postgresql://app:hunter2@db/app failed", "contains a password"),
        ("connection failed: host=db password=hunter2", "contains a password"),
        ("database: too many clients\nCONTEXT:  PL/pgSQL function f() line 1 at RAISE", "contains a stack trace"),
        ("database refused: Authorization: Bearer abcdefghijklmnop.q", "contains a key or token"),
        ("database refused, api_key=0123456789", "contains a key or token"),
        ("database error", "does not say what can be done about it"),
        ("database error [INTERNAL_SERVER_ERROR]", "does not say what can be done about it"),
    ],
)
def test_it_is_violated_by_an_error_that_says_too_little_or_too_much_and_quotes_it(words: str, fault: str) -> None:
    finding = error_is_clear().judge(_saying(words).history())

    assert finding.verdict == "violated"
    assert finding.statement == f"5 of 5 errors are not clear; request 50 {fault}: {words!r}"


@pytest.mark.parametrize(
    "words", ["the database is not available; select another host", "connection to server at 127.0.0.1 failed: password authentication"]
)
def test_ordinary_words_are_not_taken_for_secrets(words: str) -> None:
    assert error_is_clear().judge(_saying(words).history()).verdict == "held"


def test_it_cannot_tell_when_the_service_answered_with_no_error() -> None:
    hung = Scene().fault(1000, 2000).answers(0, 1000).hangs(1000, 2000)
    cut = Scene().fault(1000, 2000).answers(0, 1000).request(1500, outcome="fail", cause="connection_lost", detail="reset", status=None)

    assert {error_is_clear().judge(scene.history()).verdict for scene in (hung, cut)} == {"inconclusive"}


def test_the_words_to_look_for_can_be_chosen() -> None:
    assert error_is_clear(names=("identity provider",)).judge(_saying("the Identity Provider is down").history()).verdict == "held"
    with pytest.raises(DeclarationError, match="at least one word"):
        error_is_clear(names=())


@pytest.mark.parametrize(
    ("words", "its_class"),
    [
        ("couldn't get a connection after 2.00 sec", "timeout"),
        ("the database is unavailable", "unreachable"),
        ("database: sorry, too many clients already", "overload"),
        ("database: could not serialize access", "conflict"),
        ("database: permission denied for table users", "permission"),
        ("database error [DATABASE_ERROR]", "code"),
    ],
)
def test_a_class_is_told_by_words_or_by_a_code(words: str, its_class: str) -> None:
    assert error_is_clear(classes=(its_class,)).judge(_saying(words).history()).verdict == "held"
    others = tuple(name for name in CLASSES if name not in {its_class, "unreachable"})
    assert error_is_clear(classes=others).judge(_saying("database error").history()).verdict == "violated"


def test_a_class_is_told_by_the_status_too() -> None:
    scene = Scene().fault(1000, 2000).answers(0, 1000)

    assert error_is_clear().judge(scene.request(1500, outcome="fail", cause="http_error", detail="database", status=503).history()).verdict == "held"
    assert (
        error_is_clear().judge(scene.request(1600, outcome="fail", cause="http_error", detail="database", status=500).history()).verdict == "violated"
    )


def test_a_class_that_there_is_not_is_refused() -> None:
    with pytest.raises(DeclarationError, match="there is no class 'sad', only unreachable, timeout, overload, conflict, permission, code"):
        error_is_clear(classes=("sad",))
