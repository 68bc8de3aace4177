"""What uplift is learnt from: customers of whom a drawn part was contacted, and who of all of them responded.

A *trial frame* is a scoring frame (`predict.frames`) with two more Boolean columns without nulls, `treated` (was
contacted) and `responded` (did what was hoped for, within the time agreed on beforehand). Uplift is the difference
that contacting makes, so both arms must have been *drawn*: where the contacted were chosen, the difference between
those chosen and the rest would pass for an effect. `imbalance` looks for that.
"""

from dataclasses import dataclass

import numpy as np
import polars as pl
from scipy import stats

from predict.errors import FrameRefused, TooFewCustomers
from predict.frames import Columns, Matrix, Vector, check_scoring, feature_names, matrix_of, ordered, tells_apart
from predict.preparation import fit_preparation

TREATED = "treated"
RESPONDED = "responded"
MIN_ARM = 200  # customers in each arm
MIN_RESPONSES = 30  # responders in each arm, and as many who do not respond: fewer order nobody
RARELY_DRAWN = 0.001  # a difference between the arms that chance makes less often than this was no chance


@dataclass(frozen=True, slots=True)
class Trial:
    """Raw features (NaN: not known), who was contacted and who responded, as 1.0 and 0.0, row by row."""

    raw: Matrix
    names: tuple[str, ...]
    treated: Vector
    responded: Vector

    @property
    def share(self) -> float:
        """Give the share of customers who were contacted."""
        return float(self.treated.mean())

    def rows(self, chosen: np.ndarray[tuple[int], np.dtype[np.int64]]) -> "Trial":
        """Give the trial of some of its customers."""
        return Trial(self.raw[chosen], self.names, self.treated[chosen], self.responded[chosen])

    def arm(self, treated: float) -> tuple[Matrix, Vector]:
        """Give features and responses of one arm: 1.0 the contacted, 0.0 the others."""
        chosen = self.treated == treated
        return self.raw[chosen], self.responded[chosen]


def trial_of(frame: pl.DataFrame) -> Trial:
    """Read a trial frame of any row order; features that tell nobody apart are left out.

    Raises:
        FrameRefused: the frame does not keep its contract.
        TooFewCustomers: an arm is too small, or too few of one outcome stand in it.
    """
    for name in (TREATED, RESPONDED):
        if name not in frame.columns or frame.schema[name] != pl.Boolean or frame[name].null_count():
            raise FrameRefused(name, "is not Boolean without nulls", f"the trial frame needs {name} for every customer")
    check_scoring(frame.drop(TREATED, RESPONDED))
    rows = ordered(frame)
    names = tuple(name for name in feature_names(rows) if name not in {TREATED, RESPONDED})
    raw = matrix_of(rows, names)
    kept = tells_apart(raw)
    if not kept.any():
        raise FrameRefused("*", "no feature column tells customers apart", "add features to the view")
    treated, responded = (rows[name].cast(pl.Float64).to_numpy() for name in (TREATED, RESPONDED))
    named = tuple(name for name, telling in zip(names, kept, strict=True) if telling)
    trial = Trial(np.asfortranarray(raw[:, kept]), named, treated, responded)
    _require(trial)
    return trial


def imbalance(trial: Trial) -> float:
    """Give the chance of arms as unlike as these, or more, if the contacted had been drawn.

    Omnibus test of the standardised differences of all features at once (Hansen & Bowers, Statistical Science 23,
    2008, eq. 9): n_t n_c / n * d' S^+ d is chi-squared with as many degrees of freedom as S has rank.
    """
    prepared = fit_preparation(trial.raw, Columns(trial.names)).apply(trial.raw)
    contacted = trial.treated == 1
    difference = prepared[contacted].mean(axis=0) - prepared[~contacted].mean(axis=0)
    spread = np.atleast_2d(np.cov(prepared, rowvar=False))
    count = float(contacted.sum())
    size = count * (trial.treated.size - count) / trial.treated.size
    statistic = size * float(difference @ np.linalg.pinv(spread, hermitian=True) @ difference)
    return float(stats.chi2.sf(statistic, int(np.linalg.matrix_rank(spread, hermitian=True))))


def _require(trial: Trial) -> None:
    for treated, who in ((1.0, "contacted customers"), (0.0, "customers kept out of the contact")):
        responded = trial.arm(treated)[1]
        if responded.size < MIN_ARM:
            advice = "draw a larger hold-out, or wait for more campaigns"
            raise TooFewCustomers(have=responded.size, need=MIN_ARM, of_what=who, advice=advice)
        rarer = int(min(responded.sum(), responded.size - responded.sum()))
        if rarer < MIN_RESPONSES:
            advice = "wait longer for responses, or count an earlier step, such as a visit"
            of_what = f"{who} of the rarer outcome"
            raise TooFewCustomers(have=rarer, need=MIN_RESPONSES, of_what=of_what, advice=advice)
