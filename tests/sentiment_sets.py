"""Sets that sentiment is measured on: corpora with classes, and our own short texts in five languages.

Frames have text, language and class (0 negative, 1 neutral, 2 positive). Test parts of the corpora are not here.
"""

import csv
import json
from pathlib import Path
from typing import Final

import numpy as np
import polars as pl

from predict.satisfaction.sentiment import CLASSES
from tests.redaction_sets import CORPORA

_VECTORS: Final = Path(__file__).parent / "vectors" / "satisfaction"
_SIGNS: Final = {"-": 0.0, "0": 1.0, "+": 2.0}


def short_texts(name: str = "short_texts") -> pl.DataFrame:
    """Our own: `short_texts` by those who wrote the lists, `unseen_short_texts` that no list was mended by."""
    lines = (_VECTORS / f"{name}.txt").read_text(encoding="utf-8").splitlines()
    rows = [line.split(" | ", 2) for line in lines if line and not line.startswith("#")]
    frame = pl.DataFrame(rows, schema=["language", "sign", "text"], orient="row")
    return frame.with_columns(pl.col("sign").replace_strict(_SIGNS).alias("class"))


def norec(part: str, corpora: Path = CORPORA) -> pl.DataFrame:
    """Norwegian reviews, three classes: `train` or `dev`."""
    told = json.loads((corpora / "norec_sentence" / f"3class_{part}.json").read_text(encoding="utf-8"))
    return _frame([(each["text"], each["label"].lower()) for each in told], "nb")


def airline(corpora: Path = CORPORA) -> pl.DataFrame:
    """English tweets to airlines, three classes."""
    with (corpora / "twitter_us_airline" / "Tweets.csv").open(encoding="utf-8", errors="replace", newline="") as file:
        return _frame([(row["text"], row["airline_sentiment"]) for row in csv.DictReader(file)], "en")


def stances(corpora: Path = CORPORA) -> pl.DataFrame:
    """Swedish opinions on immigration, the clear ones of the dev part: stance, not what a customer feels."""
    with (corpora / "superlim_absabank_imm" / "absabank-imm_dev.tsv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    told = [(row["text"], float(row["label"])) for row in rows]
    clear = [(text, "negative" if label <= 2 else "positive") for text, label in told if not 2 < label < 4]
    return _frame(clear, "sv")


def held_out(frame: pl.DataFrame, *, share: float, seed: int) -> pl.Series:
    """Draw a share of each class."""
    rng = np.random.default_rng(seed)
    place = pl.col("drawn").rank("ordinal").over("class")
    drawn = frame.with_columns(drawn=pl.Series(rng.random(frame.height)))
    return drawn.select(place <= share * pl.len().over("class")).to_series()


def _frame(rows: list[tuple[str, str]], language: str) -> pl.DataFrame:
    frame = pl.DataFrame(rows, schema=["text", "name"], orient="row")
    numbers = {name: float(place) for place, name in enumerate(CLASSES)}
    return frame.select(
        "text", pl.lit(language).alias("language"), pl.col("name").replace_strict(numbers).alias("class")
    )
