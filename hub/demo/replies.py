"""What the desk answers to cases, and what customers write back.

Planted: the team `billing` writes like an office, the others do not; after the phrase `better` customers are friendly
more often, after `worse` they are annoyed more often. `sorry` goes to whoever is annoyed and does nothing by itself:
who is annoyed stays so more often than not. Everything else is chance. Without the plant both phrases do nothing.
"""

from collections.abc import Mapping
from importlib.resources import files
from typing import Any, Final

import numpy as np
import polars as pl

from hub.demo.chance import Floats, flags, stream
from hub.demo.pools import LANGUAGES
from hub.demo.tickets import TONES, sentences
from privacy.plain_yaml import load_yaml

OFFICIAL: Final = "billing"
ANSWERED: Final = 0.7  # of our mails
_PHRASED: Final = 0.25  # of our mails hold the phrase that helps, and as many the one that does not
_SORRY: Final = 0.7  # of those who were annoyed
_CALM: Final = (0.30, 0.45, 0.20, 0.05)  # friendly, neutral, annoyed, formal
_ANNOYED: Final = (0.10, 0.30, 0.50, 0.10)
_BETTER: Final = (0.60, 0.30, 0.05, 0.05)
_WORSE: Final = (0.05, 0.20, 0.65, 0.10)
_DRAWN: Final = {"pick": 2, "plain": 3, "filler": 4, "wrote": 2}
_KEPT: Final = ("case", "requester", "channel", "lang", "team", "product", "step", "agent")


def replies_of(seed: int, cases: pl.DataFrame, *, planted: float) -> pl.DataFrame:
    """Draw an answer to each case, and to seven in ten of these what the customer writes back.

    Args:
        seed: of the stream.
        cases: case, requester, at, channel, lang, category, tone, team, product, step, agent.
        planted: share of the phrases' effect, 0 (placebo) to 1.

    Returns: number, case, requester, sent, direction, channel, lang, team, product, step, agent, text; in the order of
    the cases.
    """
    rng = stream(seed, "support replies")
    count = cases.height
    drawn = {name: rng.integers(0, size, count) for name, size in _DRAWN.items()}
    phrase = rng.choice(3, count, p=[_PHRASED, _PHRASED, 1 - 2 * _PHRASED])
    frame = cases.with_columns(**{name: pl.Series(values) for name, values in drawn.items()}, phrase=pl.Series(phrase))
    frame = frame.join(_words(), left_on="lang", right_on="language", how="left", maintain_order="left")
    frame = frame.with_columns(
        sorry=pl.when((pl.col("tone") == "annoyed") & pl.Series(flags(rng, count, _SORRY))).then("sorry_said"),
        waits=pl.Series(rng.integers(30, 2880, count)),
        later=pl.Series(rng.integers(60, 4320, count)),
        writes=pl.Series(flags(rng, count, ANSWERED)),
        feels=pl.Series(_felt(rng, frame, planted), dtype=pl.String),
    )
    frame = frame.with_columns(sent=pl.col("at") + pl.duration(minutes="waits"))
    ours = frame.select(*_KEPT, "sent", direction=pl.lit("out"), text=_answer())
    return pl.concat([ours, _written_back(frame)]).with_row_index("number").with_columns(pl.col("number") + 1)


def _felt(rng: np.random.Generator, frame: pl.DataFrame, planted: float) -> list[str]:
    """Draw how the customer writes back: by how they wrote before, and by the phrase where it is planted."""
    annoyed = (frame["tone"] == "annoyed").to_numpy()[:, None]
    shares: Floats = np.where(annoyed, np.array(_ANNOYED), np.array(_CALM))
    works = flags(rng, frame.height, planted)
    for place, effect in enumerate((_BETTER, _WORSE)):
        told = ((frame["phrase"] == place).to_numpy() & works)[:, None]
        shares = np.where(told, np.array(effect), shares)
    which = (rng.random(frame.height)[:, None] > shares.cumsum(axis=1)).sum(axis=1)
    names = ("friendly", "neutral", "annoyed", "formal")
    return [names[each] for each in np.minimum(which, len(TONES) - 1)]


def _answer() -> pl.Expr:
    """Compose the answer: greeting, matter, what is said besides, farewell."""
    office = pl.col("team") == OFFICIAL
    matter = (
        pl.when(office).then(pl.col("office").list.get(pl.col("pick"))).otherwise(pl.col("plains").list.get("plain"))
    )
    phrase = pl.when(pl.col("phrase") == 0).then("better").when(pl.col("phrase") == 1).then("worse")
    said = (
        pl.col("hello").list.get(pl.col("pick")),
        pl.col("sorry"),
        matter,
        phrase,
        pl.col("fillers").list.get("filler"),
        pl.col("bye").list.get(pl.col("pick")),
    )
    return pl.concat_str(*said, separator=" ", ignore_nulls=True)


def _written_back(frame: pl.DataFrame) -> pl.DataFrame:
    """Compose what customers write back: a sentence of their category and how they feel by now."""
    said, around = sentences()
    said = said.rename({"language": "lang", "tone": "feels", "pick": "wrote"})
    back = frame.filter("writes").drop("hello", "bye")
    back = back.join(said, on=["lang", "category", "feels", "wrote"], how="left", maintain_order="left")
    greeting = around.rename({"language": "lang", "pick": "wrote"}).select("lang", "wrote", "hello")
    back = back.join(greeting, on=["lang", "wrote"], how="left", maintain_order="left")
    sent = pl.col("sent") + pl.duration(minutes=pl.col("later"))
    return back.select(*_KEPT, sent, direction=pl.lit("in"), text=pl.concat_str("hello", pl.lit(" "), "sentence"))


def _words() -> pl.DataFrame:
    """Read what the desk says, a row a language."""
    text = files("hub.demo").joinpath("texts/replies.yaml").read_text(encoding="utf-8")
    words: Mapping[str, Any] = load_yaml(text)
    named = {"plain": "plains", "filler": "fillers", "sorry": "sorry_said"}
    rows = [
        {"language": each, **{named.get(name, name): said for name, said in words[each].items()}}
        for each in LANGUAGES.values()
    ]
    return pl.DataFrame(rows)
