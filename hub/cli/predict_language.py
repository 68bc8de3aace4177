"""The option by which a command of predictions is told which language to write in."""

from typing import Annotated, Final

import typer

from predict.feature import LANGUAGES

DEFAULT: Final = "en"


def known(language: str) -> str:
    """Return a language that there are words in.

    Raises:
        BadParameter: there are none.

    """
    if language not in LANGUAGES:
        raise typer.BadParameter(f"there are words in {', '.join(LANGUAGES)}; choose one of them")
    return language


LanguageOption = Annotated[
    str, typer.Option("--language", "--lang", callback=known, help=f"Of the words: {', '.join(LANGUAGES)}.")
]
