"""A file that could not be made is refused before anything is read for it, with why and what to do."""

from pathlib import Path

import pytest
import typer

from hub.cli.outfile import private_file, verify_ending


def test_a_file_that_could_not_be_made_is_refused_early_and_says_why(tmp_path: Path) -> None:
    taken = tmp_path / "report.md"
    taken.write_text("earlier", encoding="utf-8")
    asked = {
        taken: "exists already",
        tmp_path / "nowhere" / "report.md": "no such folder; make it first",
        taken / "report.md": "no such folder",
        tmp_path / "report.pdf": "one of .md, .html",
    }
    for path, why in asked.items():
        with pytest.raises(typer.BadParameter, match=why):
            verify_ending(path, (".md", ".html"))
    verify_ending(None, (".md",))
    verify_ending(tmp_path / "new.md", (".md",))
    assert not (tmp_path / "new.md").exists()


def test_the_file_itself_has_the_last_word(tmp_path: Path) -> None:
    with pytest.raises(typer.BadParameter, match="no such folder"), private_file(tmp_path / "gone" / "report.md"):
        pass
    long = tmp_path / f"{'x' * 300}.md"
    with pytest.raises(typer.BadParameter, match="its folder takes none"), private_file(long):
        pass
