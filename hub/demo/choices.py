"""What each person chose when asked, and which system has heard of it.

A person is asked once, on "my page": about suggestions (`next_need`), an invitation back (`winback`) and reading their
feedback (`satisfaction`). CRM, ERP, support desk and newsletter are told; some records are not (the person was asked
before the record was made, or the link failed), and there it is unknown, which means no.
"""

from typing import Final

import numpy as np
import polars as pl

from hub.demo.chance import flags, stream
from hub.demo.occasions import WINDOW_DAYS

STOPPED: Final = 0.09  # gave both marketing consents and took them back (Art. 7(3))
HEARD: Final = {"crm": 0.92, "erp": 0.88, "support": 0.85, "newsletter": 1.0}
_ASKED: Final = {
    "offers": {"yes": 0.50, "no": 0.14, "": 0.36},
    "winback": {"yes": 0.615, "no": 0.11, "": 0.275},
    "feedback": {"yes": 0.55, "no": 0.15, "": 0.30},
}
_MARKETING: Final = ("offers", "winback")


def choices_of(seed: int, entities: pl.Series) -> pl.DataFrame:
    """Draw what everybody chose.

    Columns: entity, from_day (asked), to_day (marketing stopped; null: not), and offers, winback, feedback: yes, no,
    stopped, or null for no answer. Days count from the start of the window and may lie before it.
    """
    rng = stream(seed, "choices")
    count = len(entities)
    start = rng.uniform(-500, WINDOW_DAYS - 30, count)
    inside = np.maximum(start, 0)
    end = inside + rng.random(count) * (WINDOW_DAYS - 1 - inside)
    stopped = pl.Series(flags(rng, count, STOPPED))
    answers = {
        name: pl.Series(rng.choice(list(shares), size=count, p=list(shares.values())), dtype=pl.String).replace(
            "", None
        )
        for name, shares in _ASKED.items()
    }
    answers |= {name: answers[name].set(stopped, "stopped") for name in _MARKETING}
    return pl.DataFrame(
        {"entity": entities, "from_day": start, "to_day": pl.Series(end).set(~stopped, None), **answers}
    )


def heard_by(seed: int, system: str, choices: pl.DataFrame, records: pl.DataFrame) -> pl.DataFrame:
    """Return what a system knows of the choices, one row per record (`entity, key`): null where it has not heard."""
    rng = stream(seed, f"choices heard by {system}")
    known = records.join(choices, on="entity", how="left", maintain_order="left")
    deaf = ~pl.Series(flags(rng, known.height, HEARD[system]))
    return known.with_columns(known[name].set(deaf, None) for name in _ASKED)
