"""A user's workload file: what it may say, and how it is told what it may not."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from fraiseql_chaos.errors import DeclarationError
from fraiseql_chaos.workload.file import read_workload

DOCUMENT = Path(__file__).parents[2] / "docs" / "workload-file.md"

GOOD = """
[[operation]]
name = "ping"
kind = "query"
document = "{ ping }"
"""


def written(directory: Path, text: str, name: str = "load.toml") -> Path:
    path = directory / name
    path.write_text(text)
    return path


def test_the_example_of_the_documentation_is_read(tmp_path: Path) -> None:
    example = re.search(r"```toml\n(.*?)```", DOCUMENT.read_text(), re.DOTALL)
    assert example is not None
    (tmp_path / "create_user.graphql").write_text("mutation M($input: CreateUserInput!) { createUser(input: $input) { user { email } } }")
    workload = read_workload(written(tmp_path, example[1]))
    post, create_user = workload.operations
    assert [(o.name, o.kind) for o in workload.operations] == [("post", "query"), ("create_user", "mutation")]
    assert workload.weights == (9, 1)
    assert workload.unanswered == (("post", 1),)
    assert post.cases[0].data == {"post": {"title": "The first post", "author": {"name": "Ada"}}}
    assert create_user.case(seed=1, ordinal=2, mark="m").variables == {"input": {"name": "Grace", "email": "m-2@example.org"}}
    assert create_user.cases[0].data == {"createUser": {"user": {"email": "{unique}@example.org"}}}


def test_json_of_the_same_shape_is_read(tmp_path: Path) -> None:
    raw = {"operation": [{"name": "ping", "kind": "query", "document": "{ ping }", "case": [{"expect": {"ping": None}}]}]}
    workload = read_workload(written(tmp_path, json.dumps(raw), "load.json"))
    assert workload.operations[0].cases[0].data == {"ping": None}
    assert workload.unanswered == ()


def test_an_operation_without_cases_has_one_whose_answer_is_recorded(tmp_path: Path) -> None:
    workload = read_workload(written(tmp_path, GOOD))
    assert [case.to_json() for case in workload.operations[0].cases] == [{"variables": {}, "data": None}]
    assert workload.unanswered == (("ping", 0),)


def test_any_answer_is_something_to_expect(tmp_path: Path) -> None:
    assert read_workload(written(tmp_path, GOOD + '[[operation.case]]\nexpect = "any"')).unanswered == ()


def test_a_mutation_has_no_healthy_answer_to_record(tmp_path: Path) -> None:
    text = GOOD.replace('"query"', '"mutation"').replace("{ ping }", "mutation { ping }")
    assert read_workload(written(tmp_path, text)).unanswered == ()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "at least one [[operation]]"),
        ("operation = 1", "at least one [[operation]]"),
        ("operation = [1]", "operation[0]: must be a table, not int"),
        ("[[operations]]", "no field 'operations', only operation"),
        ("[[operation]]\nname = ", "is not TOML"),
        (
            GOOD.replace("name =", "nmae ="),
            "operation[0]: there is no field 'nmae', only name, kind, document, document_file, weight, found_by, case",
        ),
        (GOOD.replace('name = "ping"\n', ""), "operation[0]: field 'name' is missing; write letters, digits and underscores"),
        (GOOD.replace('kind = "query"\n', ""), "operation[0] (ping): field 'kind' is missing; write 'query' or 'mutation'"),
        (GOOD.replace('"query"', '"qurey"'), "operation[0] (ping): operation ping: kind 'qurey' is neither 'query' nor 'mutation'"),
        (GOOD.replace('"ping"', '"the ping"'), "name 'the ping' is not a name"),
        (GOOD.replace('document = "{ ping }"', ""), "needs one of the fields 'document' and 'document_file'"),
        (GOOD + 'document_file = "x"', "needs one of the fields 'document' and 'document_file', and only one"),
        (GOOD.replace('document = "{ ping }"', 'document_file = "no.graphql"'), "field 'document_file': "),
        (GOOD.replace('document = "{ ping }"', "document = 7"), "document 7 holds no GraphQL"),
        (GOOD + "weight = 0", "field 'weight': 0 is not a whole number from 1 to 1000000"),
        (GOOD + "weight = true", "field 'weight': True"),
        (GOOD + "case = []", "field 'case'"),
        (GOOD + "[[operation.case]]\nexpected = {}", "case[0]: there is no field 'expected', only variables, expect"),
        (GOOD + "[[operation.case]]\nexpect = 1", "case[0]: field 'expect': 1 is neither a table nor \"any\""),
        (GOOD + "[[operation.case]]\nexpect = { at = 2026-01-01 }", "case[0]: field expect.at is datetime.date(2026, 1, 1)"),
        (GOOD + "[[operation.case]]\nvariables = { x = nan }", "case[0]: field variables.x is nan"),
        (GOOD + "[[operation.case]]\nvariables = []", "case[0]: field variables must be a JSON object, not list"),
        (GOOD + GOOD, "operation[1]: field 'name': 'ping' is taken by operation[0]"),
    ],
)
def test_what_has_no_meaning_is_named_with_its_place(tmp_path: Path, text: str, told: str) -> None:
    path = written(tmp_path, text)
    with pytest.raises(DeclarationError) as refused:
        read_workload(path)
    assert told in str(refused.value)
    assert str(refused.value).startswith(f"{path}: ")
    assert str(refused.value).endswith("nothing was sent")


@pytest.mark.parametrize(("name", "told"), [("load.yaml", "ends in .toml or .json, not '.yaml'"), ("load.json", "is not JSON")])
def test_a_file_of_another_kind_is_refused(tmp_path: Path, name: str, told: str) -> None:
    with pytest.raises(DeclarationError, match=told):
        read_workload(written(tmp_path, GOOD, name))


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(DeclarationError, match=r"load\.toml: cannot be read: No such file"):
        read_workload(tmp_path / "load.toml")


def test_a_mutation_may_say_how_its_requests_are_found(tmp_path: Path) -> None:
    finds = "SELECT name FROM made WHERE name LIKE '{mark}-%'"
    text = f"""
[[operation]]
name = "make"
kind = "mutation"
document = "mutation M($name: String!) {{ make(name: $name) {{ id }} }}"
found_by = "{finds}"
[[operation.case]]
variables = {{ name = "{{unique}}" }}
"""
    (operation,) = read_workload(written(tmp_path, text)).operations
    assert operation.found_by == finds
    with pytest.raises(DeclarationError, match=r"operation\[0\] \(make\): operation make: found_by 'SELECT 1' must be SQL that says"):
        read_workload(written(tmp_path, text.replace(finds, "SELECT 1")))
