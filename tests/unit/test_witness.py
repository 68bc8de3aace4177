import base64
import pickle
from dataclasses import replace
from pathlib import Path

import pytest

from hub.errors import HomeUnsafe
from hub.witness.record import find_record, trust, watched
from hub.witness.rules import MOST_BYTES, Refusal, Submission, SubmissionRefused, submission_of
from hub.witness.witness import KEY_FILE, Witness, make_witness, open_witness
from privacy.checkpoint import sign_text
from privacy.verifier import ProofRejected, verify_cosignature
from tests.builders import NOON, a_key
from tests.builders_log import ALog

LOG = ALog()
LINE = base64.b64encode(bytes(32)).decode()


@pytest.fixture
def witness(tmp_path: Path) -> Witness:
    made = make_witness(tmp_path / "witness", "witness.example/w1")
    trust(made.folder, LOG.vkey)
    return made


def refusal(witness: Witness, body: bytes) -> tuple[Refusal, int | None]:
    with pytest.raises(SubmissionRefused) as refused:
        witness.add_checkpoint(body, at=NOON)
    return refused.value.because, refused.value.have


def test_log_that_grows_is_cosigned_step_by_step(witness: Witness) -> None:
    for old, new in ((0, 5), (5, 5), (5, 12), (12, 13)):
        line = witness.add_checkpoint(LOG.body(old, new), at=NOON)
        assert verify_cosignature(LOG.note(new) + line, witness.public_key) == int(NOON.timestamp())
    record = find_record(witness.folder, LOG.origin)
    assert record is not None
    assert record.head == LOG.head(13)


def test_witness_opened_again_remembers(witness: Witness) -> None:
    witness.add_checkpoint(LOG.body(0, 5), at=NOON)
    again = open_witness(witness.folder)
    assert again.public_key == witness.public_key
    assert refusal(again, LOG.body(0, 9)) == (Refusal.STALE, 5)
    again.add_checkpoint(LOG.body(5, 9), at=NOON)


def test_fork_is_refused_at_the_same_size_and_beyond_it(witness: Witness) -> None:
    witness.add_checkpoint(LOG.body(0, 8), at=NOON)
    fork = LOG.fork(at=4)
    assert refusal(witness, fork.body(8, 8)) == (Refusal.SPLIT, 8)
    assert refusal(witness, fork.body(8, 12)) == (Refusal.INCONSISTENT, None)
    stolen = replace(LOG.submission(8, 12), note=fork.note(12))
    assert refusal(witness, stolen.to_bytes())[0] == Refusal.INCONSISTENT


def test_rollback_is_refused_and_told_the_size(witness: Witness) -> None:
    witness.add_checkpoint(LOG.body(0, 8), at=NOON)
    assert refusal(witness, LOG.body(3, 6)) == (Refusal.STALE, 8)
    assert refusal(witness, LOG.body(0, 6)) == (Refusal.STALE, 8)
    assert refusal(witness, LOG.body(8, 6)) == (Refusal.OLD_ABOVE_NEW, None)


def test_unknown_log_and_foreign_signature_are_told_apart(witness: Witness) -> None:
    assert refusal(witness, replace(LOG, origin="example.com/other").body(0, 3))[0] == Refusal.UNKNOWN_LOG
    assert refusal(witness, replace(LOG, key=a_key(78)).body(0, 3))[0] == Refusal.NOT_SIGNED
    unsigned = Submission(0, (), LOG.note(3).split("\n\n")[0] + "\n")
    assert refusal(witness, unsigned.to_bytes())[0] == Refusal.NOT_SIGNED
    assert not list(witness.folder.rglob("*.lock"))[1:], "a name that is not watched leaves no file behind"


def test_signature_of_the_log_over_something_else_is_no_checkpoint(witness: Witness) -> None:
    note = sign_text(f"{LOG.origin}\nthree\nx\n", name=LOG.origin, key=LOG.key)
    assert refusal(witness, Submission(0, (), note).to_bytes())[0] == Refusal.NOT_SIGNED


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"old 0\n",
        b"old 00\n\n" + LOG.note(3).encode(),
        b"old -1\n\n" + LOG.note(3).encode(),
        b"old 0 \n\n" + LOG.note(3).encode(),
        b"Old 0\n\n" + LOG.note(3).encode(),
        b"old 0\nAAAA\n\n" + LOG.note(3).encode(),
        b"old 0\nnot base64\n\n" + LOG.note(3).encode(),
        f"old 0\n{LINE[:-2]}B=\n\n{LOG.note(3)}".encode(),
        b"old 0\n" + f"{LINE}\n".encode() * 64 + b"\n" + LOG.note(3).encode(),
        b"old 0\n\n" + LOG.note(3).encode() + b"\xff",
        b"old 0\n\n" + LOG.note(3).encode() + b"x" * MOST_BYTES,
    ],
)
def test_malformed_body_is_refused(witness: Witness, body: bytes) -> None:
    assert refusal(witness, body)[0] == Refusal.MALFORMED


def test_proof_where_none_is_needed_is_refused(witness: Witness) -> None:
    with_proof = replace(LOG.submission(0, 3), proof=(bytes(32),))
    assert refusal(witness, with_proof.to_bytes())[0] == Refusal.INCONSISTENT


def test_body_is_read_back_as_it_was_written() -> None:
    submission = LOG.submission(5, 12)
    assert submission_of(submission.to_bytes()) == submission
    assert submission.proof


def test_record_that_is_gone_makes_the_log_unknown_never_fresh(witness: Witness) -> None:
    witness.add_checkpoint(LOG.body(0, 8), at=NOON)
    for path in witness.folder.rglob("*.log"):
        path.unlink()
    assert refusal(witness, LOG.fork(at=2).body(0, 8))[0] == Refusal.UNKNOWN_LOG


@pytest.mark.parametrize("damage", ["", "varde-witness-log/v2\n", "varde-witness-log/v1\nx\n", "nothing"])
def test_record_that_cannot_be_read_signs_nothing(witness: Witness, damage: str) -> None:
    (path,) = witness.folder.rglob("*.log")
    path.write_text(damage, encoding="utf-8")
    with pytest.raises(HomeUnsafe, match="record"):
        witness.add_checkpoint(LOG.body(0, 8), at=NOON)


def test_record_with_an_altered_note_signs_nothing(witness: Witness) -> None:
    witness.add_checkpoint(LOG.body(0, 8), at=NOON)
    (path,) = witness.folder.rglob("*.log")
    path.write_text(path.read_text(encoding="utf-8").replace("\n8\n", "\n4\n"), encoding="utf-8")
    with pytest.raises(HomeUnsafe, match="record"):
        witness.add_checkpoint(LOG.fork(at=5).body(4, 9), at=NOON)


def test_log_is_trusted_once_and_only_under_a_logs_key(witness: Witness) -> None:
    witness.add_checkpoint(LOG.body(0, 8), at=NOON)
    with pytest.raises(FileExistsError):
        trust(witness.folder, LOG.vkey)
    with pytest.raises(ProofRejected, match="witness"):
        trust(witness.folder, witness.public_key)
    assert [record.head.size for record in watched(witness.folder)] == [8]


def test_witness_is_made_once_and_its_key_is_its_own(witness: Witness) -> None:
    with pytest.raises(HomeUnsafe, match="already"):
        make_witness(witness.folder, "witness.example/w2")
    assert (witness.folder / KEY_FILE).stat().st_mode & 0o777 == 0o600
    secret = base64.b64encode(witness.key.secret).decode()
    assert secret not in repr(witness)
    with pytest.raises(TypeError):
        pickle.dumps(witness)


def test_key_that_others_may_read_is_refused(witness: Witness) -> None:
    (witness.folder / KEY_FILE).chmod(0o640)
    with pytest.raises(HomeUnsafe, match="others"):
        open_witness(witness.folder)


def test_folder_without_a_witness_is_refused(tmp_path: Path) -> None:
    with pytest.raises(HomeUnsafe, match="init"):
        open_witness(tmp_path)
