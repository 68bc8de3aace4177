"""How we write and what our phrases do, as figures of many: no text, no customer, none of us.

Studies are four weeks apart. How we write is told of fixed stretches of twelve weeks, so that two studies, taken off
each other, tell nothing of the few mails between them. Phrases need more mails than that: they are of all that the
view has, half a year, and their figures are rounded.
"""

from typing import Any, Final

import polars as pl

from predict.disclosure import in_stretch
from predict.text.words import TEXT
from predict.writing.exchange import AGE, CUSTOMER, mails, readable
from predict.writing.jargon import jargon
from predict.writing.phrases import phrases
from predict.writing.style import styles

_TENS: Final = 10


def studied(frame: pl.DataFrame, *, hours_ago: float, seed: int) -> dict[str, Any]:
    """Study a frame of exchanges (`predict.writing.exchange`): mails, customers, withheld, styles, jargon, phrases.

    Args:
        frame: the exchanges.
        hours_ago: how long ago the twelve weeks ended of which all but phrases is told.
        seed: of what chance gives.

    Raises:
        FrameRefused: it is no frame of exchanges.
    """
    messages = readable(frame)
    ours, then = mails(messages), in_stretch(pl.col(AGE), hours_ago)
    lately, wrote = ours.filter(then), messages.filter((pl.col("direction") == "in") & then)
    return {
        "mails": lately.height,
        "customers": lately[CUSTOMER].n_unique(),
        "withheld": frame.filter(then).height - messages.filter(then).height,
        "styles": styles(lately) if lately.height else [],
        "jargon": jargon(lately, wrote.select(CUSTOMER, TEXT, "language")),
        "phrases": _coarse(phrases(ours, seed=seed)),
    }


def _coarse(told: dict[str, Any]) -> dict[str, Any]:
    """Round what is told of half a year: two half-years that begin four weeks apart share most."""
    found = [
        one
        | {name: one[name] // _TENS * _TENS for name in ("mails", "customers")}
        | {"gap": {name: round(value, 2) for name, value in one["gap"].items()}}
        for one in told["found"]
    ]
    return {name: told[name] // _TENS * _TENS for name in ("answered", "asked")} | {"found": found}
