"""A model as a delivery needs it: with the trust in its rules and a digest by which edges name it.

One is shipped for people, learned on made-up Nordic customers of three sources, and one for organisations, learned on
made-up enterprises (see the guide on matching). They hold shares and no value, and are taken where nobody has trained
one: the odds of the one for people are those of a hundred thousand records, so that few are joined with the caution of
many.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Final

from ingest.errors import SpecInvalid
from ingest.match.keys import keys_of, name_of
from ingest.match.model import Model, read
from ingest.match.spec import Spec, read_spec

TRUST: Final = "trust"
"""Where a model's report keeps what its rules were found to be worth."""
_WORDS: Final = frozenset(
    {
        *("format", "form", "kind", "spec_version", "records", "match_share", "comparisons", "m", "u", "look_alikes"),
        *("name", "share", "by_frequency", "levels", "curve", "threshold", "weak", "alone", "report", TRUST),
        *("rounds", "pairs_compared", "pairs_drawn", "unlinkable", "weights"),
    }
)
"""Members of a model and of its report; all else in it is named by its spec, or a number."""
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
    def alone(self) -> dict[int, int]:
        """With how many carriers at most a key makes pairs by itself, by its number among the spec's."""
        names = [name_of(key) for key in keys_of(self.spec)]
        return {names.index(name): most for name, most in self.model.alone.items() if name in names}

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


def verify_words(text: str, spec: Spec) -> None:
    """Refuse a model with a word that no training writes: whoever keeps a model keeps numbers, and nobody's data.

    Raises:
        SpecInvalid: it has one; which, is not said.

    """
    named = [*spec.names, *(each.name for each in spec.confounders), *(each.name for each in spec.rules)]
    named += [name_of(key) for key in keys_of(spec)]
    if not set(_words_of(json.loads(text))) <= _WORDS | {spec.kind, *named}:
        raise SpecInvalid(
            "model", "it has words that no training writes; take the file as `varde match train` wrote it"
        )


def _words_of(document: object) -> Iterator[str]:
    """Yield every text in a JSON document, names of members included."""
    if isinstance(document, str):
        yield document
    elif isinstance(document, list):
        for each in document:
            yield from _words_of(each)
    elif isinstance(document, dict):
        yield from document
        yield from _words_of(list(document.values()))


def shipped() -> SavedModel:
    """Return the model of people that comes with the program."""
    return _shipped(_PERSON)


def shipped_for_organisations() -> SavedModel:
    """Return the model of organisations that comes with the program."""
    return _shipped(_ORGANISATION)


@cache
def _shipped(kind: str) -> SavedModel:
    return saved(files("ingest.match").joinpath(f"{kind}.json").read_text(encoding="utf-8"), read_spec(kind))
