"""The module of satisfaction: who gives a low score next, and what customers write, in one report.

Scores are those of every yes/no module, so that review, drift and recalibration serve them too. Texts are heard
(`predict.satisfaction.hearing`) with what training found: sentiment, themes and topics lie in the artefact beside the
profile, which stays out of reports. Without texts (no view of them is approved) the module does without.
"""

from dataclasses import replace
from typing import Final

import polars as pl

from predict.artefact import Artefact, pack_artefact
from predict.likelihood.module import Likelihood
from predict.likelihood.report import Section
from predict.likelihood.train import train
from predict.module import Brief
from predict.readiness import Finding, Light, Verdict
from predict.satisfaction.declaration import SATISFACTION, TEXTS
from predict.satisfaction.hearing import heard, readable
from predict.satisfaction.kept_ear import EAR, ear_in, kept
from predict.satisfaction.own_themes import beside, own_themes
from predict.satisfaction.pages import sections
from predict.satisfaction.study import studied
from predict.satisfaction.themes import Themes, themes_of
from predict.satisfaction.topics import Topic, topics_of
from predict.telling.said import said
from predict.telling.teller import Teller

OWN: Final = "own_themes"


class Satisfaction(Likelihood):
    """How likely a low score is within the horizon, and what is heard in texts."""

    def train(self, frame: pl.DataFrame, brief: Brief) -> bytes:
        """Learn as every yes/no module does, and from the texts beside."""
        artefact = train(frame, self.declared, brief)
        if brief.texts is None:
            return pack_artefact(artefact)
        own = self._own(brief)
        themes = beside(Themes.shipped(), own)
        ear, figures = studied(brief.texts, frame, themes, earlier=self._earlier(brief), seed=brief.seed)
        return pack_artefact(
            replace(
                artefact,
                figures=artefact.figures | {"texts": figures},
                profile=artefact.profile | {EAR: kept(ear) | {OWN: own.as_mapping()}},
            )
        )

    def readiness(self, frame: pl.DataFrame, brief: Brief) -> Verdict:
        """Judge customers as every module does; texts are advice, since lists and the shipped model need none."""
        verdict = super().readiness(frame, brief)
        have = 0 if brief.texts is None else readable(brief.texts).height
        return replace(verdict, findings=(*verdict.findings, _enough(have)))

    def hear(self, artefact: bytes, texts: pl.DataFrame) -> pl.DataFrame:
        """Hear a frame of texts with what training found (`predict.satisfaction.hearing.heard`)."""
        return heard(readable(texts), ear_in(self.open(artefact)))

    def sections(self, artefact: Artefact, teller: Teller) -> tuple[Section, ...]:
        """Show what customers write beside who gives a low score."""
        return sections(artefact.figures["texts"], teller) if "texts" in artefact.figures else ()

    def _own(self, brief: Brief) -> Themes:
        """Read the company's own themes, else take those that the earlier model knew: they outlive a new training."""
        if brief.themes is not None:
            return own_themes(brief.themes)
        found = None if brief.earlier is None else self.open(brief.earlier).profile.get(EAR)
        return themes_of(found[OWN]) if found is not None and OWN in found else Themes(())

    def _earlier(self, brief: Brief) -> tuple[Topic, ...]:
        if brief.earlier is None:
            return ()
        found = self.open(brief.earlier).profile.get(EAR)
        return () if found is None else tuple(topics_of(found["topics"]))


def _enough(have: int) -> Finding:
    if have >= TEXTS.ideal:
        return Finding(name="texts", light=Light.GREEN, have=have, need=TEXTS.ideal)
    need = TEXTS.least if have < TEXTS.least else TEXTS.ideal
    advice = said("advice.few_texts" if have < TEXTS.least else "advice.more_texts")
    return Finding(name="texts", light=Light.AMBER, have=have, need=need, advice=advice)


MODULES: Final = {SATISFACTION.name: Satisfaction(SATISFACTION)}
