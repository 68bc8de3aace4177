"""How a score comes about, for a customer who is invented: the usual one, with what raises the chance most.

The report holds no row of anybody. So the picture begins with the reference customer (`predict.preparation`) and sets
what raises the log-odds most to the tenth or the ninetieth percentile of what was taught, one group of features after
the other; the parts add up on the log-odds scale (`predict.explain`), the chances at both ends are calibrated.
"""

from dataclasses import dataclass
from html import escape
from typing import Final

import numpy as np

from predict.artefact import Artefact
from predict.drift import binned_of
from predict.explain import FAINT, Explained, Group, groups_of
from predict.feature import Role
from predict.frames import Matrix, Vector
from predict.likelihood.reasons import headline
from predict.page import shortened
from predict.rule import Rule
from predict.telling.teller import Teller

SHOWN: Final = 5
WIDTH, ROW, LABELS, BAR = 760, 30, 330, 340


@dataclass(frozen=True, slots=True, kw_only=True)
class Fall:
    """The chance of the usual customer, parts by group in log-odds, the largest first, and the chance at the end."""

    usual: float
    parts: tuple[tuple[str, float], ...]
    chance: float


def fall_of(artefact: Artefact, language: str = "en") -> Fall | None:
    """Invent a customer; None for a rule, and where nothing raises the chance."""
    if isinstance(artefact.model, Rule) or not artefact.profile:
        return None
    model: Explained = artefact.model
    groups = groups_of(model.names, artefact.features)
    tried = _tried(artefact, np.asarray(model.medians, dtype=np.float64))
    positions = tuple(group.positions for group in groups)
    alone = model.contributions(tried.reshape(-1, len(model.names)), positions).reshape(len(model.names), 2, -1)
    medians = np.asarray(model.medians, dtype=np.float64)
    customer = medians.copy()
    for number, group in enumerate(groups):
        for at in group.positions:
            side = int(alone[at, :, number].argmax())
            if alone[at, side, number] > FAINT:
                customer[at] = tried[at, side, at]
    _keep_rhythm(artefact, customer, medians)
    parts = model.contributions(customer[None, :], positions)[0]
    chosen = [one for one in np.argsort(-parts, kind="stable")[:SHOWN] if parts[one] > FAINT]
    if not chosen:
        return None
    mine = medians.copy()
    for one in chosen:
        mine[list(groups[one].positions)] = customer[list(groups[one].positions)]
    ends = artefact.calibrator.probability(model.log_odds(np.vstack([model.medians, mine])))
    told = model.contributions(mine[None, :], positions)[0]
    named = tuple((_label(artefact, groups[one], language), float(told[one])) for one in chosen)
    return Fall(usual=float(ends[0]), parts=named, chance=float(ends[1]))


def _tried(artefact: Artefact, medians: Vector) -> Matrix:
    """Move each number alone to its tenth and its ninetieth percentile: features by two by columns."""
    edges = {one.name: one.edges for one in map(binned_of, artefact.profile["inputs"])}
    kinds = {feature.name for feature in artefact.features if feature.levels}
    names = artefact.model.names
    tried = np.tile(medians, (len(names), 2, 1))
    for at, name in enumerate(names):
        if edges.get(name) and name not in kinds:  # the percentile of a code is no level
            tried[at, 0, at], tried[at, 1, at] = edges[name][0], edges[name][-1]
    return np.asarray(tried, dtype=np.float64)


def _keep_rhythm(artefact: Artefact, customer: Vector, medians: Vector) -> None:
    """Let the silence be the only news of the rhythm: how overdue it is follows from it and the usual gap."""
    roles = {feature.role: feature.name for feature in artefact.features}
    at = {role: artefact.model.names.index(name) for role, name in roles.items() if name in artefact.model.names}
    for role in (Role.RHYTHM, Role.TENURE):
        if role in at:
            customer[at[role]] = medians[at[role]]
    if {Role.RECENCY, Role.RHYTHM, Role.OVERDUE} <= at.keys() and medians[at[Role.RHYTHM]] > 0:
        customer[at[Role.OVERDUE]] = customer[at[Role.RECENCY]] / medians[at[Role.RHYTHM]]


def _label(artefact: Artefact, group: Group, language: str) -> str:
    by_name = {feature.name: feature for feature in artefact.features}
    lead = headline(artefact.features)
    feature = by_name.get(group.name) or lead
    return group.name if feature is None else feature.label(language)


def picture(fall: Fall, teller: Teller) -> str:
    """Draw the parts as bars that each begin where the one before ended."""
    total = sum(size for _, size in fall.parts)
    lines, begun = [], 0.0
    for number, (label, size) in enumerate(fall.parts, start=1):
        lines.append(_bar(number, label, (begun / total, size / total), teller.format_field(size, "+.2f")))
        begun += size
    height = ROW * (len(fall.parts) + 2) + 10
    first = _line(0, teller.say("fall.usual", chance=fall.usual))
    last = _line(len(fall.parts) + 1, teller.say("fall.invented", chance=fall.chance))
    title = escape(teller.say("fall.caption"))
    return (
        f'<figure><svg width="{WIDTH}" height="{height}" viewBox="0 0 {WIDTH} {height}" role="img" '
        f'aria-label="{title}">{first}{"".join(lines)}{last}</svg>'
        f'<figcaption class="wide">{title}</figcaption></figure>'
    )


def _bar(number: int, label: str, place: tuple[float, float], said: str) -> str:
    begins, long = LABELS + BAR * place[0], max(2.0, BAR * place[1])
    up = ROW * number + 6
    return (
        f'<text x="{LABELS - 8}" y="{up + 14}" text-anchor="end">{shortened(label)}</text>'
        f'<rect class="bar" x="{begins:.1f}" y="{up}" width="{long:.1f}" height="18"/>'
        f'<text x="{begins + long + 6:.1f}" y="{up + 14}">{said}</text>'
    )


def _line(number: int, said: str) -> str:
    return f'<text class="strong" x="{LABELS}" y="{ROW * number + 20}">{escape(said)}</text>'
