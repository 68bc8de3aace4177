"""A trained model as bytes: JSON with a digest, versioned, without a row of anybody.

It holds coefficients or trees, medians and scales of features, the calibration curve, what the view said of each
feature, the levels that many customers share, the figures measured and the training manifest. Boosting trees are
LightGBM's text (`predict.boosting.text_of`). Tree thresholds lie between values that occurred; they name nobody but
are not published in reports.
"""

import hashlib
import json
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import polars as pl

from predict.boosting import Boosting, opened, text_of
from predict.errors import ArtefactRefused
from predict.feature import Feature, feature_as_mapping, features_of, known_levels
from predict.frames import AS_OF, PSEUDONYM, Matrix, matrix_of
from predict.levels import is_level
from predict.logistic import Logistic, logistic_of
from predict.recalibrate import Curve, curve_of
from predict.rule import Rule, rule_of

FORMAT = "varde-model"
VERSION = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Artefact:
    """A model ready to score, with everything needed to explain, to report and to look after it.

    `profile` says what the customers of the last cut looked like (`predict.drift`), `added` is what a module learned
    beside the probability; both stay out of reports.
    """

    module: str
    model: Logistic | Boosting | Rule
    calibrator: Curve
    features: tuple[Feature, ...]
    horizon_days: int
    figures: dict[str, Any]
    manifest: dict[str, Any]
    profile: dict[str, Any] = field(default_factory=dict)
    added: dict[str, Any] = field(default_factory=dict)

    @property
    def family(self) -> str:
        """Name the kind of model: logistic or boosting; a rule is none."""
        match self.model:
            case Logistic():
                return "logistic"
            case Boosting():
                return "boosting"
            case Rule():
                return "rule"

    def known(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Leave out text that the model never learned from: it is not looked at."""
        mine = {PSEUDONYM, AS_OF, *self.model.names}
        return frame.drop([name for name, dtype in frame.schema.items() if is_level(dtype) and name not in mine])

    def matrix(self, frame: pl.DataFrame) -> Matrix:
        """Lay the model's columns side by side, levels as the codes that it learned.

        Raises:
            FrameRefused: a feature the model was trained on is absent.
        """
        return matrix_of(frame, self.model.names, known_levels(self.features))


def pack_artefact(artefact: Artefact) -> bytes:
    """Write canonical JSON (sorted keys, no spaces) with the SHA-256 of its body."""
    body = {
        "module": artefact.module,
        "family": artefact.family,
        "model": _model_as_mapping(artefact.model),
        "calibrator": artefact.calibrator.as_mapping(),
        "features": [feature_as_mapping(feature) for feature in artefact.features],
        "horizon_days": artefact.horizon_days,
        "figures": artefact.figures,
        "manifest": artefact.manifest,
        "profile": artefact.profile,
        "added": artefact.added,
    }
    digest = hashlib.sha256(_canonical(body)).hexdigest()
    return _canonical({"format": FORMAT, "version": VERSION, "sha256": digest, "body": body})


def unpack_artefact(packed: bytes, *, module: str) -> Artefact:
    """Read an artefact back.

    Raises:
        ArtefactRefused: not ours, another version or module, altered, or with an unexpected type inside.
    """
    body = _body_of(packed)
    if body.get("module") != module:
        raise ArtefactRefused(f"is not a {module} model")
    try:
        return Artefact(
            module=module,
            model=_model_of(body["family"], body["model"]),
            calibrator=curve_of(body["calibrator"]),
            features=features_of([one["name"] for one in body["features"]], body["features"]),
            horizon_days=int(body["horizon_days"]),
            figures=dict(body["figures"]),
            manifest=dict(body["manifest"]),
            profile=dict(body.get("profile") or {}),
            added=dict(body.get("added") or {}),
        )
    except (KeyError, TypeError, ValueError) as exc:
        raise ArtefactRefused("a field is missing or of a wrong kind") from exc


def _body_of(packed: bytes) -> dict[str, Any]:
    try:
        envelope = json.loads(packed)
        body, known = envelope["body"], (envelope["format"], envelope["version"])
        digest = envelope["sha256"]
    except (ValueError, KeyError, TypeError) as exc:
        raise ArtefactRefused("not a model of ours") from exc
    if known != (FORMAT, VERSION):
        raise ArtefactRefused(f"it is of another version ({known[1]!r}, this Varde reads {VERSION}): train it again")
    if not isinstance(body, dict) or hashlib.sha256(_canonical(body)).hexdigest() != digest:
        raise ArtefactRefused("its digest does not match: it was altered; train it again, or restore the file")
    return body


def _model_as_mapping(model: Logistic | Boosting | Rule) -> dict[str, Any]:
    if not isinstance(model, Boosting):
        return model.as_mapping()
    medians = [None if np.isnan(one) else float(one) for one in model.medians]
    return {"names": list(model.names), "medians": medians, "lightgbm": text_of(model.booster)}


def _model_of(family: str, stored: dict[str, Any]) -> Logistic | Boosting | Rule:
    if family == "logistic":
        return logistic_of(stored)
    if family == "rule":
        return rule_of(stored)
    if family != "boosting":
        raise ArtefactRefused(f"unknown family {family!r}")
    medians = np.array([np.nan if one is None else float(one) for one in stored["medians"]])
    return Boosting(tuple(map(str, stored["names"])), medians, opened(str(stored["lightgbm"])))


def _canonical(value: dict[str, Any]) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode("ascii")
