"""Names, types and limits of messages, one for one."""

from __future__ import annotations

from fraiseql_chaos.layers.stream.model import DIRECTIONS
from fraiseql_chaos.layers.wire.messages import LENGTH_MAX, NAMES, codes_of, message_name


def test_a_name_leads_to_its_type_and_back() -> None:
    for name in set(NAMES) - {"Statement"}:
        ways = {direction: codes for direction, codes in codes_of(name).items() if codes}
        assert ways
        assert {message_name(direction, code) for direction, codes in ways.items() for code in codes} == {name}


def test_a_statement_is_a_query_or_an_execute() -> None:
    assert codes_of("Statement") == {"up": frozenset(b"QE"), "down": frozenset()}


def test_the_same_type_means_something_else_the_other_way() -> None:
    assert (message_name("up", ord("D")), message_name("down", ord("D"))) == ("Describe", "DataRow")


def test_what_does_not_exist_has_no_length() -> None:
    known = {direction: {code for code in range(256) if LENGTH_MAX[direction][code]} for direction in DIRECTIONS}
    assert bytes(sorted(known["up"])) == b"BCDEFHPQSXcdfp"
    assert bytes(sorted(known["down"])) == b"123ACDEGHIKNRSTVWZcdnstv"


def test_nobody_has_a_name_that_nobody_has() -> None:
    assert not any(codes_of("Prase").values())
