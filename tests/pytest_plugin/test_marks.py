"""What a test is marked with selects it, says what it claims, and decides how often it runs."""

from __future__ import annotations

import pytest

pytest_plugins = ["pytester"]

MARKED = """
import pytest

@pytest.mark.failure_type("network_latency", "database_unavailable")
def test_two(): ...

@pytest.mark.failure_type("network_latency")
class TestMarkedClass:
    def test_one(self): ...

def test_none(): ...
"""

WITH_A_WEAKNESS = """
import pytest

@pytest.mark.weakness("W-1")
def test_with_remedy(service): ...

@pytest.mark.weakness("W-2", remedy=False)
def test_without_remedy(service): ...

@pytest.mark.weakness("W-3")
def test_without_a_service(): ...
"""


@pytest.mark.parametrize(
    ("expression", "selected"),
    [
        ("failure_type:network_latency", ["test_two", "test_one"]),
        ("failure_type:database_unavailable", ["test_two"]),
        ("failure_type:network_latency and not failure_type:database_unavailable", ["test_one"]),
        ("not failure_type:network_latency", ["test_none"]),
        ("failure_type", ["test_two", "test_one"]),
        ("failure_type:network_loss", []),
    ],
)
def test_a_failure_type_selects(pytester: pytest.Pytester, expression: str, selected: list[str]) -> None:
    """As the plan's command line does, and with --strict-markers, which knows no marker with a colon."""
    pytester.makepyfile(MARKED)
    result = pytester.runpytest_inprocess(
        "-m", expression, "--strict-markers", "--collect-only", "-q", "-W", "error::pytest.PytestUnknownMarkWarning"
    )
    assert [line.rpartition("::")[2] for line in result.outlines if "::" in line] == selected
    assert result.ret == (pytest.ExitCode.OK if selected else pytest.ExitCode.NO_TESTS_COLLECTED)


def test_a_marker_we_do_not_know_is_still_an_error(pytester: pytest.Pytester) -> None:
    """Only the one spelling is translated; a slip of the pen is pytest's to find."""
    pytester.makepyfile(MARKED)
    result = pytester.runpytest_inprocess("-m", "failure_tpye:network_latency", "--strict-markers")
    assert result.ret != pytest.ExitCode.OK


def test_the_markers_are_registered_and_explained(pytester: pytest.Pytester) -> None:
    """So that --strict-markers takes them, and ``pytest --markers`` says what they are for."""
    result = pytester.runpytest_inprocess("--markers")
    result.stdout.fnmatch_lines(["@pytest.mark.claims(*ids): *", "@pytest.mark.failure_type(*names): *", "@pytest.mark.weakness(id, remedy=True): *"])


def test_a_weakness_is_shown_on_stock_and_its_remedy_on_hardened(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(WITH_A_WEAKNESS)
    items, _ = pytester.inline_genitems()
    assert [item.name for item in items] == [
        "test_with_remedy[stock]",
        "test_with_remedy[hardened]",
        "test_without_remedy[stock]",
        "test_without_a_service",
    ]


def test_a_service_of_the_users_own_gets_no_allowance(pytester: pytest.Pytester) -> None:
    """The register is about the stock service; another one either keeps its promise or does not."""
    pytester.makepyfile(WITH_A_WEAKNESS)
    items, _ = pytester.inline_genitems("--chaos-app=mine:app", "--chaos-workload=mine.toml")
    assert [item.name for item in items] == ["test_with_remedy", "test_without_remedy", "test_without_a_service"]
