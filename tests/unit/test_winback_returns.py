"""How likely a return is: with too few for a model, who bought more ranks higher, not who is longest gone."""

from datetime import UTC, datetime

import numpy as np
import polars as pl
import pytest

from predict.module import Brief
from predict.registry import load


def former(size, *, at, seed):
    rng = np.random.default_rng(seed)
    orders = rng.integers(1, 30, size)
    return pl.DataFrame(
        {
            "pseudonym": [number.to_bytes(16, "big") for number in range(size)],
            "days_since_last_activity": (400 - 10 * orders + rng.integers(0, 60, size)).astype(float),
            "orders_1095d": orders,
            "returned": rng.random(size) < orders / 40,
        }
    ).with_columns(as_of=pl.lit(at))


@pytest.mark.parametrize("size", [150, 1200])
def test_whoever_bought_more_before_is_likelier_to_return(size):
    cuts = [datetime(2025, month, 1, tzinfo=UTC) for month in (1, 5, 9)]
    taught = pl.concat(former(size, at=cut, seed=cut.month) for cut in cuts)
    module = load("winback")
    packed = module.train(taught, Brief(horizon_days=90, features=(), seed=0))
    following = former(size, at=datetime(2026, 1, 1, tzinfo=UTC), seed=12).drop("returned")
    scored = module.score(packed, following, capacity=10).join(following, on="pseudonym")
    rising = scored.select(pl.corr("probability", "orders_1095d", method="spearman")).item()
    assert rising > 0.8
