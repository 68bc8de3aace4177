"""Checkpoints with the cosignatures of witnesses under them: what an auditor needs to see a log witnessed.

A witness signs the text of a checkpoint, so the lines of several witnesses stand under one note side by side. The
newest note that most witnesses cosigned is given out, not the newest of all: entries below it are witnessed.
"""

import json
from collections.abc import Iterable, Iterator, Sequence

from sqlmodel import Session

from hub.anchors.store import witnessed
from privacy.proof import checkpoint_line

_CHECKPOINT = b'{"checkpoint":'


def cosigned_note(session: Session, log: int, *, above: int) -> str | None:
    """Return the note over more than `above` leaves of a log that most witnesses cosigned, the newest of those."""
    notes = witnessed(session, log, above=above)
    return joined(notes) if notes else None


def joined(notes: Sequence[str]) -> str:
    """Put the signature lines of notes of one text under it, each once."""
    text, blank, _ = notes[0].rpartition("\n\n")
    lines = dict.fromkeys(line for note in notes for line in note.rpartition("\n\n")[2].splitlines(keepends=True))
    return text + blank + "".join(lines)


def cosigners_of(note: str) -> int:
    """Count the signature lines beside the log's own; whether they verify is for the auditor to see."""
    return note.rpartition("\n\n")[2].count("\n") - 1


def with_cosignatures(session: Session, lines: Iterable[bytes], logs: Iterable[int]) -> Iterator[bytes]:
    """Pass an export on, with cosignatures under one checkpoint of each log: whatever is before it is witnessed."""
    found = [cosigned_note(session, log, above=0) for log in logs]
    cosigned = {_text_of(note): note for note in found if note is not None}
    for line in lines:
        note = str(json.loads(line)["checkpoint"]) if line.startswith(_CHECKPOINT) else ""
        better = cosigned.get(_text_of(note))
        yield line if better is None else checkpoint_line(better)


def _text_of(note: str) -> str:
    return note.rpartition("\n\n")[0]
