"""A module that says how likely a yes/no outcome is: artefacts as bytes on the outside, values on the inside.

A module of this kind is a declaration and nothing more; one that adds to it takes this class as its base.
"""

from functools import lru_cache
from typing import Any

import polars as pl

from predict.artefact import Artefact, pack_artefact, unpack_artefact
from predict.declaration import Declaration
from predict.likelihood import score as scoring
from predict.likelihood import tended
from predict.likelihood import train as training
from predict.likelihood.page import html
from predict.likelihood.report import Section, markdown, report, spoken
from predict.likelihood.words import reasons
from predict.module import Brief, Report
from predict.readiness import Verdict
from predict.telling.teller import HOUSE, Teller, teller_of


class Likelihood:
    """How likely the declared outcome is within the horizon."""

    def __init__(self, declared: Declaration) -> None:
        self.declared = declared

    def train(self, frame: pl.DataFrame, brief: Brief) -> bytes:
        """Learn from a training frame and give the artefact (see `predict.likelihood.train`)."""
        return pack_artefact(training.train(frame, self.declared, brief))

    def readiness(self, frame: pl.DataFrame, brief: Brief) -> Verdict:
        """Judge a training frame without learning from it."""
        return training.readiness(frame, self.declared, brief)

    def drift(self, artefact: bytes, present: pl.DataFrame, labelled: pl.DataFrame | None) -> dict[str, Any]:
        """Say how far inputs, scores and calibration moved since the training."""
        opened = self.open(artefact)
        seen = None if labelled is None else tended.calibration(opened, self.declared, labelled)
        return {**tended.drift(opened, present), "calibration": seen}

    def recalibrate(self, artefact: bytes, labelled: pl.DataFrame) -> bytes:
        """Fit the probabilities to what happened since, without touching the model."""
        return pack_artefact(tended.recalibrate(self.open(artefact), self.declared, labelled))

    def compare(self, models: tuple[bytes, bytes], labelled: pl.DataFrame, *, seed: int) -> dict[str, Any]:
        """Judge champion and challenger by customers that neither was taught."""
        champion, challenger = models
        return tended.compare((self.open(champion), self.open(challenger)), self.declared, labelled, seed=seed)

    def score(self, artefact: bytes, frame: pl.DataFrame, *, capacity: int | None) -> pl.DataFrame:
        """Score a scoring frame (see `predict.likelihood.score`)."""
        return scoring.score(self.open(artefact), frame, capacity=capacity)

    def reasons(self, scores: pl.DataFrame, artefact: bytes, *, language: str) -> pl.DataFrame:
        """Put the reasons of a scores frame into words."""
        return reasons(scores, language, self.open(artefact).features)

    def report(self, artefact: bytes, *, language: str = HOUSE) -> Report:
        """Describe the model and its figures in a language."""
        teller = teller_of(self.declared, language)
        told = spoken(self.open(artefact), teller)
        added = self.sections(told, teller)
        return Report(
            values=report(told, teller),
            markdown=markdown(told, teller, added),
            html=html(told, teller, added),
        )

    def sections(self, artefact: Artefact, teller: Teller) -> tuple[Section, ...]:  # noqa: ARG002 - for modules that add some
        """Give what the module adds to its report: nothing."""
        return ()

    def open(self, artefact: bytes) -> Artefact:
        """Read an artefact back.

        Raises:
            ArtefactRefused: it is altered, of another version or of another module.
        """
        return _opened(artefact, self.declared.name)


@lru_cache(maxsize=1)
def _opened(artefact: bytes, module: str) -> Artefact:
    """Keep the newest model open: a child that scores one customer after the other reads it once."""
    return unpack_artefact(artefact, module=module)
