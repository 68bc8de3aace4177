"""What every prediction module keeps: frames in, frames out, one brief, one artefact.

A module knows no store, no purpose and no person: it is given frames from an approved view and a brief, and gives
back an artefact (its own JSON bytes), a frame of scores keyed by pseudonym, or a report without personal data.
"""

from dataclasses import dataclass
from typing import Protocol

import polars as pl

from predict.feature import Feature


@dataclass(frozen=True, slots=True, kw_only=True)
class Brief:
    """What the hub asks of a training run.

    `horizon_days` is the length of the label window; `capacity` how many customers can be looked after per run (None:
    one tenth of them); `seed` draws every sample, so the same frame and brief give the same model.
    """

    horizon_days: int
    features: tuple[Feature, ...]
    seed: int = 0
    capacity: int | None = None


class Module(Protocol):
    """A prediction module; `predict.churn` is the first."""

    @property
    def name(self) -> str:
        """Say the module's name as used on the command line."""
        ...

    def train(self, frame: pl.DataFrame, brief: Brief) -> bytes:
        """Learn from a training frame and give the artefact.

        Raises:
            FrameRefused: the frame does not keep its contract.
            TooFewCustomers: there is too little to learn from.
        """
        ...

    def score(self, artefact: bytes, frame: pl.DataFrame, *, capacity: int | None) -> pl.DataFrame:
        """Score a scoring frame: one row per pseudonym with probability, interval, band and reasons.

        Raises:
            ArtefactRefused: the artefact is altered or of another version.
            FrameRefused: a feature that the model was trained on is missing.
        """
        ...

    def reasons(self, scores: pl.DataFrame, artefact: bytes, *, language: str) -> pl.DataFrame:
        """Put the reasons of a scores frame into words."""
        ...

    def report(self, artefact: bytes) -> str:
        """Describe the model and its figures as an HTML page without personal data."""
        ...
