import base64
import json
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from privacy.checkpoint import sign_checkpoint, sign_text, verifier_key
from privacy.keys import Key, KeyKind
from privacy.merkle import head_of
from privacy.terms import KeyId
from privacy.verifier import (
    EMPTY_ROOT,
    WITNESS_KEY,
    Checkpoint,
    ProofRejected,
    TreeHead,
    VerifierKey,
    checkpoint_of,
    leaf_hash,
    verified_text,
    verifier_key_of,
    verify_checkpoint,
    verify_cosignature,
)

LOG: dict[str, Any] = json.loads((Path(__file__).parents[1] / "vectors" / "audit_log.json").read_text(encoding="utf-8"))
KEY = Key(KeyId(bytes(16)), KeyKind.SIGNING, bytes.fromhex(LOG["seed"]))
VKEY = verifier_key_of(LOG["vkey"])
HEAD = TreeHead(3, bytes.fromhex(LOG["root"]))

# The note and key of Go's own tests of the format (package sumdb/note): another implementation's bytes.
GO_VKEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
GO_SEED = base64.b64decode("AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz")[1:]
GO_TEXT = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
GO_SIGNATURE = "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM="
GO_NOTE = f"{GO_TEXT}\n— PeterNeumann {GO_SIGNATURE}\n"


def test_note_of_another_implementation_verifies_and_is_made_alike() -> None:
    key = Key(KeyId(bytes(16)), KeyKind.SIGNING, GO_SEED)
    assert verified_text(GO_NOTE, verifier_key_of(GO_VKEY)) == GO_TEXT
    assert sign_text(GO_TEXT, name="PeterNeumann", key=key) == GO_NOTE
    assert str(verifier_key("PeterNeumann", key)) == GO_VKEY


def test_log_of_the_vectors_has_the_checkpoint_of_the_vectors() -> None:
    assert head_of(leaf_hash(body.encode()) for body in LOG["bodies"]) == HEAD
    assert sign_checkpoint(Checkpoint(LOG["origin"], HEAD), KEY) == LOG["note"]
    assert verify_checkpoint(LOG["note"], VKEY) == Checkpoint(LOG["origin"], HEAD)
    assert str(verifier_key(LOG["origin"], KEY)) == LOG["vkey"]


def test_cosignatures_of_witnesses_are_passed_over() -> None:
    witness = sign_text(LOG["note"].split("\n\n")[0] + "\n", name="witness.example/w1", key=KEY).split("\n\n")[1]
    assert verify_checkpoint(LOG["note"] + witness, VKEY).head == HEAD
    before = LOG["note"].replace("\n\n", "\n\n" + witness)
    assert verify_checkpoint(before, VKEY).head == HEAD


def test_bad_signature_beside_a_good_one_refuses_the_note() -> None:
    forged = LOG["note"].split("\n\n")[1].rstrip("\n").rpartition(" ")
    signed = bytearray(base64.b64decode(forged[2]))
    signed[10] ^= 1
    with pytest.raises(ProofRejected, match="RFC 8032"):
        verify_checkpoint(f"{LOG['note']}{forged[0]} {base64.b64encode(signed).decode()}\n", VKEY)


def test_every_flipped_bit_of_text_or_signature_is_noticed() -> None:
    note = LOG["note"].encode()
    for at in range(len(note)):
        changed = bytearray(note)
        changed[at] ^= 1
        with pytest.raises((ProofRejected, UnicodeDecodeError)):
            verify_checkpoint(changed.decode(), VKEY)


@pytest.mark.parametrize(
    ("note", "clause"),
    [
        ("", "empty line"),
        (LOG["note"].replace("\n\n", "\n"), "empty line"),
        (LOG["note"].rstrip("\n"), "empty line"),
        ("\n\n" + LOG["note"].split("\n\n")[1], "empty line"),
        (LOG["note"].replace("\n", "\r\n"), "empty line|control"),
        (LOG["note"].replace("varde", "var\tde", 1), "control"),
        (LOG["note"] + "no dash here\n", "signature line"),
        (LOG["note"] + "— \n", "signature line"),
        (LOG["note"] + "— name\n", "begins with the key id"),
        (LOG["note"] + "— name ####\n", "base64"),
        (LOG["note"] + "— name AAA=\n", "begins with"),
        (LOG["note"] + "— name AAB=\n", "canonical"),
        (LOG["note"] + "— name é===\n", "base64"),
        (LOG["note"] + "x" * 70_000, "64 K"),
        (GO_NOTE, "expected key"),
    ],
)
def test_malformed_note_is_refused_with_its_clause(note: str, clause: str) -> None:
    with pytest.raises(ProofRejected, match=clause):
        verify_checkpoint(note, VKEY)


def test_checkpoint_of_another_log_is_refused_though_our_key_signed_it() -> None:
    foreign = sign_text(Checkpoint("varde/ff", HEAD).text, name=LOG["origin"], key=KEY)
    with pytest.raises(ProofRejected, match="another log"):
        verify_checkpoint(foreign, VKEY)


def text(*lines: str) -> str:
    return "".join(f"{line}\n" for line in lines)


ROOT = base64.b64encode(EMPTY_ROOT).decode()


def test_checkpoint_text_may_carry_extension_lines() -> None:
    assert checkpoint_of(text("o", "0", ROOT, "more")) == Checkpoint("o", TreeHead(0, EMPTY_ROOT))


@pytest.mark.parametrize(
    "wrong",
    [
        text("o", "0"),
        text("o", "0", ROOT, ""),
        text("", "0", ROOT),
        text("o", "0", ROOT).rstrip("\n"),
        text("o", "00", ROOT),
        text("o", "-1", ROOT),
        text("o", "١", ROOT),
        text("o", "9223372036854775808", ROOT),
        text("o", "0", ROOT[:-4]),
        text("o", "0", "-" * 44),
        text("o p", "0", ROOT),
        text("o+p", "0", ROOT),
    ],
)
def test_malformed_checkpoint_is_refused(wrong: str) -> None:
    with pytest.raises(ProofRejected):
        checkpoint_of(wrong)


@pytest.mark.parametrize(
    ("vkey", "clause"),
    [
        ("", "Ed25519"),
        (GO_VKEY.replace("PeterNeumann", "Peter"), "belong"),
        (GO_VKEY.replace("c74f20a3", "C74F20A3"), "belong"),
        (GO_VKEY[:-4], "32 bytes|belong"),
        (GO_VKEY.replace("+ARpc", "+AARpc"), "base64"),
        (GO_VKEY.replace("+ARpc", "+ZRpc"), "Ed25519"),
        (GO_VKEY.replace("PeterNeumann", "Peter Neumann"), "without spaces"),
    ],
)
def test_malformed_key_is_refused(vkey: str, clause: str) -> None:
    with pytest.raises(ProofRejected, match=clause):
        verifier_key_of(vkey)


def test_key_of_other_bytes_than_a_curve_point_length_cannot_be_made() -> None:
    with pytest.raises(ProofRejected, match="32 bytes"):
        VerifierKey("name", bytes(31))


WITNESS_KEY_PAIR = Ed25519PrivateKey.from_private_bytes(bytes(range(1, 33)))
WITNESS = VerifierKey("witness.example/w1", WITNESS_KEY_PAIR.public_key().public_bytes_raw(), WITNESS_KEY)

# The example of C2SP tlog-cosignature, whose key is not told; the line's shape is another implementation's.
C2SP_LINE = (
    "— witness.example.com/w1 "
    "jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJsX3b2oyin1nPZqhf5nNo0xUe+mbIUBkBIfZ+qnA==\n"
)


def cosigned(note: str, *times: int) -> str:
    """Cosign by the text of the specification, without any code of ours."""
    body = note.split("\n\n", maxsplit=1)[0] + "\n"
    key_id = sha256(b"witness.example/w1\n\x04" + WITNESS.public).digest()[:4]
    for time in times:
        signature = WITNESS_KEY_PAIR.sign(f"cosignature/v1\ntime {time}\n{body}".encode())
        note += f"— witness.example/w1 {base64.b64encode(key_id + time.to_bytes(8, 'big') + signature).decode()}\n"
    return note


def test_cosignature_of_a_witness_tells_its_time() -> None:
    assert verify_cosignature(cosigned(LOG["note"], 1_742_040_060) + C2SP_LINE, WITNESS) == 1_742_040_060
    assert verify_cosignature(cosigned(LOG["note"], 5, 9, 7), WITNESS) == 9
    assert verifier_key_of(str(WITNESS)) == WITNESS


def test_time_of_a_cosignature_cannot_be_moved() -> None:
    note = cosigned(LOG["note"], 9)
    line = note.rstrip("\n").rpartition(" ")
    signed = bytearray(base64.b64decode(line[2]))
    signed[11] ^= 1
    with pytest.raises(ProofRejected, match="RFC 8032"):
        verify_cosignature(f"{line[0]} {base64.b64encode(signed).decode()}\n", WITNESS)


@pytest.mark.parametrize(
    ("note", "key", "clause"),
    [
        (LOG["note"], WITNESS, "expected witness"),
        (cosigned(LOG["note"], 9).replace("\n3\n", "\n4\n"), WITNESS, "RFC 8032"),
        (cosigned(LOG["note"], 9), VKEY, "other kind"),
        (cosigned(LOG["note"], 1 << 63), WITNESS, "63 bits"),
        (cosigned("a text\n\n", 9), WITNESS, "three lines"),
    ],
)
def test_what_no_witness_said_is_refused(note: str, key: VerifierKey, clause: str) -> None:
    with pytest.raises(ProofRejected, match=clause):
        verify_cosignature(note, key)


def test_key_of_a_witness_signs_no_checkpoint() -> None:
    with pytest.raises(ProofRejected, match="other kind"):
        verify_checkpoint(LOG["note"], WITNESS)
