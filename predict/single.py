"""Scores of single customers, one after the other, by a child that stays: `python -m predict one MODULE`.

The first message brings the model (part `artefact`), as does any that replaces it; every message brings a frame of one
row and the language of the reasons. The answer's header has `score` (as in a scores frame) and `reasons`. A band is not
told: it compares customers, and belongs to a batch. The child holds one row at a time and ends with its standard input,
or at the first error.
"""

from typing import Any, BinaryIO, Final

from predict.errors import FrameRefused
from predict.module import Module
from predict.wire import Message, messages, write_message

ONE: Final = "one"
FIGURES: Final = ("probability", "low", "high")
PLACES: Final = ("reason_1", "reason_2", "reason_3")


def answer_each(module: Module, source: BinaryIO, sink: BinaryIO) -> None:
    """Answer messages until there are none; raises as `Module.score` does, and MessageRefused without a model."""
    packed = b""
    for asked in messages(source):
        packed = asked.part("artefact") if not packed else asked.parts.get("artefact", packed)
        write_message(sink, Message({"ok": True, **scored(module, packed, asked)}))
        del asked  # while it waits for the next row it holds none


def scored(module: Module, packed: bytes, asked: Message) -> dict[str, Any]:
    """Score the one row of a message, as a batch would.

    Raises:
        FrameRefused: it is not one row.
    """
    frame = asked.frame("frame")
    if frame.height != 1:
        raise FrameRefused("*", "is not one row", "ask for one customer at a time")
    scores = module.score(packed, frame, capacity=None)
    reasons = module.reasons(scores, packed, language=str(asked.fields.get("language", "en")))
    said = [text for text in reasons.select(PLACES).row(0) if text is not None]
    return {"score": scores.select(FIGURES).row(0, named=True), "reasons": said}
