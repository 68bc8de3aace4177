"""Is there enough to learn from? Each answer has a light, a count and what to collect.

Months of history are advice (amber): a short past makes a model less sure, not wrong. Only labels that are missing or
too few customers (red) take the model away: then a rule score stands in for it (`predict.rule`), and below
`rule_from` customers there is nothing to say. What has no history (a cross-section) is not asked for months.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from predict.declaration import Readiness
from predict.telling.said import Sentence, said


class Light(StrEnum):
    """How a finding stands."""

    GREEN = "green"
    AMBER = "amber"  # advice: go on, and expect less
    RED = "red"  # the model is taken away


class Grade(StrEnum):
    """What the material allows."""

    MODEL = "model"
    RULE = "rule, not a model"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True, kw_only=True)
class Material:
    """What there is to learn from.

    `counted` are distinct customers (or texts); `taught` and `judged` the rarer outcome among what may teach and what
    may judge; `months` the history from the first event to the end of what is known, None for a cross-section;
    `missing` names signals that no row has a value of, or that are the same for everybody.
    """

    counted: int
    taught: int
    judged: int
    months: float | None = None
    missing: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One question, its answer in figures, and what to do about it (empty: nothing).

    `name` is one of those that catalogues have words for (`finding.*`); another, and advice in text, is told as it is.
    """

    name: str
    light: Light
    have: float
    need: float
    advice: Sentence | str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What may be made of the material, and why."""

    grade: Grade
    findings: tuple[Finding, ...]

    def as_mapping(self) -> dict[str, Any]:
        """Give plain JSON values."""
        told = [
            {"name": one.name, "light": one.light.value, "have": one.have, "need": one.need, "advice": one.advice}
            for one in self.findings
        ]
        return {"grade": self.grade.value, "findings": told}

    @property
    def shortest(self) -> Finding:
        """Give the finding that takes the model away: the first red one, else the first."""
        return next((one for one in self.findings if one.light is Light.RED), self.findings[0])


def judged(material: Material, needs: Readiness) -> Verdict:
    """Judge the material by a module's needs."""
    findings = [_size(material, needs), *_labels(material, needs), *_history(material, needs), *_signals(material)]
    if material.counted < needs.rule_from:
        grade = Grade.NOTHING
    else:
        grade = Grade.RULE if any(one.light is Light.RED for one in findings) else Grade.MODEL
    return Verdict(grade=grade, findings=tuple(findings))


def _size(material: Material, needs: Readiness) -> Finding:
    have, what = material.counted, needs.counted
    light, need = Light.GREEN, needs.least
    advice: Sentence | str = ""
    if have < needs.least:
        key = "advice.size_rule" if have >= needs.rule_from else "advice.size"
        light, advice = Light.RED, said(key, least=needs.least, what=what)
    elif have < needs.ideal:
        light, need = Light.AMBER, needs.ideal
        advice = said("advice.ideal", ideal=needs.ideal, what=what)
    return Finding(name=what, light=light, have=have, need=need, advice=advice)


def _labels(material: Material, needs: Readiness) -> list[Finding]:
    advice = said("advice.labels")
    asked = (
        ("rarer outcome, to learn from", material.taught, needs.outcomes),
        ("rarer outcome, to judge by", material.judged, needs.judged),
    )
    return [
        Finding(
            name=name,
            light=Light.GREEN if have >= need else Light.RED,
            have=have,
            need=need,
            advice="" if have >= need else advice,
        )
        for name, have, need in asked
    ]


def _history(material: Material, needs: Readiness) -> list[Finding]:
    """Advise on months; a cross-section has none and is not asked."""
    if material.months is None:
        return []
    have = round(material.months, 1)
    asked = (
        ("months of history", needs.months, said("advice.history")),
        ("months of history, to see a season twice", needs.seasonal_months, said("advice.season")),
    )
    return [
        Finding(
            name=name,
            light=Light.GREEN if have >= need else Light.AMBER,
            have=have,
            need=need,
            advice="" if have >= need else advice,
        )
        for name, need, advice in asked
    ]


def _signals(material: Material) -> list[Finding]:
    if not material.missing:
        return []
    advice = said("advice.signals", missing=list(material.missing))
    return [Finding(name="missing signals", light=Light.AMBER, have=len(material.missing), need=0, advice=advice)]
