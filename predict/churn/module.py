"""Churn as a module: a yes/no outcome as every other (`predict.likelihood`), and what is lost with each customer."""

from dataclasses import replace
from typing import Any, Final

import polars as pl

from predict.artefact import Artefact, pack_artefact
from predict.churn.declaration import CHURN
from predict.churn.worth import at_risk, learn_worth, tells_worth, valued, worth_of
from predict.frames import AS_OF, labels_of, ordered
from predict.likelihood import score as scoring
from predict.likelihood.module import Likelihood
from predict.likelihood.report import Section
from predict.likelihood.train import train
from predict.module import Brief
from predict.telling.teller import Teller
from predict.value.margin_shares import unknown_levels

MINOR_PER_MAJOR: Final = 100


class Churn(Likelihood):
    """How likely a customer leaves within the horizon, and what he is worth if he stays."""

    def train(self, frame: pl.DataFrame, brief: Brief) -> bytes:
        """Learn as every yes/no module does, and what customers of the last cut are worth."""
        artefact = train(frame, self.declared, brief)
        last = ordered(frame.filter(pl.col(AS_OF) == frame[AS_OF].max()))
        if not tells_worth(last):
            return pack_artefact(artefact)
        worth = learn_worth(last, brief.margins, usual=float(labels_of(last, self.declared.label).mean()))
        scores = scoring.score(artefact, last)
        values = valued(last, _chance(scores), worth, horizon_days=artefact.horizon_days)
        risk = at_risk(values, scores["probability"].to_numpy(), worth)
        if risk and (unknown := unknown_levels(last, worth.margins)):
            risk["unknown_levels"] = list(unknown)
        told = {"worth": worth.as_mapping(), "at_risk": risk}
        return pack_artefact(replace(artefact, figures=artefact.figures | told))

    def score(self, artefact: bytes, frame: pl.DataFrame, *, capacity: int | None) -> pl.DataFrame:
        """Score a scoring frame, and add what each customer is worth (`predict.churn.worth.COLUMNS`)."""
        opened = self.open(artefact)
        scores = scoring.score(opened, frame, capacity=capacity)
        if "worth" not in opened.figures:
            return scores
        worth = worth_of(opened.figures["worth"])
        return scores.hstack(valued(ordered(frame), _chance(scores), worth, horizon_days=opened.horizon_days))

    def sections(self, artefact: Artefact, teller: Teller) -> tuple[Section, ...]:
        """Show the value at risk with its formula and what it rests on."""
        told = artefact.figures.get("at_risk")
        return (Section(teller.say("risk.title"), teller.head("risk.head"), _lines(told, teller)),) if told else ()


def _chance(scores: pl.DataFrame) -> Any:  # noqa: ANN401 - three vectors
    return tuple(scores[name].to_numpy() for name in ("probability", "low", "high"))


def _lines(told: dict[str, Any], teller: Teller) -> list[tuple[str, ...]]:
    terms, inputs, say = told["terms"], told["inputs"], teller.say

    def money(minor: float) -> str:
        return teller.format_field(minor / MINOR_PER_MAJOR, "money")

    margin = say("risk.revenue") if terms["margin"] == 1 else say("risk.margin_said", margin=terms["margin"])
    unknown = set(told.get("unknown_levels", ()))
    own = [
        (
            say("risk.margin_of", group=f"{teller.named('segment', terms['by'])} {teller.named('level', level)}"),
            say("risk.unknown_level") if level in unknown else say("risk.margin_said", margin=share),
        )
        for level, share in terms.get("margins", {}).items()
    ]
    return [
        (say("risk.figure"), money(told["figure"])),
        (say("risk.formula"), say("risk.formula_said")),
        (say("risk.customers"), say("risk.of", customers=told["customers"], of=told["of"])),
        (say("risk.all"), money(inputs["value_minor"])),
        (say("risk.departures"), teller.format_field(inputs["expected_departures"], "money")),
        (say("risk.margin"), margin),
        *own,
        (say("risk.counted"), say("risk.terms", months=terms["months"], discount=terms["yearly_discount"])),
    ]


MODULES: Final = {CHURN.name: Churn(CHURN)}
