"""A model: how often each level is seen among records of one person, of two, and of two who look alike. No values.

Read and written as JSON of a stated format. It holds shares and counts only, nothing of a record; how rare a value
is, is counted in the records at hand each time they are scored.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from math import log2
from typing import Any, Final

import numpy as np

from ingest.errors import SpecInvalid
from ingest.match.calibration import Curve
from ingest.match.candidates import LARGEST_BLOCK
from ingest.match.keys import Alone
from ingest.match.kinds import COMPARABLE
from ingest.match.spec import Shares, Spec

_FORMAT: Final = 1
_DIGITS: Final = 8
_LEAST_SHARE: Final = 1e-9


@dataclass(frozen=True)
class LookAlike:
    """A confounder as learned: its share of all pairs, and the shares of levels in the comparisons that it has."""

    name: str
    share: float
    levels: Mapping[str, Shares]
    by_frequency: bool


@dataclass(frozen=True)
class Model:
    """What training learned for the comparisons that the records have.

    `match_share` is the share of all pairs of records that are of one person. `curve` and `threshold` are what the
    clusters of the training records taught; without them a resolution learns its own. `alone` says with how many
    carriers at most a key makes pairs by itself, of those that find next to nobody where more share them (see `alone`).
    """

    kind: str
    spec_version: int
    records: int
    match_share: float
    m: Mapping[str, Shares]
    u: Mapping[str, Shares]
    look_alikes: tuple[LookAlike, ...]
    curve: Curve | None = None
    threshold: float | None = None
    alone: Alone = field(default_factory=dict)

    @property
    def names(self) -> list[str]:
        """Comparisons that it knows, in order."""
        return list(self.m)

    @property
    def prior(self) -> float:
        """Log2 odds that any two records are one person before anything was compared."""
        others = self.match_share + sum(each.share for each in self.look_alikes)
        return log2(self.match_share / (1 - others))

    def weights(self, name: str) -> list[float]:
        """Match weights of a comparison's levels, from "otherwise" upwards: log2(m/u)."""
        return [float(weight) for weight in np.log2(self.m[name] / self.u[name])]


def written(model: Model, report: Mapping[str, Any]) -> str:
    """Write a model and its training report as JSON: the same model as the same bytes."""
    document = {
        "format": _FORMAT,
        "form": COMPARABLE[model.kind].version,
        "kind": model.kind,
        "spec_version": model.spec_version,
        "records": model.records,
        "match_share": model.match_share,
        "comparisons": {name: {"m": _plain(model.m[name]), "u": _plain(model.u[name])} for name in model.names},
        "look_alikes": [
            {
                "name": each.name,
                "share": each.share,
                "by_frequency": each.by_frequency,
                "levels": {name: _plain(shares) for name, shares in each.levels.items()},
            }
            for each in model.look_alikes
        ],
        "curve": None if model.curve is None else [list(model.curve.weights), list(model.curve.probabilities)],
        "threshold": model.threshold,
        "report": report,
    } | ({"alone": dict(model.alone)} if model.alone else {})
    return json.dumps(document, indent=2, sort_keys=True) + "\n"


def read(text: str, spec: Spec) -> Model:
    """Read a model that was trained with this spec.

    Raises:
        SpecInvalid: it is no model of this format, form and spec, or its shares do not fit the spec's levels.

    """
    try:
        document = json.loads(text)
        stamp = tuple(document[name] for name in ("format", "form", "kind", "spec_version"))
        model = _read(document)
    except (ValueError, KeyError, TypeError) as error:
        raise SpecInvalid("model", "this is no model") from error
    if model.kind != spec.kind:
        raise SpecInvalid("model", f"it is not of the kind {spec.kind}; --kind says which kind is meant")
    if stamp != (_FORMAT, COMPARABLE[spec.kind].version, spec.kind, spec.version):
        raise SpecInvalid("model", "it was trained for another format, form or spec")
    sizes = {comparison.name: comparison.size for comparison in spec.comparisons}
    shares = [*model.m.items(), *model.u.items(), *(item for each in model.look_alikes for item in each.levels.items())]
    if any(sizes.get(name) != levels.size or (levels < _LEAST_SHARE).any() for name, levels in shares):
        raise SpecInvalid("model", "its levels are not those of the spec")
    return model


def _read(document: Mapping[str, Any]) -> Model:
    return Model(
        kind=document["kind"],
        spec_version=document["spec_version"],
        records=document["records"],
        match_share=float(document["match_share"]),
        m={name: np.array(each["m"], dtype=np.float64) for name, each in document["comparisons"].items()},
        u={name: np.array(each["u"], dtype=np.float64) for name, each in document["comparisons"].items()},
        look_alikes=tuple(
            LookAlike(
                each["name"],
                float(each["share"]),
                {name: np.array(shares, dtype=np.float64) for name, shares in each["levels"].items()},
                each["by_frequency"],
            )
            for each in document["look_alikes"]
        ),
        curve=None if document["curve"] is None else Curve(*map(tuple, document["curve"])),
        threshold=document["threshold"],
        alone=_alone(document),
    )


def _alone(document: Mapping[str, Any]) -> dict[str, int]:
    """Read what keys are worth alone; a model of before names those that find nobody however few share them.

    Raises:
        ValueError: a number of carriers is none of a block.

    """
    said = document.get("alone", {})
    if any(type(most) is not int or not 0 <= most <= LARGEST_BLOCK for most in said.values()):
        raise ValueError
    return {**dict.fromkeys(document.get("weak", ()), 0), **said}


def _plain(shares: Shares) -> list[float]:
    return [max(round(float(share), _DIGITS + 4), _LEAST_SHARE) for share in shares]
