"""Signing what `privacy.verifier` verifies: checkpoints of the audit log, in formats that other people's tools read.

The text is C2SP tlog-checkpoint: origin, size, root in base64, one line each; the envelope is C2SP signed-note with
Ed25519 (RFC 8032); a key is chosen by its name and the first four bytes of SHA-256(name, newline, 0x01, public key).
"""

import base64

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from privacy.keys import Key
from privacy.verifier import Checkpoint, VerifierKey


def origin_of(base: str, log: int) -> str:
    """Name a log: the hub's first by its base, one that was begun after a restore by base and number."""
    return f"{base}/{log}" if log else base


def verifier_key(origin: str, key: Key) -> VerifierKey:
    """Derive the public half of the log's signing key."""
    return VerifierKey(origin, Ed25519PrivateKey.from_private_bytes(key.secret).public_key().public_bytes_raw())


def sign_checkpoint(checkpoint: Checkpoint, key: Key) -> str:
    """Return the checkpoint as a signed note under the log's key, which is named by the origin."""
    return sign_text(checkpoint.text, name=checkpoint.origin, key=key)


def sign_text(text: str, *, name: str, key: Key) -> str:
    """Return any text that ends in a newline as a signed note."""
    signature = Ed25519PrivateKey.from_private_bytes(key.secret).sign(text.encode())
    signed = base64.b64encode(verifier_key(name, key).key_id + signature).decode()
    return f"{text}\n— {name} {signed}\n"
