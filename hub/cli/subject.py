"""How a data subject is named on the command line, without leaving the name in the shell's history if one minds."""

import sys
from typing import Annotated, Final

import typer

from hub.compose import Hub
from hub.consents import Subject, find_subject
from hub.errors import AccessRefused
from ingest.store.identity import entity_of_record

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
    """Find everybody whom an argument can mean: for acts that restrict, which may reach one person too many.

    Raises:
        SubjectNotFound: nobody carries it.

    """
    return find_subject(hub, given(identifier))


def one_subject_from(hub: Hub, identifier: str) -> Subject:
    """Find the one person whom an argument means: for acts that permit, show or destroy.

    A household shares a telephone, a company an address: neither may speak for several people.

    Raises:
        SubjectNotFound: nobody carries it.
        AccessRefused: several people carry it.

    """
    subject = subject_from(hub, identifier)
    with hub.reading() as session:
        people = {entity_of_record(session, record) for record in subject.records}
    if len(people) > 1:
        remedy = f"{len(people)} people carry it: name the one you mean by SOURCE:KEY or by a record id"
        raise AccessRefused("identifier_is_shared", remedy)
    return subject
