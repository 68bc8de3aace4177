"""A new version of the suppression list's key: new entries are made under it, old ones are still found.

What an entry is a digest of is kept nowhere, so an entry cannot be made anew under another key. Hence versions nest
(`privacy.suppression_index`): the token of version n is the HMAC under key n of that of version n - 1, look-ups try
every version, and no version is ever destroyed. A rotation keeps whoever learnt the keys so far from testing guesses
against entries that are made from now on; entries of before stay as they are.

The intent is in the log before there is a key: a rotation that is killed between has changed nothing. A delivery that
began before the rotation does not know the new key, and is refused as soon as it meets an entry under it.
"""

from secrets import token_bytes

from hub.compose import Hub
from hub.database.unit import RuleBroken
from hub.errors import AccessRefused
from hub.keystore.suppression import suppression_index
from privacy.audit import AuditFields
from privacy.keys import KEY_BYTES, Key, KeyKind
from privacy.store.principal import Principal
from privacy.suppression_index import SUPPRESSION
from privacy.terms import KeyId, random_id


def rotate_suppression(hub: Hub, by: Principal) -> int:
    """Make a new version of the list's key the one of new entries; return its number.

    Raises:
        AccessRefused: somebody else rotated it at this moment.

    """
    version, act = suppression_index(hub.keystore).version + 1, random_id()
    key = Key(key_id=KeyId(random_id()), kind=KeyKind.INDEX, secret=token_bytes(KEY_BYTES))
    fields = AuditFields(act_id=act, role=by.role, key=key.key_id)
    with hub.unit_of_work() as session:
        hub.audit(session, "keys.rotate_suppression.intent", by.principal_id, fields)
    hub.reached("suppression_rotation_intended")
    try:
        hub.keystore.add_named(key, SUPPRESSION, version)
    except RuleBroken:
        raise AccessRefused("suppression_changed_meanwhile", "Look at it with `varde keys status`") from None
    hub.reached("suppression_key_made")
    with hub.unit_of_work() as session:
        hub.audit(session, "keys.rotate_suppression.complete", by.principal_id, AuditFields(act_id=act, key=key.key_id))
    return version
