"""The stand-alone verifier against files that other code made, and against every change of them."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from privacy.keys import Key, KeyKind
from privacy.merkle import consistency_proof, inclusion_proof
from privacy.proof import checkpoint_line, entry_line, entry_proof_text, growth_proof_text, log_line, sign_receipt
from privacy.terms import KeyId
from privacy.verifier import (
    Auditor,
    ProofRejected,
    Receipt,
    Replay,
    VerifierKey,
    _when,
    cosignatures,
    leaf_hash,
    main,
    proof_of,
    verifier_key_of,
    verify_receipt,
)

V: dict[str, Any] = json.loads((Path(__file__).parents[1] / "vectors" / "audit_proofs.json").read_text("utf-8"))
KEY, WITNESS = verifier_key_of(V["vkey"]), verifier_key_of(V["witness_vkey"])
SIGNING = Key(KeyId(bytes(16)), KeyKind.SIGNING, bytes.fromhex(V["seed"]))
ENTRIES = [line[9:-1].encode() for line in V["export"].splitlines() if line.startswith('{"entry":')]
LEAVES = [leaf_hash(entry) for entry in ENTRIES]


def auditor(*kept: str, quorum: int = 0, witnesses: tuple[VerifierKey, ...] = (WITNESS,)) -> Auditor:
    return Auditor(logs=[KEY], witnesses=witnesses, quorum=quorum, kept=kept)


def replay(export: str, *kept: str) -> list[str]:
    state = Replay(auditor(*kept))
    for line in export.splitlines(keepends=True):
        state.take(line.encode())
    return state.finish()


def test_files_of_another_maker_verify() -> None:
    assert auditor(V["receipt"], quorum=1).verify_entry(proof_of(V["entry_proof"])).head.size == 7
    assert auditor(V["old"], quorum=1).verify_growth(proof_of(V["growth_proof"])).head.size == 7
    assert verify_receipt(V["receipt"], KEY) == Receipt(V["origin"], 4, LEAVES[4], 1_742_040_060)
    assert replay(V["export"], V["old"], V["note"], V["receipt"])[1] == "signed up to entry 7"


def test_our_makers_write_the_same_bytes() -> None:
    assert entry_proof_text(ENTRIES[4], 4, inclusion_proof(LEAVES, 4), V["note"]) == V["entry_proof"]
    assert growth_proof_text(3, consistency_proof(LEAVES, 3), V["note"]) == V["growth_proof"]
    assert sign_receipt(Receipt(V["origin"], 4, LEAVES[4], 1_742_040_060), SIGNING) == V["receipt"]
    note = V["note"][: V["note"].index("— witness")]
    lines = [log_line(V["origin"]), *map(entry_line, ENTRIES[:3]), checkpoint_line(V["old"])]
    assert b"".join([*lines, *map(entry_line, ENTRIES[3:]), checkpoint_line(note)]).decode() == V["export"]


CHECKS: dict[str, Callable[[str], object]] = {
    "entry_proof": lambda text: auditor(quorum=1).verify_entry(proof_of(text)),
    "growth_proof": lambda text: auditor(V["old"], quorum=1).verify_growth(proof_of(text)),
    "receipt": lambda text: verify_receipt(text, KEY),
    "export": lambda text: replay(text, V["old"], V["note"]),
}


@pytest.mark.parametrize("name", CHECKS)
def test_every_flipped_bit_of_a_file_is_noticed(name: str) -> None:
    whole = V[name].encode()
    for at in range(0, len(whole), 1 if len(whole) < 2_000 else 7):
        changed = bytearray(whole)
        changed[at] ^= 1
        with pytest.raises((ProofRejected, UnicodeDecodeError)):
            CHECKS[name](changed.decode())


@pytest.mark.parametrize("name", CHECKS)
def test_a_file_that_was_cut_off_is_refused(name: str) -> None:
    for end in range(0, len(V[name]) - 1, 1 if len(V[name]) < 2_000 else 7):
        if name == "export" and V[name][:end].count("\n") >= 9 and V[name][:end].endswith("}\n"):
            continue  # all entries are there; the missing line is a checkpoint that the auditor holds
        with pytest.raises(ProofRejected):
            CHECKS[name](V[name][:end])


def test_a_quorum_counts_keys_not_names() -> None:
    twin = VerifierKey("witness.example/other", WITNESS.public, WITNESS.kind)
    assert cosignatures(V["note"], [WITNESS, WITNESS, twin]) == {WITNESS.public: 1_742_040_060}
    with pytest.raises(ProofRejected, match="1 of the 2"):
        auditor(quorum=2, witnesses=(WITNESS, WITNESS, twin)).verify_entry(proof_of(V["entry_proof"]))


def test_two_roots_for_one_size_are_said_to_be_proof() -> None:
    from privacy.checkpoint import sign_checkpoint
    from privacy.verifier import Checkpoint, TreeHead

    other = sign_checkpoint(Checkpoint(V["origin"], TreeHead(7, bytes(32))), SIGNING)
    with pytest.raises(ProofRejected, match="two roots for one size"):
        auditor(other).verify_entry(proof_of(V["entry_proof"]))
    with pytest.raises(ProofRejected, match="two roots for one size"):
        auditor(other, V["note"]).verify_entry(proof_of(V["entry_proof"]))


def test_a_receipt_is_never_read_as_a_checkpoint_nor_the_reverse() -> None:
    with pytest.raises(ProofRejected):
        auditor().checkpoint(V["receipt"])
    with pytest.raises(ProofRejected):
        verify_receipt(V["note"], KEY)


def test_a_key_speaks_for_the_logs_that_continue_its_own_and_no_others() -> None:
    assert auditor().key_for(f"{V['origin']}/12").public == KEY.public
    for foreign in ("varde", f"{V['origin']}/", f"{V['origin']}/0", f"{V['origin']}/01", f"{V['origin']}/x", "other"):
        with pytest.raises(ProofRejected, match="no key"):
            auditor().key_for(foreign)


def test_entries_cannot_steer_a_terminal(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from privacy.checkpoint import sign_checkpoint
    from privacy.merkle import head_of
    from privacy.verifier import Checkpoint

    for number, entry in enumerate((b'{"action":"\\u001b[2J","actor":"","at":1,"fields":{}}', b"\x1b[2J", b"[]")):
        note = sign_checkpoint(Checkpoint(V["origin"], head_of([leaf_hash(entry)])), SIGNING)
        path = tmp_path / f"{number}.tlog-proof"
        path.write_text(entry_proof_text(entry, 0, [], note), encoding="utf-8")
        assert main(["--key", V["vkey"], str(path)]) == 0
        told = capsys.readouterr().out
        assert "VERIFIED" in told
        assert "\x1b" not in told


@pytest.mark.parametrize(
    ("seconds", "said"), [(1795361401, "2026-11-22T15:30:01+00:00"), ((1 << 63) - 1, "after 1970")]
)
def test_a_witness_time_is_written_for_people_however_large(seconds: int, said: str) -> None:
    assert said in _when(seconds)
