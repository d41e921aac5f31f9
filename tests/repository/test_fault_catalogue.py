"""The catalogue of faults says what their own files say."""

from __future__ import annotations

import runpy
from pathlib import Path

from fraiseql_chaos.experiment.catalogue import FAULTS

ROOT = Path(__file__).parents[2]


def test_the_catalogue_is_the_one_that_the_code_writes() -> None:
    """If it is not, run ``python scripts/fault_catalogue.py``."""
    written = runpy.run_path(str(ROOT / "scripts" / "fault_catalogue.py"))["catalogue"]()
    assert (ROOT / "docs" / "faults.md").read_text(encoding="utf-8") == written


def test_every_fault_tells_its_story_and_its_witnesses() -> None:
    document = (ROOT / "docs" / "faults.md").read_text(encoding="utf-8")
    told = {section.partition("\n")[0]: section for section in document.split("\n## ")[1:]}
    assert told.keys() == {fault.kind for fault in FAULTS}
    assert [kind for kind, section in told.items() if "*Witnesses:* " not in section or len(section) < 400] == []
