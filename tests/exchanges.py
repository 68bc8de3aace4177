"""Made-up threads: a customer asks, we answer, and the customer may write back (`hub.demo.replies`)."""

from datetime import UTC, datetime
from typing import Final

import numpy as np
import polars as pl

from hub.demo.replies import replies_of
from hub.demo.tickets import CATEGORIES, TEAMS, TONES, sentences

ASKED: Final = datetime(2026, 1, 1, tzinfo=UTC)
READ: Final = datetime(2026, 2, 1, tzinfo=UTC)
_MOODS: Final = (0.3, 0.4, 0.25, 0.05)


def exchanges(seed: int, cases: int, *, planted: float, languages: tuple[str, ...] = ("nb", "sv")) -> pl.DataFrame:
    """Draw a frame as the study reads it: pseudonym, thread, direction, text, language, team, age_hours."""
    rng = np.random.default_rng(seed)
    asked = pl.DataFrame(
        {
            "case": np.arange(cases),
            "requester": rng.integers(0, max(1, cases // 5), cases),
            "channel": ["email"] * cases,
            "lang": rng.choice(languages, cases),
            "category": rng.choice(CATEGORIES, cases),
            "tone": rng.choice(TONES, cases, p=_MOODS),
            "team": rng.choice(list(TEAMS), cases),
            "product": ["mobile"] * cases,
            "step": ["order"] * cases,
            "agent": ["somebody"] * cases,
            "at": [ASKED] * cases,
            "pick": rng.integers(0, 2, cases),
        }
    )
    said, _ = sentences()
    first = asked.join(said.rename({"language": "lang"}), on=["lang", "category", "tone", "pick"])
    kept = ["case", "requester", "lang", "team", "sent", "direction", "text"]
    first = first.with_columns(sent="at", direction=pl.lit("in"), text="sentence").select(kept)
    every = pl.concat([first, replies_of(seed, asked, planted=planted).select(kept)])
    named = {"pseudonym": "requester", "thread": "case"}
    return every.select(
        **{name: pl.col(column).cast(pl.String).cast(pl.Binary) for name, column in named.items()},
        direction="direction",
        text="text",
        language="lang",
        team="team",
        age_hours=(READ - pl.col("sent")).dt.total_minutes() / 60,
    )
