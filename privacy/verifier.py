# /// script
# requires-python = ">=3.11"
# dependencies = ["cryptography>=45"]
# ///
"""Check what an audit log claims: with public keys only, without the hub, without trusting whoever runs it.

This one file may be copied to any machine; it needs Python and the package `cryptography`, nothing of ours.

- Trees: RFC 6962 §2.1; proofs are read backwards through the definitions of their making, PATH and SUBPROOF.
- Notes: C2SP signed-note with Ed25519 (RFC 8032); checkpoints: C2SP tlog-checkpoint; witnesses: C2SP tlog-cosignature,
  `cosignature/v1`. Lines by unknown keys are passed over; a bad line by a known key refuses the whole note.
- `verify_*` raises `ProofRejected` with the clause that is broken; there is no boolean to forget.
"""

import base64
import binascii
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

HASH_BYTES: Final = 32
EMPTY_ROOT: Final = sha256(b"").digest()
LOG_KEY: Final = b"\x01"
"""A key that signs notes (C2SP signed-note, type Ed25519)."""
WITNESS_KEY: Final = b"\x04"
"""A key that cosigns checkpoints (C2SP tlog-cosignature, type timestamped Ed25519)."""

_NODE: Final = b"\x01"
_ID_BYTES: Final = 4
_MOST_CHARACTERS: Final = 1 << 16  # a checkpoint has about 200; whoever sends more is not sending a checkpoint
_MOST: Final = (1 << 63) - 1
_NAME: Final = re.compile(r"[^\s+\x00-\x1f\x7f-\x9f]{1,200}")
_NUMBER: Final = re.compile(r"0|[1-9][0-9]{0,18}")


class ProofRejected(Exception):
    """A proof, note or log does not verify; the text names the clause and repeats nothing of what was read."""

    def __init__(self, because: str) -> None:
        super().__init__(f"proof rejected: {because}")
        self.because = because


def leaf_hash(entry: bytes) -> bytes:
    """Hash one entry's exact bytes into a leaf (RFC 6962 §2.1: 0x00 before the entry)."""
    return sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Hash two subtrees into their parent (RFC 6962 §2.1: 0x01 before both)."""
    return sha256(_NODE + left + right).digest()


def split_of(size: int) -> int:
    """Return the largest power of two below `size` (RFC 6962 §2.1's k)."""
    return 1 << ((size - 1).bit_length() - 1)


@dataclass(frozen=True, slots=True)
class TreeHead:
    """The size of a tree in leaves and its root: all that a checkpoint says."""

    size: int
    root: bytes


def verify_inclusion(leaf: bytes, proof: Sequence[bytes], *, index: int, head: TreeHead) -> None:
    """Check that a leaf hash stands at `index` of the tree (RFC 6962 §2.1.1)."""
    if not 0 <= index < head.size:
        raise ProofRejected("RFC 6962 §2.1.1: the leaf's index is not below the tree's size")
    siblings = iter(proof)
    root = _including(leaf, siblings, index, head.size)
    if any(True for _ in siblings):
        raise ProofRejected("RFC 6962 §2.1.1: more hashes than levels")
    if root != head.root:
        raise ProofRejected("RFC 6962 §2.1.1: another root")


def _including(leaf: bytes, siblings: Iterator[bytes], m: int, n: int) -> bytes:
    """Return the root over n leaves with this one at m: PATH(m, D[n]), taken from its leaf upwards."""
    if n == 1:
        return leaf
    k = split_of(n)
    if m < k:
        return node_hash(_including(leaf, siblings, m, k), _next(siblings))
    right = _including(leaf, siblings, m - k, n - k)
    return node_hash(_next(siblings), right)


def verify_consistency(old: TreeHead, new: TreeHead, proof: Sequence[bytes]) -> None:
    """Check that the new tree begins with the old one: nothing changed, removed or put in between (RFC 6962 §2.1.2)."""
    if not 0 <= old.size <= new.size:
        raise ProofRejected("RFC 6962 §2.1.2: the newer tree is smaller")
    siblings = iter(proof)
    roots = (EMPTY_ROOT, new.root) if old.size == 0 else _continuing(siblings, old.size, new.size, old.root)
    if any(True for _ in siblings):
        raise ProofRejected("RFC 6962 §2.1.2: more hashes than levels")
    for root, head, age in zip(roots, (old, new), ("older", "newer"), strict=True):
        if root != head.root:
            raise ProofRejected(f"RFC 6962 §2.1.2: another root of the {age} tree")


def _continuing(siblings: Iterator[bytes], m: int, n: int, known: bytes | None) -> tuple[bytes, bytes]:
    """Return the roots over the first m and over all n leaves: SUBPROOF(m, D[n], b), b being whether m's is known."""
    if m == n:
        root = _next(siblings) if known is None else known
        return root, root
    k = split_of(n)
    if m <= k:
        old, new = _continuing(siblings, m, k, known)
        return old, node_hash(new, _next(siblings))
    old, new = _continuing(siblings, m - k, n - k, None)
    left = _next(siblings)
    return node_hash(left, old), node_hash(left, new)


def _next(siblings: Iterator[bytes]) -> bytes:
    sibling = next(siblings, None)
    if sibling is None:
        raise ProofRejected("RFC 6962 §2.1: fewer hashes than levels")
    return sibling


@dataclass(frozen=True, slots=True)
class VerifierKey:
    """A public key, the name under which it signs, and what kind of signatures it makes."""

    name: str
    public: bytes
    kind: bytes = LOG_KEY

    def __post_init__(self) -> None:
        if self.kind not in {LOG_KEY, WITNESS_KEY}:
            raise ProofRejected("C2SP signed-note: not an Ed25519 key")
        if not _NAME.fullmatch(self.name) or len(self.public) != HASH_BYTES:
            raise ProofRejected("C2SP signed-note: a key has a name without spaces and 32 bytes")

    @property
    def key_id(self) -> bytes:
        """Four bytes that choose the key; a hint, not a proof."""
        return sha256(self.name.encode() + b"\n" + self.kind + self.public).digest()[:_ID_BYTES]

    def __str__(self) -> str:
        return f"{self.name}+{self.key_id.hex()}+{base64.b64encode(self.kind + self.public).decode()}"


def verifier_key_of(vkey: str) -> VerifierKey:
    """Read a vkey: name, key id in hex, kind and key in base64, with plus signs between (C2SP signed-note)."""
    name, _, rest = vkey.partition("+")
    key_id, _, encoded = rest.partition("+")
    typed = _from_base64(encoded)
    key = VerifierKey(name, typed[1:], typed[:1])
    if key.key_id.hex() != key_id:
        raise ProofRejected("C2SP signed-note: the key id does not belong to the key")
    return key


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What a log stated about itself: `origin` names the log, for example `varde/<instance id in hex>`."""

    origin: str
    head: TreeHead

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.origin):
            raise ProofRejected("C2SP tlog-checkpoint: the origin is text without spaces and plus signs")
        if not 0 <= self.head.size <= _MOST or len(self.head.root) != HASH_BYTES:
            raise ProofRejected("C2SP tlog-checkpoint: the size is 63 bits, the root 32 bytes")

    @property
    def text(self) -> str:
        """The three lines that are signed."""
        return f"{self.origin}\n{self.head.size}\n{base64.b64encode(self.head.root).decode()}\n"


def checkpoint_of(text: str) -> Checkpoint:
    """Parse the text of a checkpoint whose signature has been checked; extension lines are passed over."""
    lines = text.removesuffix("\n").split("\n")
    if len(lines) < len(("origin", "size", "root")) or not all(lines) or not text.endswith("\n"):
        raise ProofRejected("C2SP tlog-checkpoint: three lines or more, none empty")
    return Checkpoint(lines[0], TreeHead(_number_of(lines[1]), _from_base64(lines[2])))


def verify_checkpoint(note: str, key: VerifierKey) -> Checkpoint:
    """Check that the log's key signed the note and return what it says."""
    checkpoint = checkpoint_of(verified_text(note, key))
    if checkpoint.origin != key.name:
        raise ProofRejected("C2SP tlog-checkpoint: signed by another log's key")
    return checkpoint


def verified_text(note: str, key: VerifierKey) -> str:
    """Check a signed note of any content and return its text, final newline included."""
    text, signatures = _signatures(note, key, LOG_KEY)
    if not signatures:
        raise ProofRejected("C2SP signed-note: not signed by the expected key")
    for signature in signatures:
        _verify_signature(key, signature, text)
    return text


def verify_cosignature(note: str, witness: VerifierKey) -> int:
    """Check that a witness cosigned the checkpoint in a note; return when it says so, in POSIX seconds."""
    text, signatures = _signatures(note, witness, WITNESS_KEY)
    if not signatures:
        raise ProofRejected("C2SP tlog-cosignature: not cosigned by the expected witness")
    times = []
    for signature in signatures:
        times.append(time := int.from_bytes(signature[:8], "big"))
        if time > _MOST:
            raise ProofRejected("C2SP tlog-cosignature: the time has 63 bits")
        _verify_signature(witness, signature[8:], f"cosignature/v1\ntime {time}\n{text}")
    checkpoint_of(text)  # a witness states something about checkpoints only
    return max(times)


def _signatures(note: str, key: VerifierKey, kind: bytes) -> tuple[str, list[bytes]]:
    """Split a note into its text and the signatures by one key (C2SP signed-note, format)."""
    if key.kind != kind:
        raise ProofRejected("C2SP signed-note: a key of the other kind, log for witness or witness for log")
    if len(note) > _MOST_CHARACTERS:
        raise ProofRejected("C2SP signed-note: longer than 64 K characters")
    text, blank, lines = note.rpartition("\n\n")
    if not blank or not text or not lines.endswith("\n"):
        raise ProofRejected("C2SP signed-note: text, an empty line, then signature lines")
    if any(character < " " and character != "\n" for character in note):
        raise ProofRejected("C2SP signed-note: control characters")
    signed = [_signed_of(line) for line in lines[:-1].split("\n")]
    return text + "\n", [rest for name, key_id, rest in signed if (name, key_id) == (key.name, key.key_id)]


def _signed_of(line: str) -> tuple[str, bytes, bytes]:
    """Read a signature line: name, key id, and what the key made."""
    dash, _, rest = line.partition(" ")
    name, _, encoded = rest.partition(" ")
    if dash != "—" or not _NAME.fullmatch(name):
        raise ProofRejected("C2SP signed-note: a signature line is dash, name, signature")
    signed = _from_base64(encoded)
    if len(signed) <= _ID_BYTES:
        raise ProofRejected("C2SP signed-note: a signature begins with the key id")
    return name, signed[:_ID_BYTES], signed[_ID_BYTES:]


def _verify_signature(key: VerifierKey, signature: bytes, text: str) -> None:
    try:
        Ed25519PublicKey.from_public_bytes(key.public).verify(signature, text.encode())
    except InvalidSignature as exc:
        raise ProofRejected("RFC 8032: the signature does not fit the text") from exc


def _number_of(written: str) -> int:
    if not _NUMBER.fullmatch(written):
        raise ProofRejected("C2SP tlog-checkpoint: a number is decimal without leading zeros")
    return int(written)


def _from_base64(encoded: str) -> bytes:
    try:
        decoded = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError) as exc:
        raise ProofRejected("RFC 4648 §4: malformed base64") from exc
    if base64.b64encode(decoded).decode() != encoded:  # b64decode tolerates stray bits in the last character
        raise ProofRejected("RFC 4648 §3.5: base64 that is not canonical")
    return decoded


@dataclass(frozen=True, slots=True)
class Frontier:
    """The right edge of a tree: the roots of its perfect subtrees, largest first, one per bit set in `size`."""

    size: int = 0
    hashes: tuple[bytes, ...] = ()

    def extended(self, leaves: Iterable[bytes], *, completed: list[tuple[int, int, bytes]] | None = None) -> "Frontier":
        """Append leaf hashes in order, read once; `completed` is told each inner node as level, position, hash."""
        hashes, size = list(self.hashes), self.size
        for leaf in leaves:  # one hash per leaf and node: the log is a sequence, no column operation
            node, level = leaf, 0
            while size >> level & 1:
                node = sha256(_NODE + hashes.pop() + node).digest()
                level += 1
                if completed is not None:
                    completed.append((level, size >> level, node))
            hashes.append(node)
            size += 1
        return Frontier(size, tuple(hashes))

    @property
    def head(self) -> TreeHead:
        """The size and root of the whole tree."""
        if not self.hashes:
            return TreeHead(0, EMPTY_ROOT)
        *larger, root = self.hashes
        for subtree in reversed(larger):
            root = node_hash(subtree, root)
        return TreeHead(self.size, root)
