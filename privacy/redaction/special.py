"""Special categories (GDPR Art. 9(1)) and offences (Art. 10): find the texts that speak of them.

A word list by stems: recall before precision, because a text that is kept out of a model costs a row, and one let in
by mistake cannot be taken back. It answers yes or no for a text; which category, which word and where are not
computed, so nobody can keep them. It reads redacted text: the name "Christian" and the address "Kirkeveien 4" are
placeholders by then and withhold nothing.
"""

from functools import cache
from importlib.resources import files
from typing import Final

import polars as pl

from privacy.redaction.folding import folded

_LETTER: Final = r"[^\p{L}\p{M}\p{N}]"


def speaks_of_special_categories(text: pl.Expr) -> pl.Expr:
    """Return whether a text mentions health, belief, politics, union, sexual life, origin or offences (Boolean)."""
    stems, whole = _patterns()
    # Spaces at both ends let one pattern see the edges: \b in Unicode mode would leave the fast engine.
    padded = pl.concat_str(pl.lit(" "), text.str.to_lowercase(), pl.lit(" "))
    return padded.str.contains(stems) | padded.str.contains(whole)


@cache
def special_words() -> frozenset[str]:
    """Return the folded single words of the list: "Krebs" is a name only beside another name."""
    return frozenset(folded(entry.rstrip("*")) for entry in _entries() if " " not in entry)


def tells_of_special_categories(words: str) -> bool:
    """Say whether folded words are in the list or begin as one of its stems: "Hautfarbe" alone is nobody's name."""
    whole, stems = _folded_entries()
    return words in whole or words.startswith(stems)


@cache
def _folded_entries() -> tuple[frozenset[str], tuple[str, ...]]:
    """Return whole entries and stems, folded."""
    entries = _entries()
    stems = tuple(sorted(folded(entry.rstrip("*")) for entry in entries if entry.endswith("*")))
    return frozenset(folded(entry) for entry in entries if not entry.endswith("*")), stems


@cache
def _patterns() -> tuple[str, str]:
    """Return the pattern of stems (any ending) and that of whole words and phrases."""
    entries = _entries()
    stems = sorted(entry.rstrip("*") for entry in entries if entry.endswith("*"))
    whole = sorted(entry for entry in entries if not entry.endswith("*"))
    return f"{_LETTER}(?:{_alternatives(stems)})", f"{_LETTER}(?:{_alternatives(whole)}){_LETTER}"


def _entries() -> set[str]:
    text = files("privacy.redaction").joinpath("special_categories.txt").read_text("utf-8")
    return {line.strip() for line in text.splitlines() if line.strip() and not line.startswith("#")}


def _alternatives(entries: list[str]) -> str:
    return "|".join(entry.replace(".", r"\.").replace(" ", r"\s+") for entry in entries)
