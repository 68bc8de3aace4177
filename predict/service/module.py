"""The modules of this folder: who asks for help and about what, which machine fails, and what follows from it."""

from typing import Any, Final

import polars as pl

from predict.errors import MessageRefused
from predict.likelihood.module import Likelihood
from predict.module import Brief
from predict.readiness import Verdict
from predict.service.answers import ANSWERS
from predict.service.contact import Contact
from predict.service.declaration import MAINTENANCE, SERVICE
from predict.service.fleet import as_read, beside_the_fleet
from predict.wire import Message


class Service(Contact):
    """Who asks for help and about what, how many cases come in, and whose seats fill up."""

    def foresee(self, asked: str, message: Message) -> Message:
        """Answer `load` or `limits` (`predict.service.answers`)."""
        return _answered(self, asked, message, ("load", "limits"))


class Maintenance(Likelihood):
    """Which machine fails, by readings beside those of the fleet (`predict.service.fleet`), and which visits follow."""

    def train(self, frame: pl.DataFrame, brief: Brief) -> bytes:
        """Learn which machines fail."""
        return super().train(beside_the_fleet(frame), brief)

    def readiness(self, frame: pl.DataFrame, brief: Brief) -> Verdict:
        """Judge a training frame without learning from it."""
        return super().readiness(beside_the_fleet(frame), brief)

    def score(self, artefact: bytes, frame: pl.DataFrame, *, capacity: int | None) -> pl.DataFrame:
        """Score all machines of an instant; reasons cite what was read."""
        return as_read(super().score(artefact, beside_the_fleet(frame), capacity=capacity), frame)

    def drift(self, artefact: bytes, present: pl.DataFrame, labelled: pl.DataFrame | None) -> dict[str, Any]:
        """Say how far inputs, scores and calibration moved since the training; a season moves none of them."""
        later = None if labelled is None else beside_the_fleet(labelled)
        return super().drift(artefact, beside_the_fleet(present), later)

    def recalibrate(self, artefact: bytes, labelled: pl.DataFrame) -> bytes:
        """Fit the probabilities to what happened since."""
        return super().recalibrate(artefact, beside_the_fleet(labelled))

    def compare(self, models: tuple[bytes, bytes], labelled: pl.DataFrame, *, seed: int) -> dict[str, Any]:
        """Judge champion and challenger."""
        return super().compare(models, beside_the_fleet(labelled), seed=seed)

    def foresee(self, asked: str, message: Message) -> Message:
        """Answer `visits` (`predict.service.answers`)."""
        return _answered(self, asked, message, ("visits",))


def _answered(module: Likelihood, asked: str, message: Message, known: tuple[str, ...]) -> Message:
    if asked not in known:
        raise MessageRefused(f"{module.declared.name} tells {', '.join(known)}, not {asked}")
    return ANSWERS[asked](module, message)


MODULES: Final = {SERVICE.name: Service(SERVICE), MAINTENANCE.name: Maintenance(MAINTENANCE)}
