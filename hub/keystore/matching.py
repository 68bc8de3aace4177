"""How people and organisations are matched: by which model, under a key of matching's own, kept as the hub's are."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import lru_cache
from typing import Final

from sqlmodel import Session

from hub.keystore.named import versions_of
from hub.keystore.store import SqlKeyStore
from hub.settings import EXACT, Settings
from ingest.errors import SpecInvalid
from ingest.match.engine import ENGINES
from ingest.match.kinds import COMPARABLE
from ingest.match.saved import SavedModel, saved, shipped, shipped_for_organisations
from ingest.match.spec import read_spec
from ingest.pipeline.ports import Indexes, Matching, MatchVersion
from ingest.store.match_model import model_in_use
from ingest.store.match_serving import serving_version
from privacy.errors import KeyNotFound
from privacy.keys import KeyKind
from privacy.terms import EntityKind, KeyId

MATCHING: Final = "matching"
_SHIPPED: Final = {EntityKind.PERSON: shipped, EntityKind.ORGANISATION: shipped_for_organisations}


def matching_of(
    keystore: SqlKeyStore,
    reading: Callable[[], AbstractContextManager[Session]],
    settings: Settings,
    kind: EntityKind = EntityKind.PERSON,
) -> Matching | None:
    """Return how records of a kind are matched, None where they are joined by exact rules.

    Raises:
        KeyNotFound: the home was made before there was a key for it, and `varde init` finishes it.

    """
    if settings.matching == EXACT:
        return None
    with reading() as session:
        document = model_in_use(session, kind.value)
        key_version, form_version = serving_version(session, kind)
    serving = MatchVersion(indexes=_indexes(keystore, key_version), key_version=key_version, form_version=form_version)
    newest, form, coming = newest_key(keystore), COMPARABLE[kind].version, None
    if (newest, form) != serving.number:
        coming = MatchVersion(indexes=_indexes(keystore, newest), key_version=newest, form_version=form)
    return Matching(
        model=_model(document, kind), serving=serving, coming=coming, engine=ENGINES[settings.matching_engine]
    )


def newest_key(keystore: SqlKeyStore) -> int:
    """Return the newest version of matching's key, 1 if there is none at all."""
    return max((each.version for each in versions_of(keystore.engine, KeyKind.INDEX, MATCHING)), default=1)


def _indexes(keystore: SqlKeyStore, version: int) -> Indexes:
    key = keystore.find_named(KeyKind.INDEX, MATCHING, version)
    if key is None:
        raise KeyNotFound(KeyId(f"{KeyKind.INDEX}:{MATCHING}".encode()))
    return Indexes(key)


def is_readable(document: str, kind: EntityKind) -> bool:
    """Say whether a home's own model is one of the form and spec of this program."""
    try:
        _read(document, kind)
    except SpecInvalid:
        return False
    return True


def shipped_of(kind: EntityKind) -> SavedModel:
    """Return the model of a kind that comes with the program."""
    return _SHIPPED[kind]()


def _model(document: str | None, kind: EntityKind) -> SavedModel:
    """Return the home's own model; the shipped one until another is trained, if its form or spec has become another.

    Whoever erases, corrects or reveals must not wait for a model to be trained.
    """
    return shipped_of(kind) if document is None or not is_readable(document, kind) else _read(document, kind)


@lru_cache(maxsize=4)
def _read(document: str, kind: EntityKind) -> SavedModel:
    return saved(document, read_spec(kind.value))
