"""A page and its copies: made where they are wanted, or refused by name."""

from __future__ import annotations

from pathlib import Path

import pytest

from fraiseql_chaos.errors import DeclarationError, HistoryError
from fraiseql_chaos.reports.publishing import make_room, publish
from sample_run import sample_run


def test_copies_are_made_where_they_are_wanted(tmp_path: Path) -> None:
    """Folders on the way are made."""
    folder = sample_run(tmp_path / "runs")
    page = publish(folder, folder.collect(), html=tmp_path / "a" / "b.html", json=tmp_path / "c" / "d.json")
    assert (tmp_path / "a" / "b.html").read_bytes() == page.read_bytes()
    assert (tmp_path / "c" / "d.json").read_bytes() == (folder.path / "run.json").read_bytes()


def test_a_copy_onto_the_page_itself_is_the_page(tmp_path: Path) -> None:
    folder = sample_run(tmp_path / "runs")
    page = publish(folder, folder.collect(), html=folder.path / "report.html")
    assert page.read_text(encoding="utf-8").rstrip().endswith("</html>")


def test_a_copy_that_cannot_be_written_is_named_and_the_page_is_there(tmp_path: Path) -> None:
    folder = sample_run(tmp_path / "runs")
    (tmp_path / "taken").write_text("a file")
    with pytest.raises(HistoryError, match=r"taken/page\.html cannot be written: .*; the run itself is stored in"):
        publish(folder, folder.collect(), html=tmp_path / "taken" / "page.html")
    assert (folder.path / "report.html").is_file()


def test_room_is_made_before_a_run_or_refused_with_the_option(tmp_path: Path) -> None:
    make_room(None, option="--report")
    make_room(tmp_path / "a" / "b" / "page.html", option="--report")
    assert (tmp_path / "a" / "b").is_dir()
    (tmp_path / "taken").write_text("a file")
    with pytest.raises(DeclarationError, match=r"--report=.*taken/page\.html: its folder cannot be made: .*; nothing was run"):
        make_room(tmp_path / "taken" / "page.html", option="--report")
