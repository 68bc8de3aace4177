"""Campaigns whose uplift is known, for the tests of `predict.uplift` and `predict.winback`."""

from datetime import UTC, datetime

import numpy as np
import polars as pl

AS_OF = datetime(2026, 3, 1, tzinfo=UTC)


def campaign(size, *, persuaded=0.3, effect=0.0, seed=0, share=0.5):
    """Draw a campaign: `persuaded` is the uplift of the third with `visits` above zero, `effect` that of everybody.

    `wealth` raises the response with and without contact, so that a response model is led astray by it.
    """
    rng = np.random.default_rng(seed)
    wealth, visits, noise = rng.normal(size=(3, size))
    base = 1 / (1 + np.exp(2.0 - 1.2 * wealth))
    treated = rng.random(size) < share
    chance = np.clip(base + treated * (effect + persuaded * (visits > 0.43)), 0, 1)
    return pl.DataFrame(
        {
            "pseudonym": [number.to_bytes(16, "big") for number in range(size)],
            "wealth": wealth,
            "visits": visits,
            "noise": np.where(rng.random(size) < 0.1, np.nan, noise),
            "treated": treated,
            "responded": rng.random(size) < chance,
        }
    ).with_columns(as_of=pl.lit(AS_OF))
