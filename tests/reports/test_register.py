"""The weakness register is read strictly: a slip of the pen in it would excuse anything."""

from __future__ import annotations

from pathlib import Path

import pytest

from fraiseql_chaos.errors import DeclarationError
from fraiseql_chaos.reports.record import Weakness
from fraiseql_chaos.reports.register import read_register


def _register(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "weaknesses.toml"
    path.write_text(text)
    return path


def test_an_entry_is_read_with_what_it_excuses_and_all_that_it_says(tmp_path: Path) -> None:
    text = (
        '[W-1]\nseen = "It hangs."\nviolates = ["no_hang", "recovers_within"]\naffects = "1.9.16"\nremedy = "A timeout."\n'
        'evidence = "test_it: 7 of 7"\ncause = "fraiseql/a.py:3 `wait()`"\n'
    )
    expected = Weakness(
        id="W-1",
        seen="It hangs.",
        violates=("no_hang", "recovers_within"),
        affects="1.9.16",
        remedy="A timeout.",
        evidence="test_it: 7 of 7",
        cause="fraiseql/a.py:3 `wait()`",
    )
    assert read_register(_register(tmp_path, text)) == {"W-1": expected}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("W-1 = 3", r"W-1 is not a table; an entry is \[W-1\]"),
        ("[W-1]\nseen = ''\nviolates = ['no_crash']", "W-1.seen is missing"),
        ("[W-1]\nseen = 'x'\nremedies = 'y'", "W-1.remedies: allowed are affects, cause"),
        ("[W-1]\nseen = 3", "W-1.seen: allowed are"),
        ("[W-1]\nseen = 'x'", "W-1.violates: a list of at least one of all_of, any_of, availability, .*, and not None"),
        ("[W-1]\nseen = 'x'\nviolates = []", r"W-1.violates: .* and not \[\]"),
        ("[W-1]\nseen = 'x'\nviolates = ['everything']", "W-1.violates: .*'everything'"),
        ("[W-1", "cannot be read as a weakness register"),
    ],
)
def test_an_entry_that_is_none_is_named_with_file_and_field(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(DeclarationError, match=said) as refusal:
        read_register(_register(tmp_path, text))
    assert "weaknesses.toml" in str(refusal.value)
    assert "nothing was run" in str(refusal.value)


def test_a_register_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(DeclarationError, match="cannot be read as a weakness register"):
        read_register(tmp_path / "none.toml")
