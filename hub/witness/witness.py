"""A small witness: it watches logs and cosigns their checkpoints, never two that contradict each other.

Its folder holds a key of its own (0600) and one record a log. Nothing of Varde is needed beside it: no database, no
hub. Run it where the log's operator cannot reach, or it proves nothing.
"""

import base64
import secrets
import stat
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Final, NoReturn

from hub.durable_file import create
from hub.errors import HomeUnsafe
from hub.witness.record import LOGS, find_record, locked, remember
from hub.witness.rules import Refusal, SubmissionRefused, submission_of, verify_step
from privacy.cosignature import cosign, cosigner_key
from privacy.keys import KEY_BYTES, Key, KeyKind
from privacy.terms import KeyId
from privacy.verifier import VerifierKey, verified_text

KEY_FILE: Final = "witness.key"
_KEY_ID: Final = KeyId(bytes(16))  # the key is in no key store; its file is its place
_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO


def _unreported(_step: str) -> None:
    """Let a step pass."""


@dataclass(frozen=True, slots=True, repr=False)
class Witness:
    """One witness: its folder, its name (a URL without scheme) and its key.

    `reached` is told each named step, for the crash tests.
    """

    folder: Path
    name: str
    key: Key
    reached: Callable[[str], None] = _unreported

    def __repr__(self) -> str:
        """Show the name only."""
        return f"Witness({self.name!r})"

    def __reduce__(self) -> NoReturn:
        """Refuse to be pickled: a pickle is a file with the key in clear."""
        raise TypeError("a Witness is never pickled")

    @property
    def public_key(self) -> VerifierKey:
        """The public key that a log's verifiers configure."""
        return cosigner_key(self.name, self.key)

    def add_checkpoint(self, body: bytes, *, at: datetime) -> str:
        """Answer an `add-checkpoint`: remember the new head, on the disk, and only then return the cosignature line.

        Raises:
            SubmissionRefused: names the rule; nothing was remembered or signed.
            HomeUnsafe: the record of the log cannot be read; nothing was signed.

        """
        submission = submission_of(body)
        if find_record(self.folder, submission.origin) is None:
            raise SubmissionRefused(Refusal.UNKNOWN_LOG)  # before a lock file is made for any name that is sent
        with locked(self.folder, submission.origin):
            record = find_record(self.folder, submission.origin)
            if record is None:
                raise SubmissionRefused(Refusal.UNKNOWN_LOG)
            verify_step(submission, key=record.key, last=record.head)
            self.reached("decided")
            remember(self.folder, replace(record, note=submission.note))
            self.reached("remembered")
            text = verified_text(submission.note, record.key)
            return cosign(text, cosigner=self.name, key=self.key, at=at)


def make_witness(folder: Path, name: str) -> Witness:
    """Make a witness's folder and draw its key.

    Raises:
        HomeUnsafe: there is a witness already; its key is not drawn twice.
        ProofRejected: the name cannot name a key (spaces, plus signs).

    """
    key = verified_new(folder, name).key
    (folder / LOGS).mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        create(folder / KEY_FILE, f"{name}\n{base64.b64encode(key.secret).decode()}\n".encode())
    except FileExistsError:
        raise _there_already() from None
    return Witness(folder, name, key)


def verified_new(folder: Path, name: str) -> Witness:
    """Draw the witness that `make_witness` would make, and write nothing; raises what it raises."""
    made = Witness(folder, name, Key(_KEY_ID, KeyKind.SIGNING, secrets.token_bytes(KEY_BYTES)))
    cosigner_key(name, made.key)
    if (folder / KEY_FILE).exists():
        raise _there_already()
    return made


def _there_already() -> HomeUnsafe:
    why = "there is a witness already"
    return HomeUnsafe("the witness's folder", why, "Use it, or name another folder")


def open_witness(folder: Path, reached: Callable[[str], None] = _unreported) -> Witness:
    """Open a witness that `make_witness` made.

    Raises:
        HomeUnsafe: there is none, or others may read its key.

    """
    path = folder / KEY_FILE
    try:
        if stat.S_IMODE(path.stat().st_mode) & _OTHERS:
            raise HomeUnsafe("the witness's key file", "others may read it", "Run `chmod 600` on it and ask who did")
        name, encoded, _ = path.read_text(encoding="utf-8").split("\n")
        return Witness(folder, name, Key(_KEY_ID, KeyKind.SIGNING, base64.b64decode(encoded, validate=True)), reached)
    except (OSError, ValueError) as exc:
        why = f"its key cannot be read ({type(exc).__name__})"
        raise HomeUnsafe("the witness's folder", why, "Run `varde witness init` first, or name its folder") from None
