"""A new version of matching's key: who is taken in is kept under both until a rebuild has moved everybody on.

A token says nothing of what it is made from, so tokens under a new key are made from opened records: that is what
`varde match rebuild` does. Until it has, records are found by the old key, and new ones are kept under both; then the
new one serves, and the old one may be destroyed (`varde keys retire`) when no row under it is left.

The intent is in the log before there is a key: a rotation that is killed between has changed nothing.
"""

from secrets import token_bytes

from hub.compose import Hub
from hub.database.unit import RuleBroken
from hub.errors import AccessRefused
from hub.keystore.matching import MATCHING, newest_key
from privacy.audit import AuditFields
from privacy.keys import KEY_BYTES, Key, KeyKind
from privacy.store.principal import Principal
from privacy.terms import KeyId, random_id


def rotate_matching(hub: Hub, by: Principal) -> int:
    """Make a new version of matching's key; return its number.

    Raises:
        AccessRefused: somebody else rotated it at this moment.

    """
    version, act = newest_key(hub.keystore) + 1, random_id()
    key = Key(key_id=KeyId(random_id()), kind=KeyKind.INDEX, secret=token_bytes(KEY_BYTES))
    fields = AuditFields(act_id=act, role=by.role, key=key.key_id)
    with hub.unit_of_work() as session:
        hub.audit(session, "keys.rotate_matching.intent", by.principal_id, fields)
    hub.reached("matching_rotation_intended")
    try:
        hub.keystore.add_named(key, MATCHING, version)
    except RuleBroken:
        raise AccessRefused("matching_changed_meanwhile", "Look at it with `varde keys status`") from None
    hub.reached("matching_key_made")
    with hub.unit_of_work() as session:
        hub.audit(session, "keys.rotate_matching.complete", by.principal_id, AuditFields(act_id=act, key=key.key_id))
    return version
