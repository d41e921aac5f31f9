"""What is wrong with a command line is said before anything starts, in the words in which it was typed."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from fraiseql_chaos.cli.main import main


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def run(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[object, str, str]:
    """Run the command in this process; return its exit status, and what it wrote on both streams."""
    with pytest.raises(SystemExit) as exit_:
        main(["run", *words])
    out, err = capsys.readouterr()
    return exit_.value.code, out, err


LATENCY = "--fault=network_latency,latency_ms=20"

WRONG = {
    "--fault=solar_flare": "unknown failure type 'solar_flare'; allowed are answer_error, bandwidth",
    "--fault=network_latencies,latency_ms=5": "did you mean 'network_latency'?",
    "--fault=network_latency": "option 'latency_ms' is missing",
    "--fault=network_latency,latency_ms": "'latency_ms' is not OPTION=VALUE",
    "--fault=network_latency,latency_ms=fast": "'latency_ms' takes a number of milliseconds, not 'fast'",
    "--fault=network_latency,latency=5": "network_latency has no option 'latency'",
    "--fault=database_unavailable,mode=gently": "gently",
    f"{LATENCY} --from=1": "'1' is not a duration",
    f"{LATENCY} --for=-3s": "'-3s' is not a duration",
    f"{LATENCY} --for -3s": "'-3s' is not a duration",
    f"{LATENCY} --report=/dev/null/x.html": "--report=/dev/null/x.html: its folder cannot be made",
    f"{LATENCY} --dsn=postgresql:///x --sql=s.sql --app=a:b --workload=w.toml": "--sql and --dsn exclude each other",
    "--fault=network_latency,latency_ms=5,latency_ms=6": "'latency_ms' is given twice",
    f"{LATENCY} --rate=often": "--rate=often: a number, requests per second",
    f"{LATENCY} --rate=0": "a rate is a finite number above 0 per second",
    f"{LATENCY} --lasting=3s": "--lasting=3 s: the fault heals at 4 s, and recovery could not be seen",
    f"{LATENCY} --lasting=9s": "could never show that the service had not recovered (--recovers-within); let it last longer than 9 s",
    f"{LATENCY} --for=0s": "a fault's window must end after it begins",
    f"{LATENCY} --service=broken": "--service=broken: one of stock, hardened",
    f"{LATENCY} --availability=95": "at_least=95.0 is no share; write 0.99 for 99 %",
    f"{LATENCY} --availability=most": "--availability=most: a number, a share of all requests, 0 to 1",
    f"{LATENCY} --within-baseline=fast": "--within-baseline=fast: a number, how many times as long",
    f"{LATENCY} --within-baseline=0.5": "--within-baseline=0.5: a factor of at least 1",
    f"{LATENCY} --recovers-within=5": "'5' is not a duration",
    f"{LATENCY} --seed=tomorrow": "--seed=tomorrow: a whole number from 0 to",
    f"{LATENCY} --duration=never": "--duration=never: 'never' is not a duration",
    f"{LATENCY} --postgres=9": "--postgres=9: one of 14, 15, 16, 17, 18",
    f"{LATENCY} --app=mine:app": "--app and --workload belong together",
    f"{LATENCY} tests/chaos": "tests/chaos: tests are chosen from the suite",
    "--duration=-5": "--duration=-5: '-5' is not a duration",
    "--duration -5": "--duration=-5: '-5' is not a duration",
    "--seed=tomorrow": "--seed=tomorrow: a whole number from 0 to",
    "--workload=w.toml": "--app and --workload belong together",
    "--report=/dev/null/x.html": "--report=/dev/null/x.html: its folder cannot be made",
}


@pytest.mark.parametrize("words", WRONG)
def test_a_wrong_word_is_wrong_use_and_nothing_starts(capsys: pytest.CaptureFixture[str], tmp_path: Path, words: str) -> None:
    """The option is named as it was written, without the prefix it has in pytest; and no folder of a run appears."""
    status, _, err = run(capsys, *words.split())
    assert status == 2
    assert WRONG[words] in err
    assert re.search(r"; nothing was \w+\n$", err)
    assert "--chaos-" not in err
    assert list(tmp_path.iterdir()) == []
