# /// script
# requires-python = ">=3.11"
# dependencies = ["cryptography>=45"]
# ///
"""Check what an audit log claims: with public keys only, without the hub, without trusting whoever runs it.

This one file may be copied to any machine; it needs Python and the package `cryptography`, nothing of ours.

- Trees: RFC 6962 §2.1; proofs are read backwards through the definitions of their making, PATH and SUBPROOF.
- Notes: C2SP signed-note with Ed25519 (RFC 8032); checkpoints: C2SP tlog-checkpoint; witnesses: C2SP tlog-cosignature,
  `cosignature/v1`. Lines by unknown keys are passed over; a bad line by a known key refuses the whole note.
- Proof files: C2SP tlog-proof with the entry's bytes as `extra`; growth of a log: `old`, as in C2SP tlog-witness.
- Receipts and exports are our own forms, told at `Receipt` and `Replay`.
- `verify_*` raises `ProofRejected` with the clause that is broken; there is no boolean to forget.
"""

import argparse
import base64
import binascii
import json
import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

HASH_BYTES: Final = 32
EMPTY_ROOT: Final = sha256(b"").digest()
LOG_KEY: Final = b"\x01"
"""A key that signs notes (C2SP signed-note, type Ed25519)."""
WITNESS_KEY: Final = b"\x04"
"""A key that cosigns checkpoints (C2SP tlog-cosignature, type timestamped Ed25519)."""
PROOF_HEADER: Final = "c2sp.org/tlog-proof@v1"
RECEIPT_HEADER: Final = "varde-audit-receipt@v1"
CONTINUED: Final = "log.continued"
"""The action of the entry with which a log begins that goes on after a restore."""
LOST: Final = "log.lost"
"""The action of the entry that owns up to a log which a restore lost as a whole: an older backup was put back again."""

_BATCH: Final = 4096
_ENTRY: Final = b'{"entry":'
_LOST_ENTRY: Final = f'{{"action":"{LOST}",'.encode()
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


@dataclass(frozen=True, slots=True)
class Frontier:
    """The right edge of a tree: the roots of its perfect subtrees, largest first, one per bit set in `size`."""

    size: int = 0
    hashes: tuple[bytes, ...] = ()

    def extended(
        self, leaves: Iterable[bytes], *, completed: list[tuple[int, int, list[bytes]]] | None = None
    ) -> "Frontier":
        """Append leaf hashes, read once; `completed` is told inner nodes: level, position of the first, hashes."""
        row, edge, fresh, level = list(leaves), list(self.hashes), list[bytes](), 0
        size = self.size + len(row)
        while row:  # level by level: little is done a node besides hashing it
            first = self.size >> level
            if first & 1:
                first, row = first - 1, [edge.pop(), *row]
            if len(row) & 1:
                fresh.append(row[-1])
            row = [sha256(_NODE + left + right).digest() for left, right in zip(row[::2], row[1::2], strict=False)]
            level += 1
            if completed is not None and row:
                completed.append((level, first >> 1, row))
        return Frontier(size, (*edge, *reversed(fresh)))

    @property
    def head(self) -> TreeHead:
        """The size and root of the whole tree."""
        if not self.hashes:
            return TreeHead(0, EMPTY_ROOT)
        *larger, root = self.hashes
        for subtree in reversed(larger):
            root = node_hash(subtree, root)
        return TreeHead(self.size, root)


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
        return f"{self.name}+{self.key_id.hex()}+{_to_base64(self.kind + self.public)}"


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
        return f"{self.origin}\n{self.head.size}\n{_to_base64(self.head.root)}\n"


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


def cosignatures(note: str, witnesses: Iterable[VerifierKey]) -> dict[bytes, int]:
    """Return when each witness cosigned, by public key: one key under two names counts once.

    A witness that did not sign is left out; one whose line does not verify refuses the note.
    """
    signed = [witness for witness in witnesses if _signatures(note, witness, WITNESS_KEY)[1]]
    return {witness.public: verify_cosignature(note, witness) for witness in signed}


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


def _hash_of(encoded: str) -> bytes:
    if len(decoded := _from_base64(encoded)) != HASH_BYTES:
        raise ProofRejected("RFC 6962 §2.1: a hash has 32 bytes")
    return decoded


def _to_base64(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


def _from_base64(encoded: str) -> bytes:
    try:
        decoded = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError) as exc:
        raise ProofRejected("RFC 4648 §4: malformed base64") from exc
    if _to_base64(decoded) != encoded:  # b64decode tolerates stray bits in the last character
        raise ProofRejected("RFC 4648 §3.5: base64 that is not canonical")
    return decoded


@dataclass(frozen=True, slots=True)
class Receipt:
    """A promise of the log: the entry with this leaf hash has this place, said at this time (POSIX seconds).

    A checkpoint over more entries than `index`, with another leaf there, proves that the log broke its word.
    """

    origin: str
    index: int
    leaf: bytes
    seconds: int

    @property
    def text(self) -> str:
        """The five lines that are signed; the first keeps a receipt from ever being read as a checkpoint."""
        return f"{RECEIPT_HEADER}\n{self.origin}\n{self.index}\n{_to_base64(self.leaf)}\n{self.seconds}\n"


def verify_receipt(note: str, key: VerifierKey) -> Receipt:
    """Check that the log's key signed a receipt and return what it promises."""
    lines = verified_text(note, key).split("\n")
    if len(lines) != len(("header", "origin", "index", "leaf", "seconds", "")) or lines[0] != RECEIPT_HEADER:
        raise ProofRejected(f"receipt: five lines, the first of them {RECEIPT_HEADER}")
    if lines[1] != key.name:
        raise ProofRejected("receipt: signed by another log's key")
    return Receipt(lines[1], _number_of(lines[2]), _hash_of(lines[3]), _number_of(lines[4]))


@dataclass(frozen=True, slots=True)
class Proof:
    """A proof file: hashes and the note they lead to. `number` is a leaf's index, or the size of an older tree."""

    number: int
    hashes: list[bytes]
    note: str
    entry: bytes | None = None


def proof_of(text: str) -> Proof:
    """Read C2SP tlog-proof (`extra`: the entry's bytes), or growth as in C2SP tlog-witness (`old`)."""
    head, _, note = text.partition("\n\n")
    word, entry, lines = "old", None, head.split("\n")
    if lines[0] == PROOF_HEADER:
        word, lines = "index", lines[1:]
        if lines and lines[0].startswith("extra "):
            entry, lines = _from_base64(lines[0].removeprefix("extra ")), lines[1:]
    if not lines or not lines[0].startswith(f"{word} "):
        raise ProofRejected(f"C2SP tlog-proof: the line `{word}` is missing")
    return Proof(_number_of(lines[0].removeprefix(f"{word} ")), [_hash_of(line) for line in lines[1:]], note, entry)


@dataclass(frozen=True, kw_only=True)
class Auditor:
    """What an auditor brings: public keys, how many witnesses must agree, and notes that were kept elsewhere."""

    logs: Sequence[VerifierKey]
    witnesses: Sequence[VerifierKey] = ()
    quorum: int = 0
    kept: Sequence[str] = ()

    @cached_property
    def heads(self) -> dict[tuple[str, int], bytes]:
        """The roots of the checkpoints that were kept, by origin and size."""
        notes = (note for note in self.kept if not note.startswith(RECEIPT_HEADER))
        checkpoints = [verify_checkpoint(note, self.key_for(note.partition("\n")[0])) for note in notes]
        heads = {(each.origin, each.head.size): each.head.root for each in checkpoints}
        if any(heads[each.origin, each.head.size] != each.head.root for each in checkpoints):
            raise ProofRejected("the log signed two roots for one size: these two notes prove it")
        return heads

    @cached_property
    def promises(self) -> dict[tuple[str, int], bytes]:
        """The leaf hashes of the receipts that were kept, by origin and index."""
        notes = (note for note in self.kept if note.startswith(RECEIPT_HEADER))
        receipts = [verify_receipt(note, self.key_for(note.split("\n")[1])) for note in notes]
        return {(each.origin, each.index): each.leaf for each in receipts}

    def key_for(self, origin: str) -> VerifierKey:
        """Find a log's key; a key speaks for the logs that continue its own too (`<name>/<number>`)."""
        for key in self.logs:
            base, _, number = origin.rpartition("/")
            if origin == key.name or (base == key.name and number != "0" and _NUMBER.fullmatch(number)):
                return VerifierKey(origin, key.public)
        raise ProofRejected("no key was given for the log that this is about")

    def checkpoint(self, note: str) -> Checkpoint:
        """Check a checkpoint's signature, its cosignatures, and that no note that was kept contradicts it."""
        checkpoint, agreed = self.counted(note)
        if agreed < self.quorum:
            raise ProofRejected(f"C2SP tlog-cosignature: {agreed} of the {self.quorum} witnesses that must agree")
        return checkpoint

    def counted(self, note: str) -> tuple[Checkpoint, int]:
        """Check a checkpoint likewise; return it with how many witnesses cosigned, be they enough or not."""
        checkpoint = verify_checkpoint(note, self.key_for(note.partition("\n")[0]))
        if self.heads.get((checkpoint.origin, checkpoint.head.size), checkpoint.head.root) != checkpoint.head.root:
            raise ProofRejected("the log signed two roots for one size: this note and one that was kept prove it")
        return checkpoint, len(cosignatures(note, self.witnesses))

    def verify_entry(self, proof: Proof) -> Checkpoint:
        """Check that the entry in a proof file is in the log, where a receipt promised it."""
        checkpoint = self.checkpoint(proof.note)
        if proof.entry is None:
            raise ProofRejected("C2SP tlog-proof: the entry itself is missing (line `extra`)")
        leaf = leaf_hash(proof.entry)
        verify_inclusion(leaf, proof.hashes, index=proof.number, head=checkpoint.head)
        if self.promises.get((checkpoint.origin, proof.number), leaf) != leaf:
            raise ProofRejected("the log holds another entry than its receipt promised: the two files prove it")
        return checkpoint

    def verify_growth(self, proof: Proof) -> Checkpoint:
        """Check that a newer checkpoint only adds to one that was kept."""
        checkpoint = self.checkpoint(proof.note)
        root = self.heads.get((checkpoint.origin, proof.number))
        if root is None:
            raise ProofRejected("the older checkpoint must be given: --kept FILE")
        verify_consistency(TreeHead(proof.number, root), checkpoint.head, proof.hashes)
        return checkpoint


class Replay:
    """A whole exported log, recomputed: NDJSON of `log`, `entry` (its exact bytes), `pruned`, `checkpoint`."""

    def __init__(self, auditor: Auditor) -> None:
        self._auditor, self.told, self._logs = auditor, list[str](), set[str]()
        self._origin, self._edge, self._fresh = "", Frontier(), list[bytes]()
        self._roots, self._signed, self._pruned = dict[int, bytes](), 0, 0
        self._witnessed = 0
        self._lost = dict[str, TreeHead]()
        self._before: tuple[str, int, dict[int, bytes]] | None = None

    def take(self, line: bytes) -> None:
        """Take the next line."""
        if not self._origin and not line.startswith(b'{"log":'):
            raise ProofRejected("export: it begins with the name of a log")
        if line.startswith(_ENTRY) and line.endswith(b"}\n"):
            self._take_entry(line[len(_ENTRY) : -2])
            return
        try:
            ((kind, value),) = json.loads(line).items()
        except (ValueError, AttributeError, RecursionError) as exc:
            raise ProofRejected("export: a line is no JSON object of one name") from exc
        if kind == "log":
            self._begin(str(value))
        elif kind == "pruned" and self._size:
            self._pruned += 1
            self._push(_hash_of(str(value)))
        elif kind == "checkpoint":
            self._compare(*self._auditor.counted(str(value)))
        else:
            raise ProofRejected("export: a line of an unknown kind, or a log whose first entry was pruned")

    def finish(self) -> list[str]:
        """End the last log; return what was found, in words."""
        self._tell()
        if self._auditor.quorum and not self._witnessed:
            raise ProofRejected(f"C2SP tlog-cosignature: under no checkpoint {self._auditor.quorum} that must agree")
        self._end(self._origin, self._size, None)
        self._end_lost()
        return self.told

    @property
    def _size(self) -> int:
        return self._edge.size + len(self._fresh)

    def _begin(self, origin: str) -> None:
        if self._origin:
            self._before = (self._origin, self._size, self._roots)
            self._tell()
        self._auditor.key_for(origin)
        self._logs.add(origin)
        self._origin, self._edge, self._fresh = origin, Frontier(), []
        self._roots, self._signed, self._witnessed, self._pruned = {0: EMPTY_ROOT}, 0, 0, 0

    def _take_entry(self, entry: bytes) -> None:
        if self._size == 0 and (self._before or self._origin not in {key.name for key in self._auditor.logs}):
            self._continue(entry)
        if entry.startswith(_LOST_ENTRY):
            self._lose(entry)
        self._push(leaf_hash(entry))

    def _push(self, leaf: bytes) -> None:
        if self._auditor.promises.get((self._origin, self._size), leaf) != leaf:
            raise ProofRejected(f"entry {self._size} is another than its receipt promised: the two files prove it")
        self._fresh.append(leaf)
        if len(self._fresh) == _BATCH or (self._origin, self._size) in self._auditor.heads:
            root = self._head().root
            if self._auditor.heads.get((self._origin, self._size), root) != root:
                raise ProofRejected(f"the first {self._size} entries are not those of a checkpoint that was kept")

    def _head(self) -> TreeHead:
        self._edge, self._fresh = self._edge.extended(self._fresh), []
        self._roots[self._size] = self._edge.head.root
        return self._edge.head

    def _compare(self, checkpoint: Checkpoint, agreed: int) -> None:
        if checkpoint != Checkpoint(self._origin, self._head()):
            raise ProofRejected(f"the first {self._size} entries are not those that the checkpoint there states")
        self._signed = self._size
        if agreed >= max(1, self._auditor.quorum):
            self._witnessed = self._size

    def _continue(self, entry: bytes) -> None:
        """Check that a log begins by committing to the end of the one before it, which a restore may have cut."""
        try:
            told = json.loads(entry)
            known = TreeHead(int(told["fields"]["log_size"]), bytes.fromhex(told["fields"]["log_root"]))
        except (ValueError, LookupError, TypeError, RecursionError) as exc:
            raise ProofRejected("the log does not begin with the end of the one before it") from exc
        if self._before is None or told["action"] != CONTINUED:
            raise ProofRejected("the log does not begin with the end of the one before it, or that one is missing")
        origin, held, roots = self._before
        if known.size > held:
            self.told.append(f"GAP: {known.size - held} entries of {origin}, from {held} on, were lost by a restore")
        elif roots.get(known.size) != known.root:
            raise ProofRejected("the log continues from a history that is not the one before it")
        self._before = None
        self._end(origin, held, known)

    def _end(self, origin: str, held: int, known: TreeHead | None) -> None:
        """Check that what was kept about entries which are not there is explained by a loss that was owned up to."""
        for (of, size), root in self._auditor.heads.items():
            if of != origin or size <= held:
                continue
            if known is None or size > known.size:
                raise ProofRejected(f"the log has {held} entries, fewer than a checkpoint that was kept states")
            if size == known.size and root != known.root:
                raise ProofRejected("the next log continues from another history than a checkpoint that was kept")

    def _lose(self, entry: bytes) -> None:
        """Take down a log that was lost as a whole, with the last that was known of it."""
        try:
            fields = json.loads(entry)["fields"]
            known = TreeHead(int(fields["log_size"]), bytes.fromhex(fields["log_root"]))
            number = int(fields["log_number"])
        except (ValueError, LookupError, TypeError, RecursionError) as exc:
            raise ProofRejected("an entry owns up to a lost log and does not say which") from exc
        bases = {key.name for key in self._auditor.logs}
        base = self._origin if self._origin in bases else self._origin.rpartition("/")[0]
        self._lost[f"{base}/{number}"] = known

    def _end_lost(self) -> None:
        """Check that every log that a kept note is about is there, or was owned up to as lost with as much as that."""
        for origin, known in self._lost.items():
            if origin not in self._logs:
                self.told.append(f"GAP: all {known.size} entries of {origin} were lost by a restore")
                self._logs.add(origin)
                self._end(origin, 0, known)
        if missing := {origin for origin, _ in (*self._auditor.heads, *self._auditor.promises)} - self._logs:
            raise ProofRejected(f"export: {len(missing)} logs are missing that a note which was kept is about")

    def _tell(self) -> None:
        size, signed = self._size, self._signed
        self.told.append(f"{size} entries of {self._origin} recomputed, {self._pruned} of them by their hash alone")
        self.told.append(f"signed up to entry {signed}" + (f"; {size - signed} later ones are not" * (size > signed)))
        if self._witnessed or self._auditor.quorum:
            most = max(1, self._auditor.quorum)
            self.told.append(f"witnessed by {most} or more up to entry {self._witnessed}")


def readable(entry: bytes) -> list[str]:
    """Write an entry for people; nothing in it can steer a terminal (JSON escapes control characters)."""
    try:
        told = json.loads(entry)
        at = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=told["at"])
        fields = {"action": told["action"], "at": at.isoformat(), "actor": told["actor"], **told["fields"]}
    except (ValueError, LookupError, TypeError, OverflowError, RecursionError):
        fields = {"bytes": entry.hex()}  # a log may hold entries of a form that this copy does not know
    return [f"  {json.dumps(name)}: {json.dumps(value)}" for name, value in fields.items()]


def _when(seconds: int) -> str:
    """Write a witness's time for people; 63 bits reach further than the calendar."""
    try:
        return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)).isoformat()
    except OverflowError:
        return f"{seconds} s after 1970"


def examine(path: Path, auditor: Auditor) -> list[str]:
    """Verify one file of any kind and say what it proves."""
    with path.open("rb") as file:
        if file.read(1) == b"{":
            file.seek(0)
            replay = Replay(auditor)
            for line in file:
                replay.take(line)
            return replay.finish()
    text = path.read_text("utf-8")
    if text.startswith(RECEIPT_HEADER):
        receipt = verify_receipt(text, auditor.key_for((text + "\n").split("\n")[1]))
        return [f"a promise: entry {receipt.index} of {receipt.origin} has the leaf {receipt.leaf.hex()}"]
    if not text.startswith((PROOF_HEADER, "old ")):
        checkpoint, proof, lines = auditor.checkpoint(text), Proof(0, [], text), list[str]()
    elif (proof := proof_of(text)).entry is None and text.startswith("old "):
        checkpoint = auditor.verify_growth(proof)
        lines = [f"its first {proof.number} entries are those of the older checkpoint"]
    else:
        checkpoint = auditor.verify_entry(proof)
        lines = [f"entry {proof.number} is in it:", *readable(proof.entry or b"")]
    times = sorted(cosignatures(proof.note, auditor.witnesses).values())
    level = f"witnessed by {len(times)}, last at {_when(times[-1])}" if times else "signed"
    return [f"checkpoint of {checkpoint.origin} over {checkpoint.head.size} entries: {level}", *lines]


def main(arguments: Sequence[str] | None = None) -> int:
    """Verify files on the command line; the exit code is 0 if all hold, 1 if one does not."""
    parser = argparse.ArgumentParser(description="Verify proofs, receipts, checkpoints and exports of an audit log.")
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE")
    parser.add_argument("--key", action="append", required=True, help="public key of the log (vkey)")
    parser.add_argument("--witness", action="append", default=[], help="public key of a witness (vkey)")
    parser.add_argument(
        "--quorum",
        type=int,
        choices=range(1, 64),
        metavar="N",
        default=0,
        help="how many of the witnesses must have cosigned",
    )
    parser.add_argument("--kept", action="append", default=[], type=Path, help="checkpoint or receipt kept elsewhere")
    given = parser.parse_args(arguments)
    try:
        auditor = Auditor(
            logs=[verifier_key_of(key) for key in given.key],
            witnesses=[verifier_key_of(key) for key in given.witness],
            quorum=given.quorum,
            kept=[path.read_text("utf-8") for path in given.kept],
        )
        for path in given.files:
            sys.stdout.writelines(f"{line}\n" for line in ["VERIFIED", *examine(path, auditor)])
    except (ProofRejected, OSError, UnicodeDecodeError) as exc:
        sys.stderr.write(f"NOT VERIFIED: {exc}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
