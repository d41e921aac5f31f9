"""Operations and cases as values: what is refused, what is filled in, and the way through JSON."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from fraiseql_chaos.core import JsonObject
from fraiseql_chaos.errors import DeclarationError
from fraiseql_chaos.workload.model import Case, GraphQLOperation

DOCUMENT = "query Post($id: ID!) { post(id: $id) { id } }"


def operation(**changed: Any) -> GraphQLOperation:
    fields: dict[str, Any] = {"name": "read_post", "document": DOCUMENT, "kind": "query", "cases": (Case(variables={"id": "1"}, data=None),)}
    return GraphQLOperation(**{**fields, **changed})


def test_an_operation_survives_json() -> None:
    whole = operation(cases=(Case(variables={"a": [1, 2.5, None, True, {"b": "ü"}]}, data={"post": {"id": "1"}}), Case(variables={}, data=None)))
    assert GraphQLOperation.from_json(json.loads(json.dumps(whole.to_json()))) == whole


def test_what_a_workload_file_leaves_out_has_the_widest_meaning() -> None:
    read = GraphQLOperation.from_json({"name": "all", "document": "{ posts { id } }", "kind": "query"})
    assert read.cases == (Case(variables={}, data=None),)


def test_unique_is_filled_into_variables_and_data_alike() -> None:
    case = Case(variables={"input": {"name": "a {unique} b", "n": 1}}, data={"user": {"tags": ["{unique}", None]}})
    assert case.filled("2a-7") == Case(variables={"input": {"name": "a 2a-7 b", "n": 1}}, data={"user": {"tags": ["2a-7", None]}})


def test_the_case_of_a_request_depends_on_seed_ordinal_and_mark_only() -> None:
    many = operation(cases=tuple(Case(variables={"id": n, "mark": "{unique}"}, data=None) for n in range(50)))
    asked = [many.case(seed=7, ordinal=n, mark="m") for n in range(200)]
    assert asked == [many.case(seed=7, ordinal=n, mark="m") for n in range(200)]
    assert [case.variables["mark"] for case in asked[:2]] == ["m-0", "m-1"]
    assert len({case.variables["id"] for case in asked}) > 40
    assert [case.variables["id"] for case in asked] != [many.case(seed=8, ordinal=n, mark="m").variables["id"] for n in range(200)]
    assert [case.variables["id"] for case in asked] == [many.case(seed=7, ordinal=n, mark="o").variables["id"] for n in range(200)], (
        "a mark chooses nothing"
    )


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"name": "read post"}, "name 'read post'"),
        ({"name": ""}, "name ''"),
        ({"document": "   "}, "document '   '"),
        ({"kind": "subscription"}, "kind 'subscription'"),
        ({"kind": "mutation"}, "document holds query"),
        ({"document": "mutation { a }"}, "document holds mutation"),
        ({"document": "query A { a } query B { b }"}, "document holds 2 operations"),
        ({"document": "fragment F on T { a }"}, "document holds no operation"),
        ({"cases": ()}, "cases must be"),
        ({"cases": [Case(variables={}, data=None)]}, "cases must be"),
    ],
)
def test_a_wrong_field_is_named(changed: dict[str, Any], said: str) -> None:
    with pytest.raises(DeclarationError, match=said):
        operation(**changed)


@pytest.mark.parametrize(
    "document",
    [
        "{ query { id } }",
        "query { mutation(query: 1) { id } }",
        '# a mutation { x }\nquery A($mutation: Int = 1) @live { a(text: "mutation { b }") }',
        'query A { a(text: """ mutation { "b" } """) }',
        "fragment F on T { a } query A { ...F }",
        "fragment mutation on T { a } query query($a: T = {b: {c: 1}}) { ...mutation }",
    ],
)
def test_words_inside_a_document_do_not_pass_for_its_kind(document: str) -> None:
    assert operation(document=document).document == document


@pytest.mark.parametrize(
    ("variables", "data", "said"),
    [
        ({"a": float("nan")}, None, "variables.a is nan"),
        ({"a": [{"b": {1}}]}, None, r"variables.a\[0\].b is \{1\}"),
        ({"a": {1: "b"}}, None, "variables.a has the key 1"),
        ({}, {"a": (1,)}, "data.a is"),
        ([], None, "variables must be a JSON object"),
        ({}, [], "data must be a JSON object"),
    ],
)
def test_what_json_cannot_carry_is_refused_with_its_place(variables: Any, data: Any, said: str) -> None:
    with pytest.raises(DeclarationError, match=said):
        Case(variables=variables, data=data)


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        ([], "an operation is a JSON object, not list"),
        ({"name": "a", "document": "{ a }"}, "needs the field 'kind'"),
        ({"name": "a", "document": "{ a }", "kind": "query", "weight": 3}, "no field 'weight', only cases, document, found_by, kind, name"),
        ({"name": "a", "document": "{ a }", "kind": "query", "cases": {}}, "operation a: cases must be a list, not dict"),
        ({"name": "a", "document": "{ a }", "kind": "query", "cases": [{}, {"dato": 1}]}, r"operation a: cases\[1\]: a case has no field 'dato'"),
        ({"name": "a", "document": "{ a }", "kind": "query", "cases": [{"data": 1}]}, r"operation a: cases\[0\]: data must be"),
    ],
)
def test_a_wrong_field_of_a_workload_file_is_named(raw: Any, said: str) -> None:
    with pytest.raises(DeclarationError, match=said):
        GraphQLOperation.from_json(raw)


MUTATION = "mutation M($name: String!) { make(name: $name) { id } }"
FINDS = "SELECT name FROM made WHERE name LIKE '{mark}-%'"


def test_a_mutation_may_say_how_its_requests_are_found_and_it_survives_json() -> None:
    operation = GraphQLOperation(
        name="make", document=MUTATION, kind="mutation", cases=(Case(variables={"name": "{unique}"}, data=None),), found_by=FINDS
    )

    assert GraphQLOperation.from_json(operation.to_json()) == operation


@pytest.mark.parametrize(
    ("kind", "document", "variables", "found_by", "told"),
    [
        ("query", "{ ping }", {"name": "{unique}"}, FINDS, "found_by, but a query leaves nothing to be found; nothing was sent"),
        ("mutation", MUTATION, {"name": "{unique}"}, "SELECT name FROM made", "must be SQL that says {mark}"),
        ("mutation", MUTATION, {"name": "{unique}"}, 7, "found_by 7 must be SQL that says {mark}"),
        ("mutation", MUTATION, {"name": "x"}, FINDS, "nothing in cases[0] says {unique}, so its requests cannot be told apart"),
    ],
)
def test_what_could_not_find_a_request_is_refused(kind: Any, document: str, variables: JsonObject, found_by: Any, told: str) -> None:
    with pytest.raises(DeclarationError, match=re.escape(told)):
        GraphQLOperation(name="make", document=document, kind=kind, cases=(Case(variables=variables, data=None),), found_by=found_by)
