"""What every prediction module keeps: frames in, frames out, one brief, one artefact.

A module knows no store, no purpose and no person: it is given frames from an approved view and a brief, and gives
back an artefact (its own JSON bytes), a frame of scores keyed by pseudonym, or a report without personal data.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

import polars as pl

from predict.declaration import Declaration
from predict.feature import Feature
from predict.quality import Finding as Fault
from predict.readiness import Verdict
from predict.value.margins import Margins
from predict.wire import Message


@dataclass(frozen=True, slots=True, kw_only=True)
class Brief:
    """What the hub asks of a training run.

    `horizon_days` is the length of the label window; `capacity` how many customers can be looked after per run (None:
    one tenth of them); `seed` draws every sample, so the same frame and brief give the same model. `history_months` is
    how far the records reach back, None for a cross-section, which has no history. `families` names the sources of each
    feature; `faults` are what a check of the sources found (`predict.quality`); `segments` (pseudonym, as_of, text
    columns) tells the levels that figures are shown by; it teaches nothing. `texts` are what customers wrote, redacted,
    where the module declares a view of them that may be read; `earlier` is the artefact of the model that this follows.
    `triggers` are what brings a need up, as the company wrote it (`predict.next_need.trigger`); none: the module's own.
    `themes` are the company's own (`predict.satisfaction.own_themes`); None: those of the earlier model.
    `margins` is what the company says of value (`predict.value.margins`).
    """

    horizon_days: int
    features: tuple[Feature, ...]
    seed: int = 0
    capacity: int | None = None
    history_months: float | None = None
    families: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    faults: tuple[Fault, ...] = ()
    segments: pl.DataFrame | None = None
    texts: pl.DataFrame | None = None
    margins: Margins = field(default_factory=Margins)
    earlier: bytes | None = None
    triggers: tuple[Mapping[str, Any], ...] = ()
    themes: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """A model told three ways: plain JSON values (`summary` among them, one paragraph), Markdown, a page of HTML."""

    values: dict[str, Any]
    markdown: str
    html: str


@runtime_checkable
class Tended(Protocol):
    """A module whose models can be looked after between trainings; `predict.likelihood` gives it to every yes/no one.

    `labelled` are training frames; only the cuts that a model was not taught judge it.
    """

    def drift(self, artefact: bytes, present: pl.DataFrame, labelled: pl.DataFrame | None) -> dict[str, Any]:
        """Say how far inputs, scores and calibration moved since the training: plain JSON values."""
        ...

    def recalibrate(self, artefact: bytes, labelled: pl.DataFrame) -> bytes:
        """Fit the probabilities to what happened since, without touching the model."""
        ...

    def compare(self, models: tuple[bytes, bytes], labelled: pl.DataFrame, *, seed: int) -> dict[str, Any]:
        """Judge champion and challenger by the same customers: plain JSON values."""
        ...


@runtime_checkable
class Campaigning(Protocol):
    """A module that customers are contacted by: it answers what a campaign asks (`predict.winback.module`)."""

    def campaign(self, asked: str, message: Message) -> Message:
        """Answer one of the questions that the module lists."""
        ...


@runtime_checkable
class Listening(Protocol):
    """A module that hears texts: what it tells of each holds none."""

    def hear(self, artefact: bytes, texts: pl.DataFrame) -> pl.DataFrame:
        """Hear a frame of texts: a row each, without the text (`predict.satisfaction.hearing`)."""
        ...


@runtime_checkable
class Suggesting(Protocol):
    """A module that suggests what to do about what came up (`predict.next_need.answer`)."""

    def suggest(self, asked: Message) -> Message:
        """Choose an action for each customer, with its chance, and say why in words."""
        ...

    def worth(self, asked: Message) -> Message:
        """Judge ways of choosing by a log of suggestions."""
        ...


@runtime_checkable
class Foreseeing(Protocol):
    """A module that tells more than scores: days, dates or visits (`predict.service.answers`)."""

    def foresee(self, asked: str, message: Message) -> Message:
        """Answer one of the questions that the module lists."""
        ...


class Module(Protocol):
    """A prediction module, listed in `predict.registry`; `predict.likelihood.module` is one for any yes/no outcome."""

    @property
    def declared(self) -> Declaration:
        """Give what the module declares of itself."""
        ...

    def train(self, frame: pl.DataFrame, brief: Brief) -> bytes:
        """Learn from a training frame and give the artefact.

        Raises:
            FrameRefused: the frame does not keep its contract.
            TooFewCustomers: there is too little to learn from.
        """
        ...

    def readiness(self, frame: pl.DataFrame, brief: Brief) -> Verdict:
        """Judge a training frame without learning from it."""
        ...

    def score(self, artefact: bytes, frame: pl.DataFrame, *, capacity: int | None) -> pl.DataFrame:
        """Score a scoring frame: one row per pseudonym and as_of.

        Columns that every module has, because scores are kept by them: `probability`, `low`, `high`, `band` and
        `reason_1..3` (`predict.likelihood.score` says what each means). Further ones are shown and not kept.

        Raises:
            ArtefactRefused: the artefact is altered or of another version.
            FrameRefused: a feature that the model was trained on is missing.
        """
        ...

    def reasons(self, scores: pl.DataFrame, artefact: bytes, *, language: str) -> pl.DataFrame:
        """Put the reasons of a scores frame into words: `pseudonym`, `as_of`, `reason_1..3`."""
        ...

    def report(self, artefact: bytes, *, language: str = "en") -> Report:
        """Describe the model and its figures without personal data, in nb, nn, sv, en or de."""
        ...
