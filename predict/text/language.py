"""Which of the five languages a text is written in, where its source does not say.

`py3langid` (BSD, a naive Bayes model in its package) tells Bokmål, Nynorsk, Swedish, Danish, English and German apart;
it is asked about these alone. Danish is read as Bokmål: its words are the nearest that we know.
"""

from functools import cache
from typing import Final

import polars as pl
from py3langid.langid import LanguageIdentifier  # type: ignore[import-untyped]  # has no stubs

from predict.text.words import LANGUAGE, LANGUAGES, TEXT

_ASKED: Final = ("da", "de", "en", "nb", "nn", "no", "sv")
_OURS: Final = {"no": "nb", "da": "nb"}
_SHORTEST: Final = 12  # characters: less says nothing
_ENOUGH: Final = 400  # characters: the beginning tells


@cache
def _identifier() -> LanguageIdentifier:
    identifier = LanguageIdentifier.from_model_file("data/model.npz.xz")
    identifier.set_languages([each for each in _ASKED if each in identifier.nb_classes])
    return identifier


def with_language(texts: pl.DataFrame) -> pl.DataFrame:
    """Name the language of texts (columns text, language): as their source says, else as they read.

    `no` is read as Bokmål where nothing tells it from Nynorsk; a text too short to tell is null. Asked once per
    distinct text.
    """
    said = pl.col(LANGUAGE).str.to_lowercase().str.slice(0, 2).replace(_OURS)
    known = texts.with_columns(pl.when(said.is_in(LANGUAGES)).then(said).alias(LANGUAGE))
    unknown = known.filter(pl.col(LANGUAGE).is_null() & (pl.col(TEXT).str.len_chars() >= _SHORTEST))
    beginnings = unknown.select(TEXT, start=pl.col(TEXT).str.head(_ENOUGH))["start"].unique(maintain_order=True)
    if beginnings.is_empty():
        return known
    ask = _identifier().classify
    read = [str(ask(text)[0]) for text in beginnings]  # a model of a foreign library: one text at a time
    told = pl.DataFrame({"start": beginnings, "read": pl.Series(read, dtype=pl.String).replace(_OURS)})
    joined = known.with_columns(start=pl.col(TEXT).str.head(_ENOUGH)).join(
        told, on="start", how="left", maintain_order="left"
    )
    return joined.with_columns(pl.coalesce(LANGUAGE, "read").alias(LANGUAGE)).drop("start", "read")
