"""The command on a real rig, once; and what is wrong with a command line, before anything starts."""

from __future__ import annotations

from pathlib import Path

import pytest

from fraiseql_chaos.cli.main import main

WRONG = {
    "--repetitions=1": "a baseline takes 2 to 100 repetitions, because one has no variation, not 1",
    "--repetitions=many": "--repetitions=many: a whole number of at least 2",
    "--repetitions=1000": "a baseline takes 2 to 100 repetitions",
    "--service=broken": "--service=broken: one of stock, hardened",
    "--seed=tomorrow": "--seed=tomorrow: a whole number from 0 to",
    "--postgres=9": "--postgres=9: one of 14, 15, 16, 17, 18",
    "--app=mine:app": "--app and --workload belong together",
    "--output=/dev/null/x.json": "--output=/dev/null/x.json: its folder cannot be made",
}


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def run(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[object, str, str]:
    """Run the command in this process; return its exit status, and what it wrote on both streams."""
    with pytest.raises(SystemExit) as exit_:
        main(["baseline", *words])
    out, err = capsys.readouterr()
    return exit_.value.code, out, err


@pytest.mark.parametrize("words", WRONG)
def test_a_wrong_word_is_refused_before_anything_starts(capsys: pytest.CaptureFixture[str], tmp_path: Path, words: str) -> None:
    status, out, err = run(capsys, words)
    assert status == 2
    assert WRONG[words] in err
    assert err.strip().endswith(("nothing was measured", "nothing was run"))
    assert out == ""
    assert list(tmp_path.iterdir()) == []
