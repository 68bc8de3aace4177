"""Sets that redaction is measured on: corpora with people marked, and our own sentences in five languages."""

import hashlib
import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

CORPORA: Final = Path(
    os.environ.get("VARDE_CORPORA", Path(__file__).resolve().parents[2] / "shared" / "data" / "predict")
)
_VECTORS: Final = Path(__file__).parent / "vectors" / "redaction"
Gold = tuple[str, list[tuple[int, int]]]
Named = tuple[str, list[tuple[int, int, str]]]  # a sentence, and its names as start, end and kind
Marked = tuple[str, str, bool]  # a word, the kind of name it is part of or "", whether the name begins here


class SpecialSentence(NamedTuple):
    """One sentence of the own set for Art. 9 and 10: `category` is "none" where it speaks of neither."""

    language: str
    category: str
    text: str
    part: str


def special_sentences() -> list[SpecialSentence]:
    """Return the own set; which half a sentence belongs to is the parity of its digest, fixed before any look."""
    return [
        SpecialSentence(path.stem, category, text, "held_out" if is_held_out(text) else "development")
        for path in sorted((_VECTORS / "special").glob("*.tsv"))
        for category, text in (line.split("\t") for line in path.read_text("utf-8").splitlines())
    ]


def is_held_out(text: str) -> bool:
    return hashlib.sha256(text.encode()).digest()[0] % 2 == 1


def named_people(path: Path) -> Iterator[Gold]:
    """Yield each sentence of a corpus as text and the places of its people."""
    for text, names in all_named(path):
        yield text, [(start, end) for start, end, kind in names if kind == "PER"]


def all_named(path: Path) -> Iterator[Named]:
    """Yield each sentence of a corpus as text and the places of all its names."""
    yield from map(joined, marked_words(path))


def marked_words(path: Path) -> Iterator[list[Marked]]:
    """Yield the sentences of a corpus word by word: CoNLL-U with `name=B-PER`, or a word and its kind a line."""
    reader = _conllu if path.suffix == ".conllu" else _columns
    yield from filter(None, map(reader, re.split(r"\n\s*\n", path.read_text("utf-8").replace("\u00ad", ""))))


def joined(words: list[Marked]) -> Named:
    """Return a sentence as text, and its names as start, end and kind."""
    text, names = "", list[tuple[int, int, str]]()
    for word, kind, begins in words:
        text += " " if text and word not in set(",.;:!?)") else ""
        if kind and begins:
            names.append((len(text), len(text) + len(word), kind))
        elif kind and names:
            names[-1] = (names[-1][0], len(text) + len(word), kind)
        text += word
    return text, names


def _conllu(block: str) -> list[Marked]:
    rows = [line.split("\t") for line in block.splitlines() if line[:1].isdigit()]
    tags = [re.search(r"name=([BI])-(\w+)", row[9]) for row in rows]
    return [(row[1], tag[2] if tag else "", bool(tag and tag[1] == "B")) for row, tag in zip(rows, tags, strict=True)]


def _columns(block: str) -> list[Marked]:
    rows = [row for row in map(str.split, block.splitlines()) if len(row) > 1]
    kinds = [row[-1] if row[-1] in {"PER", "LOC", "ORG", "MISC"} else "" for row in rows]
    before = ["", *kinds]
    return [(row[0], kind, kind != last) for row, kind, last in zip(rows, kinds, before, strict=False)]


def german_cased(path: Path) -> Iterator[Named]:
    """Yield sentences of a CoNLL-U corpus with each noun in a capital, as German writes them, and all their names."""
    for block in path.read_text("utf-8").split("\n\n"):
        rows = [line.split("\t") for line in block.splitlines() if line[:1].isdigit()]
        nouns = [row[3] == "NOUN" for row in rows]
        words = [
            (word[0].upper() + word[1:] if noun else word, kind, begins)
            for (word, kind, begins), noun in zip(_conllu(block), nouns, strict=True)
        ]
        text, names = joined(words)
        if text:
            yield text, names


def presidio_people(corpora: Path) -> list[Gold]:
    """Return the English requests of presidio-research with the places of their people."""
    rows = json.loads((corpora / "presidio_research" / "generated_small.json").read_text("utf-8"))
    return [
        (
            row["full_text"],
            [
                (each["start_position"], each["end_position"])
                for each in row["spans"]
                if each["entity_type"] == "PERSON"
            ],
        )
        for row in rows
    ]


def name_templates() -> list[tuple[str, str]]:
    """Return our own sentences as language and template; `is_held_out` says which half is never learned from."""
    return [
        (path.stem, line)
        for path in sorted((_VECTORS / "names").glob("*.txt"))
        for line in path.read_text("utf-8").splitlines()
    ]
