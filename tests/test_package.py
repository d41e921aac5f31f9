"""What a chaos test needs is one import away, and costs nothing until it is used."""

from __future__ import annotations

import importlib
import subprocess
import sys

import pytest

import fraiseql_chaos


@pytest.mark.parametrize("name", fraiseql_chaos.__all__)
def test_every_name_is_the_one_its_home_exports(name: str) -> None:
    """Looked up on first use, and the same object as in the package where it lives."""
    value = getattr(fraiseql_chaos, name)
    home = importlib.import_module(f"fraiseql_chaos.{fraiseql_chaos._HOME_OF[name]}")
    assert value is getattr(home, name)
    assert name in home.__all__


def test_names_and_homes_agree() -> None:
    """A name without a home would be an error on first use; a home without a name could not be found."""
    assert sorted(fraiseql_chaos._HOME_OF) == sorted(fraiseql_chaos.__all__) == sorted(dir(fraiseql_chaos))


def test_a_name_that_does_not_exist_is_an_attribute_error() -> None:
    """As of any module, so that hasattr and star imports work."""
    assert not hasattr(fraiseql_chaos, "Latencies")
    with pytest.raises(ImportError, match="Latencies"):
        exec("from fraiseql_chaos import Latencies")  # noqa: S102  the statement is what is tested


def test_importing_the_package_imports_nothing_of_it() -> None:
    """In a process of its own, because this one has imported everything."""
    program = "import sys, fraiseql_chaos; print([name for name in sys.modules if name.startswith('fraiseql_chaos.')])"
    assert subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=30).stdout == "[]\n"
