"""A model as a delivery needs it: with the trust in its rules and a digest by which edges name it.

One is shipped for people, learned on made-up Nordic customers of three sources, and one for organisations, learned on
made-up enterprises (see the guide on matching). They hold shares and no value, and are taken where nobody has trained
one: the odds of the one for people are those of a hundred thousand records, so that few are joined with the caution of
many.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Final

from ingest.errors import SpecInvalid
from ingest.match.model import Model, read
from ingest.match.spec import Spec, read_spec

TRUST: Final = "trust"
"""Where a model's report keeps what its rules were found to be worth."""
_PERSON: Final = "person"
_ORGANISATION: Final = "organisation"


@dataclass(frozen=True, slots=True)
class SavedModel:
    """A model of a spec with its curve and threshold, the trust in its rules by name, and 16 bytes of its digest."""

    spec: Spec
    model: Model
    trusts: Mapping[str, float]
    digest: bytes

    @property
    def threshold(self) -> float:
        """The mean probability from which clusters are joined."""
        return self.model.threshold or 1.0


def saved(text: str, spec: Spec) -> SavedModel:
    """Read a model that can be used without training.

    Raises:
        SpecInvalid: it is no model of the spec, or it lacks its curve, threshold or the trust in its rules.

    """
    model = read(text, spec)
    trusts = json.loads(text).get("report", {}).get(TRUST)
    if model.curve is None or model.threshold is None or not isinstance(trusts, dict):
        raise SpecInvalid("model", "it has no curve, threshold or trust in rules; train it anew")
    return SavedModel(spec, model, trusts, hashlib.sha256(text.encode()).digest()[:16])


def shipped() -> SavedModel:
    """Return the model of people that comes with the program."""
    return _shipped(_PERSON)


def shipped_for_organisations() -> SavedModel:
    """Return the model of organisations that comes with the program."""
    return _shipped(_ORGANISATION)


@cache
def _shipped(kind: str) -> SavedModel:
    return saved(files("ingest.match").joinpath(f"{kind}.json").read_text(encoding="utf-8"), read_spec(kind))
