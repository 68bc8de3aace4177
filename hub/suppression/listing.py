"""The list as people look after it: shown by digests, lifted by the DPO, and told whose a source key is."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import polars as pl
from sqlmodel import Session

from hub.compose import Hub
from hub.errors import AccessRefused, HubError
from hub.keystore.suppression import suppression_index
from hub.suppression.identifier import Identifier, IdentifierInvalid, identifier_of, tokens_of
from ingest.pipeline.returned import Closed, close_named
from ingest.pipeline.unclear import UNCLEAR
from ingest.store.batch import waits_refused
from privacy.audit import AuditFields
from privacy.store.principal import Principal
from privacy.store.suppression import NewEntry, add_entries, entries_among, lift_sets, live_entries
from privacy.suppression import Attribute, EntryKind
from privacy.terms import ID_BYTES, Role, random_id

_MAY_SEE: Final = frozenset({Role.OWNER, Role.DPO})
_MAY_LIFT: Final = frozenset({Role.DPO})
_HEX: Final = 2 * ID_BYTES


class NothingSuppressed(HubError):
    """No live entry is of that identifier or set; it is not repeated."""

    def __init__(self) -> None:
        super().__init__("nothing is suppressed under that identifier or set: see `varde suppression list --all`")


class LiftReason(StrEnum):
    """Why a set of entries is lifted; a word, for free text would name somebody."""

    OWN_WISH = "own_wish"  # the person wants to be a customer again
    MISTAKE = "mistake"
    COURT_ORDER = "court_order"


class Whose(StrEnum):
    """Whose a source key is that shares no more than an address with an erased person."""

    SAME = "same"
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedSet:
    """One person's or one wish's live entries: what they are of, never what they hold."""

    set_id: bytes
    kind: str
    attributes: tuple[str, ...]
    purpose: str
    act: str
    at_us: int


def listed(hub: Hub, by: Principal) -> list[ListedSet]:
    """List every live set, the oldest first; audited.

    Raises:
        AccessRefused: the role may not see the list.

    """
    if by.role not in _MAY_SEE:
        raise AccessRefused("role_may_not_see_suppressed", "Ask the DPO or the owner")
    with hub.unit_of_work() as session:
        live = live_entries(session, frozenset(EntryKind))
        hub.audit(session, "suppression.list", by.principal_id, AuditFields(rows=live.height, role=by.role))
    folded = live.group_by("set_id", maintain_order=True).agg(
        pl.col("kind").min(),
        pl.col("attribute").unique().sort(),
        pl.col("purpose").max(),
        pl.col("act").max(),
        pl.col("at_us").min(),
    )
    return [
        ListedSet(set_id=set_id, kind=kind, attributes=tuple(attributes), purpose=purpose, act=act, at_us=at_us)
        for set_id, kind, attributes, purpose, act, at_us in folded.iter_rows()
    ]


def lift(hub: Hub, word: str, reason: LiftReason, by: Principal) -> int:
    """Lift every set that an identifier or a set's id in hex names; return how many.

    A no stays on the records that heard it.

    Raises:
        AccessRefused: only the DPO lifts; an address that several erased people had names none of them.
        NothingSuppressed: there is no such entry.

    """
    if by.role not in _MAY_LIFT:
        raise AccessRefused("role_may_not_lift", "Ask the DPO")
    with hub.unit_of_work() as session:
        sets = _sets(hub, session, word)
        lift_sets(session, sets, by=by.principal_id, at=hub.clock(), reason=reason.value)
        fields = AuditFields(rows=len(sets), reason=reason.value, outcome="lifted")
        hub.audit(session, "suppression.lift", by.principal_id, fields)
    return len(sets)


def tell_whose(hub: Hub, key: str, whose: Whose, by: Principal) -> Closed:
    """Decide of a source key whose row waits in quarantine: its rows are dropped from here on, or let in.

    What events brought under the key of the same person before is closed, and erased by `roll_forward`; returned is
    what was closed. `OTHER` is said of a key without such a row, too: it lets in whom a proof had listed.

    Raises:
        AccessRefused: the role may not decide, or no row of the key waits to be told whose it is.
        IdentifierInvalid: it is no SOURCE:KEY.

    """
    named, at = _deciding(hub, key, by), hub.clock()
    index = suppression_index(hub.keystore)
    entry = NewEntry(
        set_id=random_id(),
        kind=EntryKind.ERASED if whose is Whose.SAME else EntryKind.CLEARED,
        attribute=Attribute.SOURCE_KEY,
        token=tokens_of(hub, named)[-1],
        at=at,
        reason=f"decided_{whose.value}",
    )
    closed = Closed(erased=(), restricted=())
    with hub.unit_of_work() as session:
        _verify_unclear(session, named, whose)
        add_entries(session, [entry], by=by.principal_id, at=at, key_version=index.version)
        if whose is Whose.SAME:
            closed = close_named(session, [named.index], hub.ports(by.principal_id))
        fields = AuditFields(reason=whose.value, outcome="decided")
        hub.audit(session, "suppression.decide", by.principal_id, fields)
    return closed


def rehearse_telling(hub: Hub, key: str, whose: Whose, by: Principal) -> None:
    """Refuse what `tell_whose` would refuse now; changes nothing.

    Raises:
        AccessRefused, IdentifierInvalid: as it does.

    """
    named = _deciding(hub, key, by)
    with hub.reading() as session:
        _verify_unclear(session, named, whose)


def _deciding(hub: Hub, key: str, by: Principal) -> Identifier:
    if by.role not in _MAY_SEE:
        raise AccessRefused("role_may_not_decide_suppressed", "Ask the DPO or the owner")
    named = identifier_of(hub, key)
    if named.attribute is not Attribute.SOURCE_KEY:
        raise IdentifierInvalid("an address may be of several people")
    return named


def _verify_unclear(session: Session, named: Identifier, whose: Whose) -> None:
    """Refuse to call a key the erased person's of which nobody asks: its record may be somebody else's."""
    if whose is Whose.SAME and not waits_refused(session, named.index, UNCLEAR):
        raise AccessRefused(
            "no_unclear_row",
            "`varde quarantine list` shows what waits; of a record that is here: `varde erase`, `consent restrict`",
        )


def _sets(hub: Hub, session: Session, word: str) -> list[bytes]:
    if len(word) == _HEX and ":" not in word:
        return _known(live_entries(session, frozenset(EntryKind)), word)
    found = _of(hub, session, identifier_of(hub, word))
    erased = found.filter(pl.col("kind") == EntryKind.ERASED.value)["set_id"].unique()
    if len(erased) > 1 and ":" in word and found["attribute"].is_in(["email", "phone"]).any():
        raise AccessRefused("identifier_shared", "Several erased people had it: name the set by its id")
    if found.is_empty():
        raise NothingSuppressed
    return sorted(found["set_id"].unique().to_list())


def _of(hub: Hub, session: Session, identifier: Identifier) -> pl.DataFrame:
    return entries_among(session, tokens_of(hub, identifier))


def _known(live: pl.DataFrame, word: str) -> list[bytes]:
    try:
        set_id = bytes.fromhex(word)
    except ValueError:
        raise NothingSuppressed from None
    if not live["set_id"].is_in([set_id]).any():
        raise NothingSuppressed
    return [set_id]
