"""Cosigning what `privacy.verifier` verifies: what a witness says under a log's checkpoint (C2SP tlog-cosignature).

Rules kept here:
- a cosignature states: at this time, the largest consistent tree that I have seen of this log has this size and root;
- what is signed is the line `cosignature/v1`, the line `time <seconds>` and the checkpoint's whole text, its extension
  lines included; the signature line carries the seconds as eight bytes before the Ed25519 signature;
- a cosigner's key has a type of its own (0x04, in the key id, too), so that a log's signature never passes for one;
- the message does not name the cosigner: one key pair serves one witness and nothing else.
"""

import base64
from datetime import datetime
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from privacy.instant import microseconds_of
from privacy.keys import Key
from privacy.verifier import WITNESS_KEY, ProofRejected, VerifierKey, checkpoint_of

_TIME_BYTES: Final = 8
_MICROSECONDS: Final = 1_000_000


def cosigner_key(name: str, key: Key) -> VerifierKey:
    """Derive the public half of a witness's key, as a log's verifiers configure it.

    Raises:
        ProofRejected: the name cannot name a key: it has a space or a plus sign.

    """
    public = Ed25519PrivateKey.from_private_bytes(key.secret).public_key().public_bytes_raw()
    return VerifierKey(name, public, WITNESS_KEY)


def cosign(text: str, *, cosigner: str, key: Key, at: datetime) -> str:
    """Return the signature line of a witness over the whole text of a checkpoint, final newline included.

    Raises:
        ProofRejected: the text is no checkpoint's, or the time is not after 1970.

    """
    checkpoint_of(text)
    seconds = microseconds_of(at) // _MICROSECONDS
    if seconds <= 0:
        raise ProofRejected("C2SP tlog-witness: the timestamp must not be zero")
    message = f"cosignature/v1\ntime {seconds}\n{text}".encode()
    signature = Ed25519PrivateKey.from_private_bytes(key.secret).sign(message)
    signed = cosigner_key(cosigner, key).key_id + seconds.to_bytes(_TIME_BYTES, "big") + signature
    return f"— {cosigner} {base64.b64encode(signed).decode()}\n"
