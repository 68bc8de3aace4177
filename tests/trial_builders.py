"""Campaigns whose uplift is known, for the tests of `predict.uplift` and `predict.winback`."""

from datetime import UTC, datetime

import numpy as np
import polars as pl

AS_OF = datetime(2026, 3, 1, tzinfo=UTC)


def campaign(  # noqa: PLR0913 - each number is a fact of the campaign
    size, *, persuaded=0.3, effect=0.0, seed=0, share=0.5, usual=-2.0
):
    """Draw a campaign: `persuaded` is the uplift of the third with `visits` above zero, `effect` that of everybody.

    `wealth` raises the response with and without contact, so that a response model is led astray by it; `usual` is the
    log-odds of responding unasked.
    """
    rng = np.random.default_rng(seed)
    wealth, visits, noise = rng.normal(size=(3, size))
    base = 1 / (1 + np.exp(-usual - 1.2 * wealth))
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


def leavers(size, *, seed=0):
    """Draw customers who left for a planted reason, which `stated` names; their features follow it, with exceptions."""
    rng = np.random.default_rng(seed)
    reasons = np.array(["price_sensitive", "service_frustrated", "feature_seeking", "drifting", "lured_away"])
    stated = reasons[rng.integers(0, reasons.size, size)]

    def when(reason, usual, otherwise):
        """Nine in ten of those with the reason show it."""
        return np.where((stated == reason) & (rng.random(size) < 0.9), usual, otherwise).astype(float)

    return pl.DataFrame(
        {
            "pseudonym": [number.to_bytes(16, "big") for number in range(size)],
            "tickets_1095d": when("service_frustrated", 4 + rng.poisson(3, size), rng.poisson(1, size)),
            "escalations_1095d": when("service_frustrated", 1 + rng.poisson(1, size), 0),
            "ticket_hours_1095d": when("service_frustrated", 100, 20 + rng.exponential(10, size)),
            "downgrades_1095d": when("price_sensitive", 1, 0),
            "discount_share_1095d": when("price_sensitive", 0.6, 0.3 * rng.random(size)),
            "feature_requests": when("feature_seeking", 2, 0),
            "features_1095d": when("feature_seeking", 12, 3 + rng.poisson(1, size)),
            "competitor_mentions": when("lured_away", 1, 0),
            "activity_change_before_leaving": when("drifting", -0.8, when("lured_away", 0.0, -0.3)),
            "stated": stated,
        }
    ).with_columns(as_of=pl.lit(AS_OF))
