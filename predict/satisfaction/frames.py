"""What somebody intends or what has happened, told by groups of words that stand together in one sentence.

A list knows "cancel the contract" as it is written; a frame knows that something that ends and something that binds
stand near each other, in any order and inflection ("den Vertrag möchte ich gerne beenden", "oppheving av avtalen").

Rules kept:
- all groups of a frame stand in one sentence, within so many words; a dot behind a number ends none ("until the 15.");
- a negation that reaches the first group takes the frame away, unless the frame asks for one (group `not`: "we will not
  renew");
- a sentence that says the contrary ("no plans to") takes away what the lists found as well (`never`); one with a word
  of the groups that must not stand there ("cancel the meeting") tells nothing by that frame;
- the company's own competitors are the group `rival`;
- told is which of *our* patterns met, never a word of the text.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final

import polars as pl

from predict.satisfaction.groups import LANGUAGES, Group, grouped, patterns_of
from predict.text.feeling import reached
from predict.text.lexicon import Flags, read_list

NOT: Final = "not"
RIVAL: Final = "rival"
_ENDS: Final = (".", ";", "!", "?", "...")


@dataclass(frozen=True, slots=True)
class Frame:
    """Groups that must stand within `span` words, the first the one that may be negated, and groups that must not."""

    kind: str
    span: int
    needs: tuple[str, ...]
    without: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Denial:
    """A group that takes everything of a kind away from its sentence, told by a list or by a frame."""

    kind: str
    group: str


@dataclass(frozen=True, slots=True)
class Heard:
    """Which groups stand where: `hits` with place, row, group, shown, sentence, negated; `sentence` of each word."""

    hits: pl.DataFrame
    sentence: pl.Series


@cache
def shipped_frames() -> tuple[tuple[Frame, ...], tuple[Denial, ...], tuple[Group, ...]]:
    """Read the frames, denials and groups that come with this version."""
    frames, denials, groups = [], [], []
    for head, *columns in read_list("frames.txt", "predict.satisfaction"):
        what, name, *more = head.split()
        if what == "group":
            groups.append(Group(name, tuple(columns), everywhere=more == ["!"]))
        elif what == "never":
            denials.append(Denial(name, columns[0]))
        else:
            needs, without = (tuple(each.strip() for each in part.split("+") if each.strip()) for part in columns)
            frames.append(Frame(name, int(more[0]), needs, without))
    return tuple(frames), tuple(denials), tuple(groups)


@cache
def _patterns(rivals: tuple[str, ...]) -> pl.DataFrame:
    *_, groups = shipped_frames()
    return patterns_of([*groups, Group(RIVAL, (", ".join(rivals),) + ("",) * (len(LANGUAGES) - 1), everywhere=True)])


def hear(words: pl.DataFrame, negation: Flags, rivals: Sequence[str] = ()) -> Heard:
    """Find every group in words (`predict.text.words.words_of`).

    Args:
        words: the words of all texts.
        negation: which of them negate (`predict.satisfaction.standing.negating`).
        rivals: names of competitors.
    """
    ordinal = pl.col("word").shift(1).str.contains(r"^\d+$").fill_null(value=False)
    ends = pl.col("word").is_in(list(_ENDS)) & ~((pl.col("word") == ".") & ordinal)
    fresh = (pl.col("row") != pl.col("row").shift(1)).fill_null(value=True)
    marked = words.select(
        "row",
        place=pl.int_range(pl.len(), dtype=pl.UInt32),
        sentence=(ends | fresh).cum_sum(),
        negates=pl.Series(negation),
        negated=pl.Series(reached(words, negation)),
    )
    nots = marked.filter("negates").select("place", "row", group=pl.lit(NOT), shown=pl.lit(NOT))
    told = pl.concat([grouped(words, _patterns(tuple(rivals))), nots])
    hits = told.join(marked.select("place", "sentence", "negated"), on="place", how="left", maintain_order="left")
    return Heard(hits, marked["sentence"])


def denied(heard: Heard, kind: str) -> Flags:
    """Say of each word whether its sentence says that a kind is not meant."""
    groups = [each.group for each in shipped_frames()[1] if each.kind == kind]
    sentences = heard.hits.filter(pl.col("group").is_in(groups))["sentence"].unique()
    return heard.sentence.is_in(sentences.implode()).to_numpy()


def framed(heard: Heard) -> pl.DataFrame:
    """Find the frames: columns row, place (of the first group), word (our patterns) and kind; each once a text."""
    return pl.concat([_met(heard.hits, frame) for frame in shipped_frames()[0]])


def _met(hits: pl.DataFrame, frame: Frame) -> pl.DataFrame:
    """Find one frame: row, kind, word, place."""
    first, *others = frame.needs
    here = ["row", "sentence"]
    met = hits.filter(pl.col("group") == first)
    if NOT not in frame.needs:
        met = met.filter(~pl.col("negated"))
    met = met.select(*here, "place", low="place", high="place", word="shown")
    for group in others:
        more = hits.filter(pl.col("group") == group).select(*here, "shown", other="place")
        met = (
            near(met, more, span=frame.span)
            .filter((pl.col("other") < pl.col("low")) | (pl.col("other") > pl.col("high")) | _between())
            .with_columns(
                low=pl.min_horizontal("low", "other"),
                high=pl.max_horizontal("high", "other"),
                word=pl.concat_str("word", "shown", separator=" + "),
            )
            .filter(pl.col("high") - pl.col("low") <= frame.span)
            .drop("shown", "other")
        )
    barred = hits.filter(pl.col("group").is_in(frame.without)).select(here).unique()
    met = met.join(barred, on=here, how="anti")
    met = met.unique("row", keep="first", maintain_order=True)
    return met.select("row", "place", "word", kind=pl.lit(frame.kind))


def near(met: pl.DataFrame, more: pl.DataFrame, *, span: int) -> pl.DataFrame:
    """Join what a sentence has of a further group (`other`) to what was met, if it is not much further than `span`.

    By stretches of words, and not by sentences: somebody writes ten thousand words without a dot, and the pairs of such
    a sentence would take the memory of the process, and with it everybody's alerts. Pairs are of one stretch or two
    that touch, so that none within the span is missing.
    """
    stretch = (pl.col("place").cast(pl.Int64) // (span + 1)).alias("stretch")
    beside = more.with_columns(place=pl.col("other")).with_columns(stretch).drop("place")
    around = pl.concat([beside.with_columns(pl.col("stretch") + step) for step in (-1, 0, 1)]).sort("other")
    on = ["row", "sentence", "stretch"]
    return met.with_columns(stretch).join(around, on=on, how="inner", maintain_order="left_right").drop("stretch")


def _between() -> pl.Expr:
    """Say of a further word that it lies inside what is there already, and is none of its ends."""
    return (pl.col("other") > pl.col("low")) & (pl.col("other") < pl.col("high"))
