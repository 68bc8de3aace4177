"""The hub's own keys by name: which there are, without opening any; a domain's have versions."""

from dataclasses import dataclass

from sqlalchemy import Engine, select
from sqlmodel import col

from hub.database.unit import reading
from hub.keystore.binding import kind_of
from hub.keystore.store import SqlKeyStore
from hub.keystore.tables import NAMED, WrappedKey
from privacy.errors import KeyNotFound
from privacy.keys import Key, KeyKind
from privacy.terms import KeyId


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedKey:
    """One of the hub's own keys as it may be shown: without its secret."""

    key_id: KeyId
    kind: KeyKind
    name: str
    version: int


def holds_keys(engine: Engine) -> bool:
    """Say whether a key store holds any key, without the KEK."""
    with reading(engine) as session:
        return session.execute(select(col(WrappedKey.key_id)).limit(1)).first() is not None


def named_keys(engine: Engine) -> list[NamedKey]:
    """List the hub's own keys by kind, name and version.

    Raises:
        SealBroken: a row names a kind that there cannot be.

    """
    columns = (col(WrappedKey.key_id), col(WrappedKey.kind), col(WrappedKey.name), col(WrappedKey.version))
    query = select(*columns).where(NAMED).order_by(*columns[1:])
    with reading(engine) as session:
        rows = session.execute(query).all()
    return [
        NamedKey(key_id=KeyId(key_id), kind=kind_of(kind, key_id), name=name, version=version)
        for key_id, kind, name, version in rows
    ]


def versions_of(engine: Engine, kind: KeyKind, name: str) -> list[NamedKey]:
    """List the versions of one of the hub's own keys, the oldest first."""
    return [each for each in named_keys(engine) if (each.kind, each.name) == (kind, name)]


def audit_key(keystore: SqlKeyStore) -> Key:
    """Return the key that signs the audit log and the copy of the ledger.

    Raises:
        KeyNotFound: the key store has none.

    """
    key = keystore.find_named(KeyKind.SIGNING, "audit")
    if key is None:
        raise KeyNotFound(KeyId(b"signing:audit"))
    return key
