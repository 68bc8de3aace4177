"""Churn as a module: artefacts as bytes on the outside, values on the inside."""

import polars as pl

from predict.artefact import Artefact, pack_artefact, unpack_artefact
from predict.churn import score as scoring
from predict.churn import train as training
from predict.churn.page import html
from predict.churn.words import reasons
from predict.module import Brief


class Churn:
    """Early warning: who falls silent or lets the contract end within the horizon."""

    name = training.NAME

    def train(self, frame: pl.DataFrame, brief: Brief) -> bytes:
        """Learn from a training frame and give the artefact (see `predict.churn.train`)."""
        return pack_artefact(training.train(frame, brief))

    def score(self, artefact: bytes, frame: pl.DataFrame, *, capacity: int | None = None) -> pl.DataFrame:
        """Score a scoring frame (see `predict.churn.score`)."""
        return scoring.score(self.open(artefact), frame, capacity=capacity)

    def reasons(self, scores: pl.DataFrame, artefact: bytes, *, language: str) -> pl.DataFrame:
        """Put the reasons of a scores frame into words."""
        return reasons(scores, language, self.open(artefact).features)

    def report(self, artefact: bytes) -> str:
        """Describe the model as an HTML page."""
        return html(self.open(artefact))

    def open(self, artefact: bytes) -> Artefact:
        """Read an artefact back.

        Raises:
            ArtefactRefused: it is altered, of another version or of another module.
        """
        return unpack_artefact(artefact, module=self.name)
