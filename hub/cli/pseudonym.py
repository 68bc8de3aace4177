"""How a pseudonym is written on the command line."""

from typing import Final

import typer

_BYTES: Final = 16


def pseudonym_from(text: str) -> bytes:
    """Read a pseudonym; raises BadParameter for what is none."""
    try:
        found = bytes.fromhex(text)
    except ValueError:
        found = b""
    if len(found) != _BYTES:
        raise typer.BadParameter(f"a pseudonym is {2 * _BYTES} hexadecimal digits, as scores give it")
    return found
