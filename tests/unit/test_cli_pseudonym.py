"""A pseudonym on the command line: 32 hexadecimal digits, and anything else is told as a slip of the one who typed."""

import pytest
import typer

from hub.cli.pseudonym import pseudonym_from


def test_a_pseudonym_is_read_as_scores_write_it() -> None:
    assert pseudonym_from("0f" * 16) == b"\x0f" * 16


@pytest.mark.parametrize("typed", ["", "0123", "0f" * 15, "0f" * 17, "zz" * 16, "kari@example.no"])
def test_what_is_no_pseudonym_is_refused_and_not_repeated(typed: str) -> None:
    with pytest.raises(typer.BadParameter, match="32 hexadecimal digits") as told:
        pseudonym_from(typed)
    assert not typed or typed not in str(told.value)
