"""Options are checked before anything starts; a wrong one names itself, its value, and what is allowed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from fraiseql_chaos.core import SEED_MAX, seconds
from fraiseql_chaos.errors import DeclarationError
from fraiseql_chaos.pytest_plugin.options import OPTIONS, ChaosOptions, short
from fraiseql_chaos.pytest_plugin.session import state_of

pytest_plugins = ["pytester"]

WRONG = {
    "--chaos-seed=tomorrow": f"--chaos-seed=tomorrow: a whole number from 0 to {SEED_MAX}",
    "--chaos-seed=-1": f"--chaos-seed=-1: a whole number from 0 to {SEED_MAX}",
    f"--chaos-seed={SEED_MAX + 1}": f"--chaos-seed={SEED_MAX + 1}: a whole number from 0 to {SEED_MAX}",
    "--chaos-duration=soon": "--chaos-duration=soon: 'soon' is not a duration: write a number at least 0 and its unit, one of us, ms, s, min",
    "--chaos-duration=2h": "--chaos-duration=2h: '2h' is not a duration: write a number at least 0 and its unit, one of us, ms, s, min",
    "--chaos-duration=-5": "--chaos-duration=-5: '-5' is not a duration: write a number at least 0",
    "--chaos-duration=nan": "--chaos-duration=nan: 'nan' is not a duration",
    "--chaos-duration=0": "--chaos-duration=0: a fault that lasts no time cannot bite; give more than 0 seconds",
    "--chaos-duration=0.0000000001s": "--chaos-duration=0.0000000001s: a fault that lasts no time cannot bite",
    "--foreign-baseline": "--foreign-baseline needs --baseline: what is stored or collected here is never foreign",
    "--chaos-postgres=13": "--chaos-postgres=13: one of 14, 15, 16, 17, 18, or a directory that holds postgres and initdb",
    "--chaos-repeat=0": "--chaos-repeat=0: a whole number from 1 to 1000",
    "--chaos-repeat=often": "--chaos-repeat=often: a whole number from 1 to 1000",
    "--chaos-repeat=1001": "--chaos-repeat=1001: a whole number from 1 to 1000",
    "--report=c.html": "--chaos-comparison (in pytest also --report) needs --baseline",
    "--chaos-edge=tunnel": "--chaos-edge=tunnel: one of stream, packets, both",
    "--chaos-mtu=9k": "--chaos-mtu=9k: a whole number of bytes from 1280 (the least that IPv6 allows) to 65535",
    "--chaos-mtu=576": "--chaos-mtu=576: a whole number of bytes from 1280",
    "--chaos-link=wire": "--chaos-link=wire: one of tun, netem",
    "--chaos-server-tls --chaos-dsn=postgresql:///x": "--chaos-server-tls is for a server of ours",
    "--chaos-pcap --chaos-dsn=postgresql:///x": "--chaos-pcap keeps what crosses a packet link, and the server of --chaos-dsn cannot be moved",
    "--chaos-app=mine:app": "--chaos-app and --chaos-workload belong together",
    "--chaos-workload=w.toml": "--chaos-app and --chaos-workload belong together",
    "--chaos-sql=s.sql": "--chaos-sql needs --chaos-app",
    "--chaos-app=mine:app --chaos-workload=w.toml --chaos-sql=s.sql --chaos-dsn=postgresql:///x": "--chaos-sql and --chaos-dsn exclude each other",
    "--chaos-app=mine.app --chaos-workload=w.toml": "--chaos-app=mine.app: write module:attribute, as in myservice.main:app",
}


WITHOUT_PREFIX = {"baseline", "foreign_baseline", "i_own_this_database", "target_python"}
"""Options that are called as the plan calls them, or as what they name is called."""


@pytest.mark.parametrize("arguments", WRONG)
def test_a_wrong_option_is_a_usage_error_that_says_what_is_allowed(pytester: pytest.Pytester, arguments: str) -> None:
    """Nothing is collected, nothing starts, and no folder appears."""
    pytester.makepyfile("def test_never_runs(): raise AssertionError")
    result = pytester.runpytest_inprocess(*arguments.split())
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert WRONG[arguments] in result.stderr.str()
    assert result.stderr.str().strip().endswith("; nothing was run")
    assert not (pytester.path / ".chaos").exists()


@pytest.mark.parametrize(("text", "meant_s"), [("120", 120), ("1.5", 1.5), ("90s", 90), ("2min", 120), ("250ms", 0.25)])
def test_a_duration_is_seconds_or_has_a_unit(text: str, meant_s: float) -> None:
    assert options(**{"--chaos-duration": text}).duration == seconds(meant_s)


def test_without_options_a_seed_is_drawn_and_results_lie_below_the_root() -> None:
    drawn = {options().seed for _ in range(8)}
    assert len(drawn) > 1
    assert all(0 <= seed <= SEED_MAX for seed in drawn)
    assert options().store == Path("/project/.chaos/runs")
    assert options().duration is None


def test_a_seed_that_was_handed_over_wins() -> None:
    """The workers of a run share the one that the controller drew, whatever their own command line says."""
    assert ChaosOptions(given({"--chaos-seed": "5"}), Path("/project"), seed=9).seed == 9


def test_an_absurdly_long_number_is_refused_like_any_other() -> None:
    """Python itself refuses to read a number of 5000 digits, with an error of its own."""
    with pytest.raises(DeclarationError, match="a whole number from 0 to"):
        options(**{"--chaos-seed": "9" * 5000})


def test_every_option_that_changes_a_run_is_in_the_line_that_replays_it(pytester: pytest.Pytester) -> None:
    """All but the seed, which the line always has, and where results are written."""
    config = pytester.parseconfigure()
    try:
        known = {name for name in vars(config.option) if name.startswith("chaos_") or name in WITHOUT_PREFIX}
    finally:
        config._ensure_unconfigure()
    replayed = {option.name.removeprefix("--").replace("-", "_") for option in OPTIONS if option.is_replayed}
    assert known - replayed == {"chaos_seed", "chaos_report", "chaos_json", "chaos_store", "chaos_comparison", "chaos_pcap"}
    assert replayed <= known


def test_the_options_of_a_run_are_read_once(pytester: pytest.Pytester) -> None:
    config = pytester.parseconfigure("--chaos-seed=11", "--chaos-strict", "--chaos-duration=3", "--chaos-store=elsewhere")
    try:
        read = state_of(config).options
    finally:
        config._ensure_unconfigure()
    assert (read.seed, read.strict, read.disarmed, read.duration, read.store) == (11, True, False, seconds(3), Path("elsewhere"))


def test_a_postgresql_is_named_by_its_version_or_by_its_place(tmp_path: Path) -> None:
    assert options(**{"--chaos-postgres": "15"}).postgres == 15
    assert options(**{"--chaos-postgres": str(tmp_path)}).postgres == tmp_path


def test_the_command_takes_every_option_under_a_name_of_its_own() -> None:
    shortened = [short(option.name) for option in OPTIONS]
    assert len(set(shortened)) == len(OPTIONS)
    assert [name for name in shortened if "chaos" in name] == []


def given(values: dict[str, Any]) -> Any:
    """Return what looks options up, as pytest does."""
    flags = {"--chaos-strict": False, "--chaos-disarm": False, "--i-own-this-database": False}
    return lambda name: values.get(name, flags.get(name))


def options(**values: Any) -> ChaosOptions:
    """Return the options of a project at ``/project``."""
    return ChaosOptions(given(values), Path("/project"))
