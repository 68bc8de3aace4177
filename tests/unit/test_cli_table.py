"""Tables on a terminal: what cannot be printed is a question mark, and a blank between thousands is none."""

import pytest

from hub.cli.table import Format, Table, show


def test_blanks_between_thousands_are_blanks_and_controls_are_question_marks(
    capsys: pytest.CaptureFixture[str],
) -> None:
    show(Table(("said",), [("5\N{NO-BREAK SPACE}000 and 1\N{NARROW NO-BREAK SPACE}000\x1b[2J",)]), Format.TABLE)
    assert "5 000 and 1 000?[2J" in capsys.readouterr().out
