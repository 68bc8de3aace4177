"""One entry of the ledger as a line of text."""

from typing import Final

from privacy.instant import instant_of, microseconds_of
from privacy.store.ledger import LedgerEntry
from privacy.verifier import ProofRejected

_FIELDS: Final = 10


def line_of(entry: LedgerEntry) -> str:
    """Write an entry as ten words; words hold no spaces, the detail, which may, comes last."""
    words = (
        *(str(entry.epoch), str(entry.place), entry.entry_id.hex(), entry.kind, entry.ref.hex(), entry.purpose),
        *(entry.channel, str(microseconds_of(entry.at)), entry.erasure_id.hex(), entry.detail),
    )
    return " ".join(words)


def entry_of(line: str) -> LedgerEntry:
    """Read an entry.

    Raises:
        ProofRejected: the line has not ten words.

    """
    words = line.split(" ", _FIELDS - 1)
    if len(words) != _FIELDS:
        raise ProofRejected("varde-ledger/v1: a line has not ten words")
    return LedgerEntry(
        epoch=int(words[0]),
        place=int(words[1]),
        entry_id=bytes.fromhex(words[2]),
        kind=words[3],
        ref=bytes.fromhex(words[4]),
        purpose=words[5],
        channel=words[6],
        at=instant_of(int(words[7])),
        erasure_id=bytes.fromhex(words[8]),
        detail=words[9],
    )
