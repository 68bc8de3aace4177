"""A sentence that is kept and put into words later: its key in the catalogues and what fills its places.

Artefacts and findings hold such sentences, so that a model trained once is told in every language. They are plain JSON
values: `{"says": key, "with": {place: value}}`. A value may be a sentence itself. Text without a key is told as it is.
"""

from collections.abc import Mapping
from typing import Any, Final

from predict.feature import LANGUAGES, Feature

SAYS: Final = "says"
WITH: Final = "with"
Sentence = dict[str, Any]


def said(key: str, **places: Any) -> Sentence:  # noqa: ANN401 - whatever JSON holds
    """Give a sentence by its key; a place takes text, a number, a list of texts, a told share or another sentence."""
    return {SAYS: key, WITH: places}


def is_sentence(value: object) -> bool:
    """Say whether a JSON value is a sentence."""
    return isinstance(value, Mapping) and value.keys() == {SAYS, WITH}


def named(feature: Feature) -> Sentence:
    """Give the name of a column in every language, as the view has it."""
    return said("label", **{language: feature.label(language) for language in LANGUAGES})
