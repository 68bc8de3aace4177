"""Histogram gradient boosting, the challenger that must be clearly better to be kept.

Settings are fixed and cautious (shallow trees, large leaves, slow learning): they were not searched on any set.
Stored as skops bytes and opened only if every type in them is one we expect: never pickle.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import skops.io
from sklearn.ensemble import HistGradientBoostingClassifier

from predict.calibrate import logit
from predict.errors import ArtefactRefused
from predict.frames import Matrix, Vector
from predict.threads import few_threads

TRUSTED = frozenset({"sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor"})


@dataclass(frozen=True, slots=True)
class Boosting:
    """A fitted ensemble with the names and medians of its raw columns."""

    names: tuple[str, ...]
    medians: Vector
    model: Any

    def log_odds(self, raw: Matrix) -> Vector:
        """Give raw (uncalibrated) log-odds."""
        with few_threads(raw):
            return logit(np.asarray(self.model.predict_proba(raw)[:, 1], dtype=np.float64))

    def contributions(self, raw: Matrix, groups: tuple[tuple[int, ...], ...]) -> Matrix:
        """Approximate each group's part: log-odds minus those with the group set to the reference customer.

        One-at-a-time ablation: cheap and signed, but parts of features that act together do not add up exactly.
        """
        full = self.log_odds(raw)
        parts = np.empty((raw.shape[0], len(groups)), dtype=np.float64)
        for position, group in enumerate(groups):  # one batched prediction per group
            changed = raw.copy()
            changed[:, list(group)] = self.medians[list(group)]
            parts[:, position] = full - self.log_odds(changed)
        return parts


def fit_boosting(raw: Matrix, outcome: Vector, names: tuple[str, ...], *, seed: int) -> Boosting:
    """Fit the ensemble; missing values are handled by the trees themselves.

    A column without any value is taught as zeros: it splits nothing, and without it scikit-learn finds no bin edges.
    """
    known = ~np.isnan(raw).all(axis=0)
    model = HistGradientBoostingClassifier(
        learning_rate=0.05,
        max_iter=100,
        max_leaf_nodes=8,
        min_samples_leaf=min(100, max(20, outcome.size // 50)),
        l2_regularization=10.0,
        early_stopping=False,
        random_state=seed,
    )
    with few_threads(raw):
        model.fit(np.where(known, raw, 0.0), outcome)
    medians = np.full(raw.shape[1], np.nan)
    medians[known] = np.nanmedian(raw[:, known], axis=0)
    return Boosting(names, medians, model)


def pack(model: Any) -> bytes:  # noqa: ANN401 - an estimator of scikit-learn, which has no types
    """Write an estimator as skops bytes."""
    return bytes(skops.io.dumps(model))


def unpack(packed: bytes) -> Any:  # noqa: ANN401 - an estimator of scikit-learn, which has no types
    """Open skops bytes if nothing but expected types is inside.

    Raises:
        ArtefactRefused: a type that is neither skops' default nor on `TRUSTED`, or bytes that are no model.
    """
    try:
        strangers = set(skops.io.get_untrusted_types(data=packed)) - TRUSTED
    except Exception as exc:  # whatever a hostile archive provokes is a refusal
        raise ArtefactRefused("not a skops archive") from exc
    if strangers:
        raise ArtefactRefused(f"unexpected types {sorted(strangers)}")
    model = skops.io.loads(packed, trusted=sorted(TRUSTED))
    if not isinstance(model, HistGradientBoostingClassifier):
        raise ArtefactRefused("not a histogram gradient boosting model")
    return model
