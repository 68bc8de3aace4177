"""Signed checkpoints of the audit log, in formats that other people's tools read.

Rules kept here:
- the text is C2SP tlog-checkpoint: origin, size, root in base64, one line each; the envelope is C2SP signed-note with
  Ed25519 (RFC 8032); a key is chosen by its name and the first four bytes of SHA-256(name, newline, 0x01, public key);
- lines by keys that we do not know (witnesses) are passed over; a bad line by the key we know refuses the whole note;
- nothing of a note is returned unless its signature held.
"""

import base64
import binascii
import re
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from privacy.errors import ProofRejected
from privacy.keys import Key
from privacy.merkle import HASH_BYTES, TreeHead

_ED25519: Final = b"\x01"
_ID_BYTES: Final = 4
_MOST_CHARACTERS: Final = 1 << 16  # a checkpoint has about 200; whoever sends more is not sending a checkpoint
_MOST_LEAVES: Final = (1 << 63) - 1
_NAME: Final = re.compile(r"[^\s+\x00-\x1f]{1,200}")
_SIZE: Final = re.compile(r"0|[1-9][0-9]{0,18}")


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What a log stated about itself: `origin` names the log, for example `varde/<instance id in hex>`.

    Raises:
        ProofRejected: the origin cannot name a key, the size is no size, or the root is no SHA-256.

    """

    origin: str
    head: TreeHead

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.origin):
            raise ProofRejected("C2SP tlog-checkpoint: the origin is text without spaces and plus signs")
        if not 0 <= self.head.size <= _MOST_LEAVES or len(self.head.root) != HASH_BYTES:
            raise ProofRejected("C2SP tlog-checkpoint: the size is 63 bits, the root 32 bytes")

    @property
    def text(self) -> str:
        """The three lines that are signed."""
        return f"{self.origin}\n{self.head.size}\n{base64.b64encode(self.head.root).decode()}\n"


@dataclass(frozen=True, slots=True)
class VerifierKey:
    """A public key and the name under which it signs; what an auditor is given."""

    name: str
    public: bytes

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name) or len(self.public) != HASH_BYTES:
            raise ProofRejected("C2SP signed-note: a key has a name without spaces and 32 bytes")

    @property
    def key_id(self) -> bytes:
        """Four bytes that choose the key; a hint, not a proof."""
        return sha256(self.name.encode() + b"\n" + _ED25519 + self.public).digest()[:_ID_BYTES]

    def __str__(self) -> str:
        encoded = base64.b64encode(_ED25519 + self.public).decode()
        return f"{self.name}+{self.key_id.hex()}+{encoded}"


def verifier_key_of(vkey: str) -> VerifierKey:
    """Read a key as `str(VerifierKey)` writes it: name, key id in hex, type and key in base64, with plus signs between.

    Raises:
        ProofRejected: it is malformed, of another type than Ed25519, or its id does not belong to it.

    """
    name, _, rest = vkey.partition("+")
    key_id, _, encoded = rest.partition("+")
    typed = _from_base64(encoded)
    if typed[:1] != _ED25519:
        raise ProofRejected("C2SP signed-note: not an Ed25519 key")
    key = VerifierKey(name, typed[1:])
    if key.key_id.hex() != key_id:
        raise ProofRejected("C2SP signed-note: the key id does not belong to the key")
    return key


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


def verify_checkpoint(note: str, key: VerifierKey) -> Checkpoint:
    """Check that the key signed the note and return what it says.

    Raises:
        ProofRejected: malformed, not signed by this key, signed badly, or about another log than the key's.

    """
    checkpoint = checkpoint_of(verified_text(note, key))
    if checkpoint.origin != key.name:
        raise ProofRejected("C2SP tlog-checkpoint: signed by another log's key")
    return checkpoint


def verified_text(note: str, key: VerifierKey) -> str:
    """Check a signed note of any content and return its text, final newline included.

    Raises:
        ProofRejected: malformed, not signed by this key, or signed badly.

    """
    if len(note) > _MOST_CHARACTERS:
        raise ProofRejected("C2SP signed-note: longer than 64 K characters")
    text, blank, signatures = note.rpartition("\n\n")
    if not blank or not text or not signatures.endswith("\n"):
        raise ProofRejected("C2SP signed-note: text, an empty line, then signature lines")
    if any(character < " " and character != "\n" for character in note):
        raise ProofRejected("C2SP signed-note: control characters")
    text += "\n"
    ours = [signature for line in signatures[:-1].split("\n") for signature in _signatures_by(key, line)]
    if not ours:
        raise ProofRejected("C2SP signed-note: not signed by the expected key")
    public = Ed25519PublicKey.from_public_bytes(key.public)
    for signature in ours:
        try:
            public.verify(signature, text.encode())
        except InvalidSignature as exc:
            raise ProofRejected("RFC 8032: the signature does not fit the text") from exc
    return text


def checkpoint_of(text: str) -> Checkpoint:
    """Parse the text of a checkpoint whose signature has been checked; extension lines are passed over.

    Raises:
        ProofRejected: fewer than three lines, an empty one, or a size or root that is malformed.

    """
    lines = text.removesuffix("\n").split("\n")
    if len(lines) < 3 or not all(lines) or not text.endswith("\n"):  # noqa: PLR2004 - origin, size, root
        raise ProofRejected("C2SP tlog-checkpoint: three lines or more, none empty")
    origin, size, root = lines[:3]
    if not _SIZE.fullmatch(size):
        raise ProofRejected("C2SP tlog-checkpoint: the size is decimal without leading zeros")
    return Checkpoint(origin, TreeHead(int(size), _from_base64(root)))


def _signatures_by(key: VerifierKey, line: str) -> list[bytes]:
    """Return the signature of a line made by the key, none where another key made it."""
    dash, _, rest = line.partition(" ")
    name, _, encoded = rest.partition(" ")
    if dash != "—" or not _NAME.fullmatch(name):
        raise ProofRejected("C2SP signed-note: a signature line is dash, name, signature")
    signed = _from_base64(encoded)
    if len(signed) <= _ID_BYTES:
        raise ProofRejected("C2SP signed-note: a signature begins with the key id")
    return [signed[_ID_BYTES:]] if (name, signed[:_ID_BYTES]) == (key.name, key.key_id) else []


def _from_base64(encoded: str) -> bytes:
    try:
        decoded = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError) as exc:
        raise ProofRejected("RFC 4648 §4: malformed base64") from exc
    if base64.b64encode(decoded).decode() != encoded:  # b64decode tolerates stray bits in the last character
        raise ProofRejected("RFC 4648 §3.5: base64 that is not canonical")
    return decoded
