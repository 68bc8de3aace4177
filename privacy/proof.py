"""Writing what an auditor is handed: proofs, receipts and the lines of an export, as `privacy.verifier` reads them.

A proof file is C2SP tlog-proof with the entry's exact bytes as its `extra` line; growth is told as in C2SP
tlog-witness: `old` and the older size, hashes, an empty line, the newer checkpoint.
"""

import base64
import json
from collections.abc import Sequence

from privacy.checkpoint import sign_text
from privacy.keys import Key
from privacy.verifier import PROOF_HEADER, Receipt


def entry_proof_text(entry: bytes, index: int, hashes: Sequence[bytes], note: str) -> str:
    """Write a proof that an entry is under a signed checkpoint."""
    lines = [PROOF_HEADER, f"extra {_base64(entry)}", f"index {index}", *map(_base64, hashes)]
    return "\n".join(lines) + f"\n\n{note}"


def growth_proof_text(old_size: int, hashes: Sequence[bytes], note: str) -> str:
    """Write a proof that a checkpoint only adds to one over `old_size` entries."""
    return "\n".join([f"old {old_size}", *map(_base64, hashes)]) + f"\n\n{note}"


def sign_receipt(receipt: Receipt, key: Key) -> str:
    """Return a receipt as a signed note under the log's key, which is named by the origin."""
    return sign_text(receipt.text, name=receipt.origin, key=key)


def log_line(origin: str) -> bytes:
    """Write the line with which a log begins in an export."""
    return _line("log", origin)


def entry_line(entry: bytes) -> bytes:
    """Write an entry: its exact bytes are the value, so that they can be cut out again."""
    return b'{"entry":' + entry + b"}\n"


def pruned_line(leaf: bytes) -> bytes:
    """Write an entry of which only the leaf hash is left."""
    return _line("pruned", _base64(leaf))


def checkpoint_line(note: str) -> bytes:
    """Write a checkpoint over all entries before it."""
    return _line("checkpoint", note)


def _line(kind: str, value: str) -> bytes:
    return json.dumps({kind: value}, separators=(",", ":")).encode() + b"\n"


def _base64(raw: bytes) -> str:
    return base64.b64encode(raw).decode()
