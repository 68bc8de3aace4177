"""What a text is about by our lists: its category with a default priority, what is critical, and what it mentions.

Rules kept:
- categories, words and priorities are data: `themes.txt` is shipped, `Themes` may be made of a company's own lines;
- a text is of the category of which most words stand in it; ties go to the higher priority; none: `other`;
- critical (a threat to leave, safety, law) is looked for in every text, whatever else it says and however politely
  (`predict.satisfaction.threats`);
- a competitor's name that a company lists is a mention like any other word, and is told by name;
- how the price is seen is dear or fair, by our phrases for both; a text with as many of each is dear (`not worth`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Self

import polars as pl

from predict.errors import RuleRefused
from predict.satisfaction.threats import CRITICAL, threats
from predict.text.lexicon import Numbers, Phrases, matches, phrases_of, read_list
from predict.text.words import words_of

PRIORITIES: Final = ("low_medium", "medium", "medium_high", "high")
"""Lowest first; `predict.satisfaction.urgency` weighs them 1 to 4."""
OTHER: Final = "other"
MENTIONS: Final = ("price", "competitor", "request")
PRICES: Final = ("dear", "fair")
KINDS: Final = ("category", "critical", "unless", "mention", "price")
_COLUMNS: Final = 5  # a head and four languages


@dataclass(frozen=True, slots=True)
class Theme:
    """One line: its kind, its name, its priority (`-`: none) and its words by language."""

    kind: str
    name: str
    priority: str
    words: tuple[str, ...]

    def __post_init__(self) -> None:
        """Insist on a known kind, and on a priority where a category needs one."""
        if self.kind not in KINDS or len(self.words) != _COLUMNS - 1:
            raise RuleRefused(self.name, "has an unknown kind or not four languages", f"kinds: {', '.join(KINDS)}")
        if self.kind == "category" and self.priority not in PRIORITIES:
            raise RuleRefused(self.name, "has no known priority", f"one of {', '.join(PRIORITIES)}")

    @property
    def phrases(self) -> Phrases:
        """Lay the words out for looking up."""
        return phrases_of([(0, list(self.words))])


@dataclass(frozen=True, slots=True)
class Themes:
    """All lines of a company; `competitors` are names that it watches for."""

    lines: tuple[Theme, ...]
    competitors: tuple[str, ...] = ()

    @classmethod
    def shipped(cls) -> Self:
        """Read what comes with this version."""
        return cls(tuple(_theme(line) for line in read_list("themes.txt", "predict.satisfaction")))

    @property
    def categories(self) -> Mapping[str, str]:
        """Tell the priority of each category."""
        return {line.name: line.priority for line in self.lines if line.kind == "category"}

    def as_mapping(self) -> dict[str, Any]:
        """Give plain JSON values; `themes_of` reads them back."""
        lines = [[each.kind, each.name, each.priority, *each.words] for each in self.lines]
        return {"lines": lines, "competitors": list(self.competitors)}


def themes_of(stored: Mapping[str, Any]) -> Themes:
    """Read themes back from their JSON values.

    Raises:
        RuleRefused: a line has an unknown kind or priority.
    """
    lines = tuple(Theme(kind, name, priority, tuple(words)) for kind, name, priority, *words in stored["lines"])
    return Themes(lines, tuple(stored.get("competitors", ())))


def told_themes(texts: pl.DataFrame, themes: Themes) -> pl.DataFrame:
    """Say of texts (columns text, language): category, priority, critical_* and mentions_* (Boolean).

    Besides: competitor (the first of the company's list that is named, or null) and price_seen (dear, fair or null).
    """
    words = words_of(texts)
    counts = {
        (line.kind, line.name): _counted(words, matches(words, line.phrases)[0], texts.height)
        for line in themes.lines
        if line.kind not in {"critical", "unless"}
    }
    found = threats(words, themes.lines, themes.competitors)
    for name in CRITICAL:
        counts["critical", name] = _in_rows(found.filter(pl.col("kind") == name)["row"], texts.height)
    if themes.competitors:
        rivals = _counted(words, matches(words, _named(themes.competitors))[0], texts.height)
        counts["mention", "competitor"] = counts.get(("mention", "competitor"), 0 * rivals) + rivals
    known = sorted(themes.categories.items(), key=lambda each: -PRIORITIES.index(each[1]))
    frame = pl.DataFrame(
        {name: counts["category", name] for name, _ in known} or {"": pl.zeros(texts.height, eager=True)}
    )
    return frame.select(
        _first_of_most([name for name, _ in known]),
        *(_flag(counts, "critical", name) for name in CRITICAL),
        *(_flag(counts, "mention", name) for name in MENTIONS),
        _price_seen(counts, texts.height),
        _competitor(words, themes.competitors, texts.height),
    ).with_columns(
        priority=pl.col("category").replace_strict(dict(known), default=PRIORITIES[0], return_dtype=pl.String)
    )


def _named(competitors: Sequence[str]) -> Phrases:
    """Lay names out for looking up, the same in all languages; entries are their places in the list."""
    return phrases_of([(place, [name] * (_COLUMNS - 1)) for place, name in enumerate(competitors)])


def _competitor(words: pl.DataFrame, competitors: Sequence[str], texts: int) -> pl.Series:
    """Name the competitor of each text."""
    entry, _ = matches(words, _named(competitors))
    hits = (
        words.select("row", entry=pl.Series(entry))
        .filter(pl.col("entry") >= 0)
        .group_by("row")
        .agg(pl.col("entry").min())
    )
    every = pl.DataFrame({"row": pl.int_range(texts, dtype=pl.UInt32, eager=True)})
    place = every.join(hits, on="row", how="left", maintain_order="left")["entry"]
    names = dict(enumerate(competitors))
    return place.replace_strict(names, default=None, return_dtype=pl.String).alias("competitor")


def _price_seen(counts: Mapping[tuple[str, str], pl.Series], texts: int) -> pl.Series:
    """Say how the price is seen: dear wins a tie."""
    nothing = pl.zeros(texts, dtype=pl.Int64, eager=True)
    dear, fair = (counts.get(("price", name), nothing) for name in PRICES)
    told = pl.DataFrame({"dear": dear, "fair": fair}).select(
        price_seen=pl.when((pl.col("dear") > 0) & (pl.col("dear") >= pl.col("fair")))
        .then(pl.lit("dear"))
        .when(pl.col("fair") > 0)
        .then(pl.lit("fair"))
    )
    return told["price_seen"]


def _first_of_most(names: Sequence[str]) -> pl.Expr:
    most = pl.max_horizontal(*names) if names else pl.lit(0)
    said = pl.coalesce(
        *(pl.when((pl.col(name) == most) & (most > 0)).then(pl.lit(name)) for name in names), pl.lit(OTHER)
    )
    return said.alias("category")


def _flag(counts: Mapping[tuple[str, str], pl.Series], kind: str, name: str) -> pl.Series:
    prefix = "critical" if kind == "critical" else "mentions"
    some = counts.get((kind, name))
    count = next(iter(counts.values())).len()
    found = pl.repeat(value=False, n=count, eager=True) if some is None else some > 0
    return found.alias(f"{prefix}_{name}")


def _counted(words: pl.DataFrame, entry: Numbers, texts: int) -> pl.Series:
    """Count the entries in each text."""
    return _in_rows(words.filter(pl.Series(entry >= 0))["row"], texts)


def _in_rows(rows: pl.Series, texts: int) -> pl.Series:
    """Count how often each text is named."""
    hits = rows.value_counts()
    every = pl.DataFrame({"row": pl.int_range(texts, dtype=pl.UInt32, eager=True)})
    return every.join(hits, on="row", how="left", maintain_order="left")["count"].fill_null(0).cast(pl.Int64)


def _theme(line: list[str]) -> Theme:
    kind, name, priority = line[0].split()
    return Theme(kind, name, priority, tuple(line[1:]))
