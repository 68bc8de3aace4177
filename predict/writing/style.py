"""How our own mails read: sentences, words, passive voice and officialese, by language and team, with intervals.

Rules kept:
- a team is told, never one of us: teams come from the view, whose author names none of fewer than five people; whoever
  stands under `other`, or under no team, is in the figures of all alone, beside one team at least that is not told;
- of fewer than ten customers nothing is told (`predict.disclosure.tellable_teams` has the rule and its complement);
- a figure is of all mails of a group together; its interval draws customers, not mails (percentile bootstrap,
  `DRAWS` draws), because mails to one customer are alike.
"""

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import polars as pl

from predict.disclosure import LEAST_CUSTOMERS, tellable_teams
from predict.frames import Matrix, Vector
from predict.text.readability import COUNTS, FORMULA, counted, ease, sentences_of, verdict, vienna
from predict.text.words import LANGUAGE
from predict.writing.exchange import CUSTOMER, TEAM
from predict.writing.officialese import known_in

DRAWS: Final = 200
ALL: Final = "all"
_FURTHER: Final = ("passives", "official")
_PASSIVE: Final[Mapping[str, str]] = {
    "nb": r"(?i)\b(?:bli|blir|ble|blitt|vert|vart|verte|vorte)\b(?:\s+\p{L}+){0,2}?\s+\p{L}{2,}(?:et|tt|dd|lt|rt|kt"
    r"|pt|gt|ft|nt|sa|va|te)\b|\b(?:skal|må|kan|bør|vil|kunne|skulle|måtte)\b(?:\s+ikke|\s+ikkje)?\s+\p{L}{2,}(?:es|ast)\b"
    r"|\b(?:behandles|sendes|oversendes|bekreftes|vurderes|gjøres|registreres|avsluttes|utføres|refunderes|faktureres)\b",
    "sv": r"(?i)\b(?:bli|blir|blev|blivit)\b(?:\s+\p{L}+){0,2}?\s+\p{L}{2,}(?:ad|at|ade|da|d|t|en|et|na)\b"
    r"|\b(?:ska|skall|måste|kan|bör|kommer att|får)\b(?:\s+inte)?\s+\p{L}{2,}(?:as|es)\b"
    r"|\b(?:behandlas|skickas|bekräftas|åtgärdas|hanteras|registreras|avslutas|utförs|görs|återbetalas|faktureras)\b",
    "en": r"(?i)\b(?:is|are|was|were|be|been|being)\b(?:\s+(?:not|now|also|being|already|currently))?\s+(?:\p{L}{2,}ed"
    r"|sent|done|made|given|taken|written|paid|found|kept|held|told|shown|seen|known|dealt|brought|put|chosen|lost|met|left)\b",
    "de": r"(?i)\b(?:werde|wird|werden|wurde|wurden|worden)\b[^,;.]*?\s(?:\p{L}*ge\p{L}{2,}t|\p{L}*ge\p{L}{4,}en"
    r"|\p{L}+iert|(?:be|er|ver|zer|ent|emp|über|unter)\p{L}{3,}t)\b|\bwurden?\b[^,;.]*?\s(?:be|er|ver|zer|ent|emp)\p{L}{3,}en\b",
}
"""Looked for in each sentence: auxiliary and participle, and of Norwegian and Swedish the forms in -s
after an auxiliary. German participles in -en without ge- (erhalten) look like infinitives: they count after wurde."""


def styles(mails: pl.DataFrame) -> list[dict[str, Any]]:
    """Tell of each language and team: mails, customers, formula, and the figures with low and high.

    Figures: ease (the formula of `predict.text.readability`), year (German alone), sentence_words, and as shares of
    sentences long and passive, of mails official.
    """
    read = mails.filter(pl.col(LANGUAGE).is_in(list(FORMULA)))  # a text too short to tell has no formula
    found = read.hstack(measured(read))
    teams = tellable_teams(found, [LANGUAGE], TEAM)
    lines = []
    for (language,), here in sorted(found.group_by(LANGUAGE), key=lambda each: str(each[0])):
        if here[CUSTOMER].n_unique() < LEAST_CUSTOMERS:
            continue
        lines.append(_line(here, str(language), ALL))
        named = teams.filter(pl.col(LANGUAGE) == language)[TEAM].sort()
        lines += [_line(here.filter(pl.col(TEAM) == team), str(language), team) for team in named]
    return lines


def measured(mails: pl.DataFrame) -> pl.DataFrame:
    """Count, a row a mail: `COUNTS`, passives (sentences) and official (1 where a listed word stands in it)."""
    sentences = sentences_of(mails)
    written = pl.col(LANGUAGE).replace({"nn": "nb"})
    passive = pl.any_horizontal(
        (written == language) & pl.col("sentence").str.contains(pattern) for language, pattern in _PASSIVE.items()
    )
    of = sentences.group_by("row").agg(passives=passive.sum().cast(pl.Float64))
    every = mails.select(row=pl.int_range(pl.len(), dtype=pl.UInt32))
    passives = every.join(of, on="row", how="left", maintain_order="left")["passives"].fill_null(0.0)
    official = every.select(official=pl.col("row").is_in(known_in(mails)["row"].unique().implode()).cast(pl.Float64))
    return counted(mails).hstack([passives, *official.get_columns()])


def _line(here: pl.DataFrame, language: str, team: str) -> dict[str, Any]:
    summed = here.group_by(CUSTOMER).agg(pl.len().cast(pl.Float64).alias("mails"), pl.col(*COUNTS, *_FURTHER).sum())
    summed = summed.sort(CUSTOMER)
    names = [name for name in summed.columns if name != CUSTOMER]
    drawn = _drawn(summed.select(names).to_numpy())
    told = {"language": language, "team": team, "mails": here.height, "customers": summed.height}
    figures = _figures(dict(zip(names, drawn.T, strict=True)), language)
    return told | {
        "formula": FORMULA[language],
        "verdict": verdict(float(figures["ease"][0]), language),
        **{name: _spanned(values) for name, values in figures.items()},
    }


def _drawn(counts: Matrix) -> Matrix:
    """Sum up counts of customers as they are, and as `DRAWS` samples of as many customers would have them."""
    rng = np.random.default_rng(7)
    size = counts.shape[0]
    weights = rng.multinomial(size, np.full(size, 1 / size), DRAWS).astype(np.float64)
    return np.vstack([counts.sum(axis=0), weights @ counts])


def _figures(counts: Mapping[str, Vector], language: str) -> dict[str, Vector]:
    sentences = np.where(counts["sentences"] > 0, counts["sentences"], np.nan)
    found = {
        "ease": ease(counts, language),
        "sentence_words": counts["words"] / sentences,
        "long": counts["long_sentences"] / sentences,
        "passive": counts["passives"] / sentences,
        "official": counts["official"] / counts["mails"],
    }
    return found | ({"year": vienna(counts)} if language == "de" else {})


def _spanned(values: Vector) -> dict[str, float]:
    low, high = np.nanquantile(values[1:], (0.025, 0.975))
    return {"figure": float(values[0]), "low": float(min(low, values[0])), "high": float(max(high, values[0]))}
