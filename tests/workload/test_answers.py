"""From status and body to outcome: the whole table, without a network."""

from __future__ import annotations

import pytest

from fraiseql_chaos.core import JsonObject
from fraiseql_chaos.workload.answers import DETAIL_MAX, no_answer, read_answer
from fraiseql_chaos.workload.causes import Cause

EXPECTED: JsonObject = {"post": {"title": "first"}}
RIGHT = b'{"data":{"post":{"title":"first","body":"..."}}}'


def test_the_right_answer_is_ok_and_keeps_its_data() -> None:
    answer = read_answer(200, RIGHT, kind="query", expected=EXPECTED)
    assert (answer.outcome, answer.cause, answer.status) == ("ok", "", 200)
    assert answer.data == {"post": {"title": "first", "body": "..."}}


@pytest.mark.parametrize(
    ("status", "body", "cause", "detail"),
    [
        (200, b'{"data":{"post":{"title":"second"}}}', "wrong_answer", "data.post.title: expected 'first', got 'second'"),
        (200, b'{"data":{"post":null}}', "wrong_answer", "data.post: expected {'title': 'first'}, got None"),
        (200, b'{"data":{}}', "wrong_answer", "data.post: expected {'title': 'first'}, and there is no such key"),
        (200, b'{"data":null}', "wrong_answer", "data: expected an object, got null"),
        (200, b'{"errors":[{"message":"no"}]}', "graphql_error", "no"),
        (200, b'{"errors":[{"message":"no","extensions":{"code":"BAD"}},{"x":1}]}', "graphql_error", 'no [BAD]; {"x": 1}'),
        (200, b'{"errors":[{"message":"no"}],"data":{"post":{"title":"first"}}}', "graphql_error", "no"),
        (200, b'{"errors":"no"}', "graphql_error", '{"errors":"no"}'),
        (200, b"{}", "malformed_answer", "neither data nor errors: {}"),
        (200, b"", "malformed_answer", "not a JSON object: (nothing)"),
        (200, b"null", "malformed_answer", "not a JSON object: null"),
        (200, b"[1]", "malformed_answer", "not a JSON object: [1]"),
        (200, b'{"data":{"post":NaN}}', "malformed_answer", 'not a JSON object: {"data":{"post":NaN}}'),
        (200, b"\xff\xfe", "malformed_answer", "not a JSON object: \ufffd\ufffd"),
        (200, b"[" * 100_000, "malformed_answer", f"not a JSON object: {'[' * (DETAIL_MAX - 19)}"),
        (200, RIGHT[:-1], "malformed_answer", f"not a JSON object: {RIGHT[:-1].decode()}"),
        (500, RIGHT, "http_error", RIGHT.decode()),
        (503, b"upstream gone", "http_error", "upstream gone"),
        (401, b'{"detail":"who?"}', "http_error", '{"detail":"who?"}'),
        (400, b'{"errors":[{"message":"no query"}]}', "http_error", "no query"),
        (302, b"", "http_error", "(nothing)"),
    ],
)
def test_every_other_answer_is_a_failed_query(status: int, body: bytes, cause: Cause, detail: str) -> None:
    answer = read_answer(status, body, kind="query", expected=EXPECTED)
    assert (answer.outcome, answer.cause, answer.detail, answer.status) == ("fail", cause, detail, status)


@pytest.mark.parametrize("body", [b'{"data":null}', b'{"data":[]}', b'{"errors":[{}],"data":{}}'])
def test_where_any_data_will_do_none_is_still_wrong(body: bytes) -> None:
    assert read_answer(200, body, kind="query", expected=None).outcome == "fail"


def test_an_empty_list_of_errors_is_no_error() -> None:
    assert read_answer(200, b'{"data":{},"errors":[]}', kind="query", expected=None).outcome == "ok"


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (400, b"{}"),
        (401, b"{}"),
        (403, b"{}"),
        (429, b"{}"),
        (200, b'{"errors":[{"message":"?","extensions":{"code":"GRAPHQL_VALIDATION_FAILED"}}]}'),
        (200, b'{"errors":[{"message":"?","extensions":{"code":"GRAPHQL_PARSE_FAILED"}}],"data":null}'),
    ],
)
def test_a_mutation_refused_before_it_ran_left_no_trace(status: int, body: bytes) -> None:
    assert read_answer(status, body, kind="mutation", expected=None).outcome == "fail"


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (200, b'{"errors":[{"message":"connection lost at COMMIT"}]}'),
        (200, b'{"errors":[{"message":"?","extensions":{"code":"GRAPHQL_VALIDATION_FAILED"}},{"message":"late"}]}'),
        (200, b'{"errors":[{"message":"?","extensions":{"code":"GRAPHQL_VALIDATION_FAILED"}}],"data":{"post":{}}}'),
        (200, b'{"data":{"post":{"title":"second"}}}'),
        (200, b"garbage"),
        (408, b""),
        (500, b""),
        (504, b""),
    ],
)
def test_of_any_other_mutation_nobody_can_say(status: int, body: bytes) -> None:
    assert read_answer(status, body, kind="mutation", expected=EXPECTED).outcome == "indeterminate"


def test_details_are_bounded_and_can_be_stored() -> None:
    answer = read_answer(200, b'{"errors":[{"message":"\\ud800' + b"x" * 10_000 + b'"}]}', kind="query", expected=None)
    assert len(answer.detail) == DETAIL_MAX
    assert answer.detail.encode("utf-8").startswith(b"?x")


def test_no_answer_at_all_follows_the_same_rule() -> None:
    assert no_answer("timeout", "", kind="query").outcome == "fail"
    assert no_answer("timeout", "", kind="mutation").outcome == "indeterminate"
    assert no_answer("unfinished", "", kind="mutation", refused=True).outcome == "fail"
