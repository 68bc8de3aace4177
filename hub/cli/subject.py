"""How a data subject is named on the command line, without leaving the name in the shell's history if one minds."""

import sys
from typing import Annotated, Final

import typer

from hub.compose import Hub
from hub.consents import Subject, find_subject

_STDIN: Final = "-"

Identifier = Annotated[
    str,
    typer.Argument(
        metavar="IDENTIFIER",
        help="email:ADDRESS, phone:NUMBER, SOURCE:KEY or a record id; - reads it from standard input, which keeps it "
        "out of the shell's history and the process list.",
    ),
]


def given(word: str) -> str:
    """Return the word, or the first line of standard input where it is `-`."""
    if word != _STDIN:
        return word
    line = sys.stdin.readline().strip()
    if not line:
        raise typer.BadParameter("standard input is empty: write one line with what - stands for")
    return line


def subject_from(hub: Hub, identifier: str) -> Subject:
    """Find whom an argument means.

    Raises:
        SubjectNotFound: nobody carries it.

    """
    return find_subject(hub, given(identifier))
