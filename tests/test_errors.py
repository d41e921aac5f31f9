"""The tree of errors is the one that is drawn at the top of its file, and each branch can be caught as what it claims to be."""

from __future__ import annotations

import ast
import inspect
import re
from pathlib import Path

import pytest

from fraiseql_chaos import errors

_DRAWN = re.compile(r"    (?P<branches>(?:\|   |    )*)(?:\|-- |`-- )?(?P<name>[A-Z]\w+Error)(?: \((?P<also>\w+)\))?")
CLASSES = {name: cls for name, cls in vars(errors).items() if inspect.isclass(cls)}


def drawn() -> dict[str, tuple[str, ...]]:
    """Read the drawing: every class and what it says it inherits from."""
    found: dict[str, tuple[str, ...]] = {}
    ancestors: list[str] = []
    for line in inspect.cleandoc(errors.__doc__ or "").splitlines():
        if (match := _DRAWN.match(line)) is None:
            continue
        depth = 0 if line.startswith("    ChaosError") else len(match["branches"]) // 4 + 1
        parent = ancestors[depth - 1] if depth else "Exception"
        ancestors[depth:] = [match["name"]]
        found[match["name"]] = (parent, match["also"]) if match["also"] else (parent,)
    return found


def test_drawing_is_the_tree() -> None:
    assert drawn() == {name: tuple(base.__name__ for base in cls.__bases__) for name, cls in CLASSES.items()}


def test_every_error_is_public() -> None:
    assert errors.__all__ == sorted(CLASSES)


def test_every_error_says_whose_fault_it_is() -> None:
    assert [name for name, cls in CLASSES.items() if not (cls.__doc__ or "").strip()] == []


def test_meaningless_declaration_can_be_caught_as_the_value_error_it_is() -> None:
    with pytest.raises(ValueError, match="no such thing"):
        raise errors.DeclarationError("no such thing")


def test_nobody_raises_a_class_that_does_not_say_whose_fault_it_is() -> None:
    abstract = {"ChaosError", "ProtocolError"}
    sources = sorted(Path(inspect.getfile(errors)).parent.rglob("*.py"))
    raised = {
        (path.name, ast.unparse(node.exc.func))
        for path in sources
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call)
    }
    assert {"DeclarationError", "RigError"} <= {name for _, name in raised}
    assert [(where, name) for where, name in raised if name.rpartition(".")[2] in abstract] == []
