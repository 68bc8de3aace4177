"""The suppression list's keys, as the hub's own keys are kept: by name and version, and none of them ever destroyed."""

from functools import partial

from hub.keystore.store import SqlKeyStore
from privacy.keys import KeyKind
from privacy.suppression_index import SUPPRESSION, SuppressionIndex


def suppression_index(keystore: SqlKeyStore) -> SuppressionIndex:
    """Return the digests of the list under every version of its key.

    Raises:
        KeyNotFound: there is none: the home was made before there was a list, and `varde init` finishes it.

    """
    return SuppressionIndex.found(partial(keystore.find_named, KeyKind.INDEX, SUPPRESSION))
