"""A sentiment model as plain JSON values: weights in 255 steps, squeezed, the rest as it is.

Rounding to 255 steps moves a share by less than .01 (`tests/unit/test_predict_sentiment.py`). Arrays are zlib
and base64 of bytes: nothing in them can be run, and lengths are checked before anything is made of them.
"""

import base64
import binascii
import hashlib
import json
import zlib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any, Final

import numpy as np

from predict.errors import ArtefactRefused
from predict.satisfaction.sentiment import CLASSES, RUNS, Head, Sentiment
from predict.text.feeling import Values
from predict.text.grams import Grams

VERSION: Final = 1
_STEPS: Final = 127
_RARITY_STEPS: Final = 255


def as_mapping(model: Sentiment) -> dict[str, Any]:
    """Give plain JSON values; `sentiment_of` reads them back."""
    heaviest = np.abs(model.full.weights[:, :RUNS]).max(initial=0.0) or 1.0
    rarest = float(model.grams.rarity.max(initial=0.0)) or 1.0
    weights = np.rint(model.full.weights[:, :RUNS] / heaviest * _STEPS).astype(np.int8)
    weights[:, model.grams.rarity == 0] = 0
    rarity = np.rint(model.grams.rarity / rarest * _RARITY_STEPS).astype(np.uint8)
    return {
        "version": VERSION,
        "taught": list(model.taught),
        "trust": model.trust,
        "base": None if model.base is None else shipped_digest(),
        "rarest": rarest,
        "rarity": _squeezed(rarity.tobytes()),
        "heaviest": float(heaviest),
        "runs": [_squeezed(row.tobytes()) for row in weights],
        "beside": model.full.weights[:, RUNS:].tolist(),
        "bias": model.full.bias.tolist(),
        "words": model.words.weights.tolist(),
        "words_bias": model.words.bias.tolist(),
        "centre": model.centre.tolist(),
        "scale": model.scale.tolist(),
    }


def sentiment_of(stored: Mapping[str, Any]) -> Sentiment:
    """Read a model back from its JSON values.

    Raises:
        ArtefactRefused: it is of another version, does not fit together, or started from another base model.
    """
    if stored.get("version") != VERSION or len(stored["runs"]) != len(CLASSES):
        raise ArtefactRefused("sentiment of another version")
    if stored["base"] not in (None, shipped_digest()):
        raise ArtefactRefused("it started from another base model than this version ships")
    rarity = _opened(stored["rarity"], np.uint8) / _RARITY_STEPS * float(stored["rarest"])
    runs = np.stack([_opened(each, np.int8) for each in stored["runs"]]) / _STEPS * float(stored["heaviest"])
    words = np.array(stored["words"], dtype=np.float64)
    return Sentiment(
        grams=Grams(rarity),
        centre=np.array(stored["centre"], dtype=np.float64),
        scale=np.array(stored["scale"], dtype=np.float64),
        full=Head(np.hstack([runs, np.array(stored["beside"], dtype=np.float64)]), np.array(stored["bias"])),
        words=Head(words, np.array(stored["words_bias"])),
        taught=tuple(map(str, stored["taught"])),
        trust=float(stored["trust"]),
        base=None if stored["base"] is None else shipped(),
    )


@cache
def shipped() -> Sentiment:
    """Read the base model that comes with this version: learned from NoReC, whose texts stay where they are."""
    return sentiment_of(json.loads(_shipped_text()))


@cache
def shipped_digest() -> str:
    """Name the base model of this version."""
    return hashlib.sha256(_shipped_text().encode()).hexdigest()


def _shipped_text() -> str:
    return files("predict.satisfaction").joinpath("base_model.json").read_text(encoding="utf-8")


def _squeezed(content: bytes) -> str:
    return base64.b64encode(zlib.compress(content, 9)).decode("ascii")


def _opened(text: str, kind: type[np.int8] | type[np.uint8]) -> Values:
    """Read one squeezed array of `RUNS` numbers; more than that is not even unpacked."""
    try:
        content = zlib.decompressobj().decompress(base64.b64decode(text, validate=True), RUNS + 1)
    except (binascii.Error, zlib.error, TypeError) as exc:
        raise ArtefactRefused("an array of the sentiment model is damaged") from exc
    if len(content) != RUNS:
        raise ArtefactRefused("an array of the sentiment model has another length")
    return np.frombuffer(content, dtype=kind).astype(np.float64)
