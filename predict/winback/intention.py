"""Everybody in the arm that they were drawn into, whether or not they may still be read: intention to treat.

A letter carries a link to say no by, and who says no, or asks to be erased, is in no frame any more. Letters bring
noes, the hold-out gets none: among those who can still be read the contacted would look better than they are. So who
was drawn and is not to be read counts as not returned, in both arms alike (missing is failure: Higgins, White & Wood,
Clinical Trials 5, 2008, p. 225). They are rows of nobody: no pseudonym and no day of leaving, only the arm.
"""

from dataclasses import dataclass
from datetime import datetime

import polars as pl

from predict.winback.experiment import ARM, CONTACT, HOLD_OUT


@dataclass(frozen=True, slots=True, kw_only=True)
class Unseen:
    """How many who were drawn are not in the frame; of the contacted `written` got letters, for `cost_minor` in all."""

    contact: int = 0
    hold_out: int = 0
    written: int = 0
    cost_minor: int = 0


def by_intention(campaign: pl.DataFrame, unseen: Unseen, *, started_at: datetime) -> pl.DataFrame:
    """Add the rows of nobody to a campaign frame (`predict.winback.kpi`)."""
    contact = max(0, unseen.contact)
    arms = [CONTACT] * contact + [HOLD_OUT] * max(0, unseen.hold_out)
    at = pl.int_range(pl.len())
    rows = pl.DataFrame({ARM: arms}, schema={ARM: pl.String}).with_columns(
        started_at=pl.lit(started_at),
        written=(at < min(unseen.written, contact)),
        responded=pl.lit(value=False),
        cost_minor=pl.when(at == 0).then(unseen.cost_minor if contact else 0).otherwise(0),
        value_minor=pl.lit(0),
    )
    known = [pl.col(name).cast(kind) for name, kind in campaign.schema.items() if name in rows.columns]
    return pl.concat([campaign, rows.select(known)], how="diagonal")


def not_seen(campaign: pl.DataFrame) -> dict[str, int]:
    """Count by arm the rows of nobody."""
    nobody = campaign.filter(pl.col("pseudonym").is_null())
    return {arm: nobody.filter(pl.col(ARM) == arm).height for arm in (CONTACT, HOLD_OUT)}
