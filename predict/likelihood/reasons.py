"""What a group of features says of a customer: a code, the own value and what it is compared with.

Codes are `feature.above`, `feature.below`, `feature.same`, `feature.missing` for a plain feature (compared with the
median of all customers), `feature.level` for a kind (value = position of its level, usual = the most frequent one),
and for the entangled rhythm group:

- `rhythm.overdue`: silent for clearly longer than the own usual gap (value = silence, usual = own gap);
- `rhythm.rare`: not silent for long, but rarely active at all (value = own gap, usual = median gap);
- `rhythm.quiet`: silent, with no own gap to compare with (value = silence);
- `rhythm.missing`: no activity on record.
"""

from dataclasses import dataclass

import numpy as np

from predict.artefact import Artefact
from predict.explain import Group
from predict.feature import RHYTHM_GROUP, Feature, Role
from predict.frames import Matrix, Vector

PLAIN_DIRECTIONS = ("below", "same", "above", "missing")
LEVEL_DIRECTIONS = ("level", "missing")
RHYTHM_DIRECTIONS = ("overdue", "rare", "quiet", "missing")
CLEARLY_OVERDUE = 1.2  # times the own gap; below that the sentence would sound like a reproach for nothing

Integers = np.ndarray[tuple[int], np.dtype[np.int64]]
Booleans = np.ndarray[tuple[int], np.dtype[np.bool_]]


@dataclass(frozen=True, slots=True)
class Citation:
    """For every row: which of `codes` applies, the value, what is usual, and whether that is only absence of data."""

    codes: tuple[str, ...]
    direction: Integers
    value: Vector
    usual: Vector
    absent: Booleans


def cite(artefact: Artefact, raw: Matrix, groups: tuple[Group, ...]) -> list[Citation]:
    """Let each group speak for every row, in the order of the groups."""
    by_name = {feature.name: feature for feature in artefact.features}
    medians = np.asarray(artefact.model.medians, dtype=np.float64)
    cited = []
    for group in groups:
        if group.name == RHYTHM_GROUP:
            members = {by_name[artefact.model.names[at]].role: at for at in group.positions}
            cited.append(_cite_rhythm(raw, medians, members))
        else:
            position = group.positions[0]
            speak = _cite_level if by_name[group.name].levels else _cite_plain
            cited.append(speak(group.name, raw[:, position], float(medians[position])))
    return cited


def headline(features: tuple[Feature, ...]) -> Feature | None:
    """Give the feature that names the rhythm group: recency, else whatever member there is."""
    members = [one for one in features if one.group == RHYTHM_GROUP]
    return next((one for one in members if one.role is Role.RECENCY), members[0] if members else None)


def _cite_plain(name: str, value: Vector, median: float) -> Citation:
    direction = (np.sign(np.nan_to_num(value) - median) + 1).astype(np.int64)
    absent = np.isnan(value)
    direction[absent] = PLAIN_DIRECTIONS.index("missing")
    codes = tuple(f"{name}.{word}" for word in PLAIN_DIRECTIONS)
    return Citation(codes, direction, value, np.full(value.size, median), absent)


def _cite_level(name: str, value: Vector, mode: float) -> Citation:
    """Let a level speak by its position; one that was never seen says as little as one that is not known."""
    absent = np.isnan(value) | (value < 0)
    codes = tuple(f"{name}.{word}" for word in LEVEL_DIRECTIONS)
    return Citation(codes, absent.astype(np.int64), np.where(absent, np.nan, value), np.full(value.size, mode), absent)


def _cite_rhythm(raw: Matrix, medians: Vector, members: dict[Role, int]) -> Citation:
    silence = _column(raw, members.get(Role.RECENCY))
    gap = _column(raw, members.get(Role.RHYTHM))
    silence_median = _median(medians, members.get(Role.RECENCY))
    gap_median = _median(medians, members.get(Role.RHYTHM))
    overdue = silence > CLEARLY_OVERDUE * gap  # comparisons with NaN are False
    rare = ~overdue & (gap > gap_median) & ~(silence > silence_median)
    missing = np.isnan(silence) & ~rare
    direction = np.select([overdue, rare, missing], [0, 1, 3], default=2).astype(np.int64)
    value = np.where(rare, gap, silence)
    usual = np.select([overdue, rare], [gap, np.full(gap.size, gap_median)], default=np.nan)
    codes = tuple(f"{RHYTHM_GROUP}.{word}" for word in RHYTHM_DIRECTIONS)
    # a customer who was never seen active is a fact of its own, not a gap in a column
    absent = np.zeros(value.size, dtype=np.bool_)
    return Citation(codes, direction, value, np.asarray(usual, dtype=np.float64), absent)


def _column(raw: Matrix, position: int | None) -> Vector:
    return np.full(raw.shape[0], np.nan) if position is None else np.asarray(raw[:, position])


def _median(medians: Vector, position: int | None) -> float:
    return float("nan") if position is None else float(medians[position])
