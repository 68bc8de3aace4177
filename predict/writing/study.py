"""How we write and what our phrases do, as figures of many: no text, no customer, none of us."""

from typing import Any

import polars as pl

from predict.text.words import TEXT
from predict.writing.exchange import CUSTOMER, mails, readable
from predict.writing.jargon import jargon
from predict.writing.phrases import phrases
from predict.writing.style import styles


def studied(frame: pl.DataFrame, *, seed: int) -> dict[str, Any]:
    """Study a frame of exchanges (`predict.writing.exchange`): mails, customers, withheld, styles, jargon, phrases.

    Raises:
        FrameRefused: it is no frame of exchanges.
    """
    messages = readable(frame)
    ours = mails(messages)
    return {
        "mails": ours.height,
        "customers": ours[CUSTOMER].n_unique(),
        "withheld": frame.height - messages.height,
        "styles": styles(ours) if ours.height else [],
        "jargon": jargon(ours, messages.filter(pl.col("direction") == "in").select(CUSTOMER, TEXT, "language")),
        "phrases": phrases(ours, seed=seed),
    }
