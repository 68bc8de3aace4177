"""The key of matching, as the hub's own keys are kept: candidate keys are digested under it, and nothing else is."""

from typing import Final

from hub.keystore.store import SqlKeyStore
from hub.settings import EXACT
from ingest.match.saved import shipped
from ingest.pipeline.ports import Indexes, Matching
from privacy.errors import KeyNotFound
from privacy.keys import KeyKind
from privacy.terms import KeyId

MATCHING: Final = "matching"


def matching_of(keystore: SqlKeyStore, setting: str) -> Matching | None:
    """Return how people are matched, None where they are joined by exact rules.

    Raises:
        KeyNotFound: the home was made before there was a key for it, and `varde init` finishes it.

    """
    if setting == EXACT:
        return None
    key = keystore.find_named(KeyKind.INDEX, MATCHING)
    if key is None:
        raise KeyNotFound(KeyId(f"{KeyKind.INDEX}:{MATCHING}".encode()))
    return Matching(model=shipped(), indexes=Indexes(key))
