"""What texts are heard with, as a model's artefact keeps it: plain JSON values, in and out."""

from collections.abc import Mapping
from typing import Any, Final

from predict.artefact import Artefact, unpack_artefact
from predict.satisfaction.declaration import SATISFACTION
from predict.satisfaction.hearing import Ear
from predict.satisfaction.packing import as_mapping, sentiment_of, shipped
from predict.satisfaction.themes import Themes, themes_of
from predict.satisfaction.topics import as_mappings, topics_of

EAR: Final = "ear"


def kept(ear: Ear) -> dict[str, Any]:
    """Give plain JSON values; `ear_of` reads them back. The shipped sentiment is named, not copied."""
    return {
        "sentiment": None if ear.sentiment.base is None else as_mapping(ear.sentiment),
        "themes": ear.themes.as_mapping(),
        "topics": as_mappings(ear.topics),
    }


def ear_of(stored: Mapping[str, Any]) -> Ear:
    """Read it back.

    Raises:
        ArtefactRefused: the sentiment is of another version.
    """
    return Ear(
        sentiment=shipped() if stored["sentiment"] is None else sentiment_of(stored["sentiment"]),
        themes=themes_of(stored["themes"]),
        topics=tuple(topics_of(stored["topics"])),
    )


def shipped_ear() -> Ear:
    """Hear with what comes with this version."""
    return Ear(sentiment=shipped(), themes=Themes.shipped(), topics=())


def ear_in(artefact: Artefact) -> Ear:
    """Hear with what a model's training found, or with what is shipped where it was taught no texts."""
    stored = artefact.profile.get(EAR)
    return shipped_ear() if stored is None else ear_of(stored)


def ear_in_bytes(packed: bytes) -> Ear:
    """Hear with what a packed model of satisfaction found.

    Raises:
        ArtefactRefused: it is altered, of another version or of another module.
    """
    return ear_in(unpack_artefact(packed, module=SATISFACTION.name))
