"""How often alerts are right and how many critical messages they find: `python -m tests.benchmarks.bench_voice_alerts`.

Five sets: sentences of our own by which the lists were extended, sentences that were written later, further ones by
other words than the lists (by these three the frames were made), messages that were held out, and threads of the
generator (`hub.demo.voices`) into some of which a held out message is put.
Intervals are Wilson's at 95 %.
"""

import argparse
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

import numpy as np
import polars as pl

from hub.demo.lake import lake_of
from hub.demo.lived import Making, live
from hub.demo.planted import NOTHING
from hub.demo.voices import voices_of
from predict.satisfaction.critical import critical_of
from predict.satisfaction.themes import Themes
from tests.critical_sentences import CRITICAL, HARMLESS, HARMLESS_LATER, LATER
from tests.held_out_critical_messages import HELD_OUT, HELD_OUT_HARMLESS
from tests.unseen_critical_sentences import UNSEEN, UNSEEN_HARMLESS

Sentences = Mapping[str, Mapping[str, tuple[str, ...]]]
UNTIL: Final = datetime(2026, 1, 1, tzinfo=UTC)


def sentences(critical: Sentences, harmless: Mapping[str, tuple[str, ...]]) -> pl.DataFrame:
    """Lay sentences out: text, language, kind (null: none)."""
    rows = [(text, language, kind) for kind, by in critical.items() for language, each in by.items() for text in each]
    rows += [(text, language, None) for language, each in harmless.items() for text in each]
    return pl.DataFrame(rows, schema=["text", "language", "kind"], orient="row")


def threads(seed: int, count: int) -> pl.DataFrame:
    """Draw messages of the generator, one in twenty with a critical message of its language put behind it."""
    company = live(Making(seed=seed, people=500, organisations=20, until=UNTIL, planted=NOTHING))
    messages = voices_of(seed, lake_of(company).truth, count, until=UNTIL).messages.filter(pl.col("special").is_null())
    rng, planted = np.random.default_rng(seed), sentences(HELD_OUT, {})
    drawn = messages.with_columns(pick=pl.Series(rng.integers(0, 10_000, messages.height)))
    some = pl.Series(rng.random(messages.height) < 0.05)
    by = planted.with_columns(number=pl.int_range(pl.len()).over("language"), of=pl.len().over("language"))
    sizes = by.select("language", "of").unique()
    met = drawn.filter(some).join(sizes, on="language").with_columns(number=pl.col("pick") % pl.col("of"))
    said = met.join(by.select("language", "number", "kind", said="text"), on=["language", "number"])
    put = said.select(pl.concat_str("text", "said", separator=" "), "language", "kind")
    return pl.concat([put, drawn.filter(~some).select("text", "language", pl.lit(None, pl.String).alias("kind"))])


def told(texts: pl.DataFrame) -> pl.DataFrame:
    """Add which kinds the rules tell: a list, empty where none."""
    asked = texts.with_row_index("message").select(
        pseudonym=pl.lit(b"c"),
        message=pl.col("message").cast(pl.String).cast(pl.Binary),
        text="text",
        language="language",
    )
    found = critical_of(asked, Themes.shipped()).select("message", "kinds")
    kinds = asked.join(found, on="message", how="left", maintain_order="left")["kinds"]
    return texts.with_columns(kinds.fill_null(pl.Series([[]], dtype=pl.List(pl.String))).alias("told"))


def figures(texts: pl.DataFrame) -> dict[str, Any]:
    """Count alerts that are right, alerts, and critical messages: of any kind, and of the very kind."""
    critical, alarmed = pl.col("kind").is_not_null(), pl.col("told").list.len() > 0
    return texts.select(
        critical=critical.sum(),
        alerts=alarmed.sum(),
        right=(critical & alarmed).sum(),
        of_the_kind=pl.col("told").list.contains(pl.col("kind")).sum(),
        harmless=(~critical).sum(),
        false=(alarmed & ~critical).sum(),
    ).row(0, named=True)


def wilson(hits: int, of: int) -> str:
    """Write a share with its interval."""
    if not of:
        return "-"
    z, share = 1.96, hits / of
    middle = (share + z * z / (2 * of)) / (1 + z * z / of)
    half = z * np.sqrt(share * (1 - share) / of + z * z / (4 * of * of)) / (1 + z * z / of)
    return f"{share:.3f} ({middle - half:.3f} to {middle + half:.3f}) of {of}"


def show(name: str, texts: pl.DataFrame) -> None:
    """Print recall, precision and false alarms of a set."""
    found = figures(texts)
    print(f"{name}: recall {wilson(found['right'], found['critical'])}")
    print(f"{name}: of the very kind {wilson(found['of_the_kind'], found['critical'])}")
    print(f"{name}: precision {wilson(found['right'], found['alerts'])}; false {found['false']} of {found['harmless']}")


def main() -> None:
    """Print the figures of both sets."""
    asked = argparse.ArgumentParser()
    asked.add_argument("--seed", type=int, default=7)
    asked.add_argument("--threads", type=int, default=2_000)
    chosen = asked.parse_args()
    show("by which lists were extended", told(sentences(CRITICAL, HARMLESS)))
    show("written later", told(sentences(LATER, HARMLESS_LATER)))
    show("by other words", told(sentences(UNSEEN, UNSEEN_HARMLESS)))
    held_out = told(sentences(HELD_OUT, HELD_OUT_HARMLESS))
    show("held out", held_out)
    for (language,), each in held_out.group_by("language", maintain_order=True):
        show(f"  {language}", each)
    show(f"threads, seed {chosen.seed}", told(threads(chosen.seed, chosen.threads)))


if __name__ == "__main__":
    main()
