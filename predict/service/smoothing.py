"""Exponential smoothing with a weekly season by statsforecast, which is there with the extra `forecast`."""

from importlib.util import find_spec
from typing import Final

import numpy as np

from predict.frames import Vector
from predict.service.calendar import holiday_factors
from predict.service.past import Past

ABSENT: Final = "statsforecast is not installed (extra `forecast`): the calendar alone was tried"
_WEEK: Final = 7


def is_there() -> bool:
    """Say whether statsforecast can be imported, without the seconds that it takes."""
    return find_spec("statsforecast") is not None


def smoothed_means(past: Past, ahead: int) -> Vector:
    """Give the mean of each day of the past and of `ahead` days after it.

    Counts are freed from what holidays do before they are smoothed, and get it back afterwards.
    """
    from statsforecast.models import AutoETS  # noqa: PLC0415 - an extra, and seconds to import

    factors = holiday_factors(past, ahead)
    if not past.counts.any():
        return np.zeros(past.height + ahead)
    model = AutoETS(season_length=_WEEK)
    model.fit(past.counts / np.maximum(factors[: past.height], 0.05))
    means = [model.predict_in_sample()["fitted"], *([model.predict(h=ahead)["mean"]] if ahead else [])]
    return np.asarray(np.maximum(np.concatenate(means), 0.0) * factors, dtype=np.float64)
