"""What the view says about a feature column: its words, its unit and the part it plays.

Four roles are special to churn: RECENCY (time since the last sign of life), RHYTHM (the customer's own usual gap),
OVERDUE (the one divided by the other) and TENURE (time since the first; the gap is made from it). They say one thing
together and are explained together: their coefficients are entangled, only the sum of their contributions has a
meaning a person can check. LEVEL says that the column holds names of a kind instead of figures (`predict.levels`).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from predict.levels import Levels

LANGUAGES = ("nb", "nn", "sv", "en", "de")
FALLBACKS: Mapping[str, tuple[str, ...]] = {"nn": ("nb",), "nb": ("nn",)}
RHYTHM_GROUP = "rhythm"
ALONE = frozenset({"plain", "level"})
RECENCY_DEFAULTS = (
    "days_since_last_activity",
    "days_since_last_order",
    "days_since_last_login",
    "recency_days",
)


class Role(StrEnum):
    """The part a feature plays in explanations and baselines."""

    PLAIN = "plain"
    RECENCY = "recency"
    RHYTHM = "rhythm"
    OVERDUE = "overdue"
    TENURE = "tenure"
    LEVEL = "level"


class Unit(StrEnum):
    """How a value is shown to people; money is in minor units of one currency."""

    NUMBER = "number"
    COUNT = "count"
    DAYS = "days"
    AMOUNT_MINOR = "amount_minor"
    RATIO = "ratio"
    FLAG = "flag"


@dataclass(frozen=True, slots=True, kw_only=True)
class Feature:
    """One feature column as the view describes it.

    `activity` is the verb of the RECENCY sentence: "order", "login", "service" or "any". `levels` are those that a
    trained model knows, in the order of their codes; empty for numbers and before training.
    """

    name: str
    role: Role = Role.PLAIN
    unit: Unit = Unit.NUMBER
    labels: Mapping[str, str] = field(default_factory=dict)
    activity: str = "any"
    levels: Levels = ()

    @property
    def group(self) -> str:
        """The name under which contributions are summed: entangled roles share one."""
        return self.name if self.role.value in ALONE else RHYTHM_GROUP

    def label(self, language: str) -> str:
        """Name the feature in a language, else in a neighbouring one, English, or its column name."""
        for candidate in (language, *FALLBACKS.get(language, ()), "en"):
            if candidate in self.labels:
                return self.labels[candidate]
        return self.name.replace("_", " ")


def features_of(names: Iterable[str], described: Iterable[Mapping[str, Any]]) -> tuple[Feature, ...]:
    """Match column names with what the view says of them, in name order; an unknown column is PLAIN.

    Without any described RECENCY the first of `RECENCY_DEFAULTS` present plays it.
    """
    wanted = sorted(names)
    known = {str(entry["name"]): _feature_of(entry) for entry in described}
    features = [known.get(name, Feature(name=name)) for name in wanted]
    if any(feature.role is Role.RECENCY for feature in features):
        return tuple(features)
    recency = next((name for name in RECENCY_DEFAULTS if name in wanted), None)
    return tuple(
        Feature(name=one.name, role=Role.RECENCY, unit=Unit.DAYS, labels=one.labels, activity=_activity_of(recency))
        if one.name == recency and not one.levels
        else one
        for one in features
    )


def feature_as_mapping(feature: Feature) -> dict[str, Any]:
    """Turn a feature into plain JSON values; `features_of` reads them back."""
    return {
        "name": feature.name,
        "role": feature.role.value,
        "unit": feature.unit.value,
        "labels": dict(sorted(feature.labels.items())),
        "activity": feature.activity,
        "levels": list(feature.levels),
    }


def declared_levels(features: Iterable[Feature]) -> frozenset[str]:
    """Name the features that were declared to hold levels."""
    return frozenset(feature.name for feature in features if feature.role is Role.LEVEL)


def known_levels(features: Iterable[Feature]) -> dict[str, Levels]:
    """Give the levels of each feature of a trained model that has any."""
    return {feature.name: feature.levels for feature in features if feature.levels}


def with_levels(features: Iterable[Feature], known: Mapping[str, Levels]) -> tuple[Feature, ...]:
    """Note in the features which levels were learnt; whatever has some plays the role LEVEL."""
    return tuple(
        replace(feature, role=Role.LEVEL, levels=known[feature.name]) if feature.name in known else feature
        for feature in features
    )


def _feature_of(entry: Mapping[str, Any]) -> Feature:
    return Feature(
        name=str(entry["name"]),
        role=Role(entry.get("role") or Role.PLAIN),
        unit=Unit(entry.get("unit") or Unit.NUMBER),
        labels={str(key): str(text) for key, text in (entry.get("labels") or {}).items()},
        activity=str(entry.get("activity") or _activity_of(str(entry["name"]))),
        levels=tuple(map(str, entry.get("levels") or ())),
    )


def _activity_of(name: str | None) -> str:
    if name is None:
        return "any"
    return next((verb for verb in ("order", "login", "service") if verb in name), "any")
