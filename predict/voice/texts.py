"""Which texts of customers are unhappy, what about and where: the rows in which causes are looked for.

Rules kept:
- a text is unhappy if blame is likeliest in it (`predict.satisfaction.sentiment`); what was withheld is left out;
- its topic is the category by our themes and the company's own, else the topic that training discovered;
- texts are compared with texts of the same topic and language: words of some topics sound unhappier whatever
  happened, and each language is judged by its own words (ADR 0112);
- no text, and no word of one but the names of topics, is in what comes out.
"""

from typing import Any, Final

import polars as pl

from predict.causes.place import AT, CUSTOMER, UNHAPPY
from predict.disclosure import tellable
from predict.satisfaction.hearing import Ear
from predict.satisfaction.sentiment import judged
from predict.satisfaction.themes import OTHER, told_themes
from predict.satisfaction.topics import NO_TOPIC, topic_of
from predict.text.language import with_language
from predict.text.words import LANGUAGE, TEXT

TOPIC: Final = "topic"
WHERE: Final = (TOPIC, "product", "step", "team", "channel")
LIKES: Final = (TOPIC, LANGUAGE)
_TENS: Final = 10


def felt(frame: pl.DataFrame, ear: Ear) -> pl.DataFrame:
    """Hear texts: pseudonym, at, unhappy, language and those of `WHERE` that the frame has.

    Args:
        frame: pseudonym, at, text (null: withheld), and where the view has them language, product, step, team, channel.
        ear: what to hear with.
    """
    known = frame if LANGUAGE in frame.columns else frame.with_columns(pl.lit(None, dtype=pl.String).alias(LANGUAGE))
    texts = with_language(known.filter(pl.col(TEXT).str.strip_chars().str.len_chars() > 0))
    names = {each.number: each.name for each in ear.topics}
    discovered = topic_of(texts, ear.topics).replace(NO_TOPIC, None)
    named = discovered.replace_strict(names, default=None, return_dtype=pl.String).fill_null(OTHER)
    category = told_themes(texts, ear.themes)["category"]
    topic = category.zip_with(category != OTHER, named)
    unhappy = judged(ear.sentiment, texts)["level"] < 0
    kept = [name for name in (CUSTOMER, AT, LANGUAGE, *WHERE) if name in texts.columns and name != TOPIC]
    return texts.select(kept).with_columns(topic.alias(TOPIC), unhappy.alias(UNHAPPY))


def moods(texts: pl.DataFrame) -> list[dict[str, Any]]:
    """Tell of each topic how many texts of how many customers there are, and which share is unhappy, the most first.

    Of ten customers and more, the complement kept too (`predict.disclosure.tellable`); rounded as proposals are, for
    half-years that begin four weeks apart share most.
    """
    here = texts.with_columns(by=pl.lit("all"))
    of_topic = here.group_by(TOPIC).agg(
        texts=pl.len().cast(pl.Int64) // _TENS * _TENS,
        customers=pl.col(CUSTOMER).n_unique().cast(pl.Int64) // _TENS * _TENS,
        unhappy=pl.col(UNHAPPY).mean().round(2),
    )
    told = of_topic.join(tellable(here, ["by"], TOPIC), on=TOPIC, how="semi")
    return told.sort("texts", TOPIC, descending=[True, False]).to_dicts()
