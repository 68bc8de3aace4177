"""The modules of the next need: how likely a purchase is, what brings it up, and how often that held.

Beside what every yes/no module does, training measures the triggers, scoring names the one that speaks for a customer,
and the report shows each beside untargeted offers and beside customers of the same frequency.
"""

from dataclasses import replace
from typing import Any, Final

import polars as pl

from predict.artefact import Artefact, pack_artefact
from predict.declaration import Declaration
from predict.frames import AS_OF, PSEUDONYM, ordered
from predict.likelihood.module import Likelihood
from predict.likelihood.report import Section
from predict.likelihood.train import train
from predict.module import Brief
from predict.next_need.answer import judged, suggested
from predict.next_need.declaration import NEXT_NEED, NEXT_SERVICE, NEXT_UPGRADE
from predict.next_need.detect import detected
from predict.next_need.hits import measured
from predict.next_need.trigger import DEFAULT_TRIGGERS, Trigger, as_mapping, triggers_of
from predict.next_need.words import sentences
from predict.shares import told_share
from predict.telling.teller import Teller
from predict.wire import Message


class NextNeed(Likelihood):
    """How likely the declared need is within the horizon, and what brings it up."""

    def __init__(self, declared: Declaration, triggers: tuple[Trigger, ...] = DEFAULT_TRIGGERS) -> None:
        super().__init__(declared)
        self.triggers = triggers

    def train(self, frame: pl.DataFrame, brief: Brief) -> bytes:
        """Learn as every yes/no module does, and measure each trigger at instants one horizon apart."""
        artefact = train(frame, self.declared, brief)
        triggers = triggers_of(brief.triggers) or self.triggers
        found = measured(
            frame,
            triggers,
            label=self.declared.label.name,
            horizon_days=brief.horizon_days,
            frequency=next((one for one in self.declared.baselines if one in frame.columns), None),
        )
        told = {"needs": found, "triggers": as_mapping(triggers)}
        return pack_artefact(replace(artefact, figures=artefact.figures | told))

    def score(self, artefact: bytes, frame: pl.DataFrame, *, capacity: int | None) -> pl.DataFrame:
        """Score a scoring frame, and add what speaks for each customer (`predict.next_need.detect`)."""
        scores = super().score(artefact, frame, capacity=capacity)
        opened = self.open(artefact)
        return scores.hstack(detected(ordered(frame), _kept(opened), opened.figures["needs"]))

    def reasons(self, scores: pl.DataFrame, artefact: bytes, *, language: str) -> pl.DataFrame:
        """Put the reasons of a scores frame into words, and `suggestion`: what came up and what may fit."""
        said = super().reasons(scores, artefact, language=language)
        words = sentences(_kept(self.open(artefact)), language).alias("suggestion")
        return said.join(scores.select(PSEUDONYM, AS_OF, words), on=[PSEUDONYM, AS_OF], how="left")

    def suggest(self, asked: Message) -> Message:
        """Choose an action for each customer (`predict.next_need.answer`)."""
        return suggested(self.open(asked.part("artefact")), asked)

    def worth(self, asked: Message) -> Message:
        """Judge ways of choosing by a log of suggestions."""
        return judged(asked)

    def sections(self, artefact: Artefact, teller: Teller) -> tuple[Section, ...]:
        """Show the model beside popularity and the own frequency, and each trigger beside untargeted offers."""
        tables = {
            "chosen": _chosen(artefact.figures, teller),
            "needs": [_line(one, teller) for one in artefact.figures["needs"]],
        }
        return tuple(
            Section(teller.say(f"{name}.title"), teller.head(f"{name}.head"), lines) for name, lines in tables.items()
        )


def _kept(artefact: Artefact) -> tuple[Trigger, ...]:
    return triggers_of(artefact.figures["triggers"])


def _chosen(figures: dict[str, Any], teller: Teller) -> list[tuple[str, ...]]:
    """Tell whom to choose for as many offers as can be made: by the model, by the own frequency, or anybody."""
    if "model" not in figures:
        return []
    top, everybody = {"capacity": figures["capacity"]}, figures["customers"]
    ways = [(teller.say("chosen.model", **top), figures["model"]["precision_at_capacity"], figures["capacity"])]
    if "baseline" in figures:
        alone = figures["baseline"]
        who = teller.say("chosen.own", word=alone["word"], **top)
        ways.append((who, alone["precision_at_capacity"], figures["capacity"]))
    ways.append((teller.say("chosen.anybody"), figures["base_rate"], everybody))
    return [(who, teller.format_field(told_share(share * size, size), "span")) for who, share, size in ways]


def _line(one: dict[str, Any], teller: Teller) -> tuple[str, ...]:
    rates = [teller.format_field(one[name], "span") if name in one else "" for name in ("rate", "untargeted")]
    return (
        teller.named("trigger", one["trigger"]),
        teller.named("need", one["need"]),
        str(one.get("customers", "")),
        *rates,
        _gain(one.get("gain"), teller),
        teller.named("verdict", one["verdict"]),
    )


def _gain(gain: dict[str, float] | None, teller: Teller) -> str:
    if gain is None:
        return ""
    return teller.say(
        "points", **{name: teller.format_field(100 * gain[name], "+.1f") for name in ("figure", "low", "high")}
    )


MODULES: Final = {one.name: NextNeed(one) for one in (NEXT_NEED, NEXT_UPGRADE, NEXT_SERVICE)}
