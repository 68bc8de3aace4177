"""Who signs the copy of the ledger: the hub, with the key of its audit log."""

from pathlib import Path

from hub.keystore.named import audit_key
from hub.keystore.store import SqlKeyStore
from hub.ledger.copy import LedgerCopy, Notary
from privacy.checkpoint import sign_text, verifier_key


def copy_of(folder: Path | None, instance: bytes, keystore: SqlKeyStore, *, origin: str) -> LedgerCopy | None:
    """Return the copy in a folder; the key is opened when the first note is signed. None where there is no folder."""
    if folder is None:
        return None
    notary = Notary(
        sign=lambda text: sign_text(text, name=origin, key=audit_key(keystore)),
        public_key=lambda: verifier_key(origin, audit_key(keystore)),
    )
    return LedgerCopy(folder, instance, notary)
