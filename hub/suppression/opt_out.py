"""A no for an identifier, whether anybody carries it yet or not: kept as an entry, written to every record that does.

Rules kept here:
- entry and acts are one transaction under the epoch's lock, so a delivery that is being taken in either shows its
  records here or sees the entry before its flip: no record that carries the identifier is ever read without the no;
- every record that carries the identifier hears it, merged or not, and with each all records of the same person;
- the entry stays for whoever carries the identifier later, also where somebody did already;
- the same no told again adds nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import polars as pl
from sqlmodel import Session

from hub.compose import Hub
from hub.consents import Subject, Wish, write_wish
from hub.errors import AccessRefused, ChoiceNotRecorded
from hub.keystore.suppression import suppression_index
from hub.recipients.store import NoticeKind
from hub.recipients.telling import Deed, enqueue_notices
from hub.suppression.identifier import Identifier, identifier_of
from ingest.store.carrier import carriers
from ingest.store.identity import members_of
from ingest.store.record import find_records
from privacy.audit import AuditFields
from privacy.consent import ConsentEvent, Head, head_after, hears
from privacy.instant import microseconds_of
from privacy.store.consent import PERMISSIVE, Act, append_acts, heads_of
from privacy.store.epoch import lock_epoch
from privacy.store.policy import find_policy
from privacy.store.principal import Principal
from privacy.store.suppression import NewEntry, add_entries, entries_among
from privacy.suppression import Attribute, EntryKind, is_of_policy
from privacy.terms import (
    EVERY_PURPOSE,
    ActChannel,
    ConsentAct,
    PrincipalId,
    PurposeId,
    RecordId,
    Role,
    random_id,
    random_ids,
)

_MAY_NOTE: Final = frozenset({Role.OWNER, Role.DPO, Role.AGENT, Role.SERVICE})
_REASON: Final = "opt_out"


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """One no for one identifier, told at an instant; without one it is told now, and once is enough."""

    identifier: Identifier
    purpose: PurposeId
    act: ConsentAct
    channel: ActChannel
    at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Noted:
    """What became of some noes: new entries, records reached, acts written, identifiers that nobody carries yet."""

    entries: int
    records: tuple[RecordId, ...]
    acts: int
    waiting: int


def note_opt_out(hub: Hub, identifier: str, wish: Wish, by: Principal) -> Noted:
    """Note a no for `email:...`, `phone:...` or `SOURCE:KEY`; it is in force when this returns.

    Raises:
        AccessRefused: the role may not enter acts for others, or the act is no no.
        IdentifierInvalid: it is no identifier that could be kept.
        PurposeUnknown: the policy has no such purpose.

    """
    verify_may_note(by)
    said = Said(identifier=identifier_of(hub, identifier), purpose=wish.purpose, act=wish.act, channel=wish.channel)
    with hub.unit_of_work() as session:
        return note_in(hub, session, said, by.principal_id)


def rehearse_opt_out(hub: Hub, identifier: str, wish: Wish, by: Principal) -> int:
    """Return how many records a no would be written on, after every check that noting it makes."""
    verify_may_note(by)
    if is_of_policy(wish.purpose):
        hub.policy().purpose(wish.purpose)
    named = identifier_of(hub, identifier)
    with hub.reading() as session:
        return _reached(session, [named])["record"].n_unique()


def verify_may_note(by: Principal) -> None:
    """Refuse whoever may not enter noes for others.

    Raises:
        AccessRefused: names whom to ask.

    """
    if by.role not in _MAY_NOTE:
        raise AccessRefused("role_may_not_enter_acts", "Only owner, DPO, agents and services enter acts for others")


def note_in(hub: Hub, session: Session, said: Said, by: PrincipalId) -> Noted:
    """Note one no in the caller's transaction: for a writer that groups many."""
    if said.act in PERMISSIVE:
        raise AccessRefused("not_an_opt_out", "A yes needs a person who is known")
    lock_epoch(session)
    reached = _reached(session, [said.identifier])["record"].unique().sort().to_list()
    records = tuple(RecordId(record) for record in reached)
    wish = Wish(act=said.act, purpose=said.purpose, channel=said.channel)
    if records:
        write_wish(hub, session, Subject(records=records), wish, by)
        _tell_recipients(hub, session, said, records, by=by)
    elif is_of_policy(said.purpose):
        (find_policy(session) or hub.policy()).purpose(said.purpose)
    entries = _add(hub, session, [said], by)
    fields = AuditFields(
        rows=entries,
        purpose=None if said.purpose == EVERY_PURPOSE else said.purpose,
        act=said.act,
        channel=said.channel,
        outcome="applied" if records else "waits",
    )
    hub.audit(session, "suppression.note", by, fields)
    return Noted(entries=entries, records=records, acts=len(records), waiting=0 if records else 1)


def _tell_recipients(hub: Hub, session: Session, said: Said, records: Sequence[RecordId], *, by: PrincipalId) -> None:
    if said.act is ConsentAct.RESTRICTED:
        kind, act_id = NoticeKind.RESTRICTION, random_id()
        deed = Deed(kind=kind, act_id=act_id, records=records, by=by, purpose=said.purpose)
        enqueue_notices(hub, session, deed)


def note_many(hub: Hub, session: Session, said: Sequence[Said], by: PrincipalId) -> Noted:
    """Note many noes with a few statements in all; the caller audits them as one act.

    Raises:
        ChoiceNotRecorded: one that is told now would not count (a clock is behind): nothing of this is acknowledged.

    """
    lock_epoch(session)
    at, policy = hub.clock(), find_policy(session) or hub.policy()
    reached = _reached(session, [each.identifier for each in said])
    heads = dict(heads_of(session, [RecordId(record) for record in reached["record"].unique()]))
    versions = {purpose.id: purpose.version for purpose in policy.purposes}
    acts: list[Act] = []
    for number, record in reached.sort("said", "record").iter_rows():  # one act a record that carries it
        each = said[number]
        event = ConsentEvent(act=each.act, at=min(each.at or at, at), channel=each.channel)
        place = RecordId(record), each.purpose
        before = heads.get(place, Head())
        if each.at is None and _holds(before, each.act):
            continue
        after = heads[place] = head_after(before, event)
        if each.at is None and not hears(after, event):
            raise ChoiceNotRecorded
        if after == before:
            continue
        version = versions.get(each.purpose, 0)
        acts.append(Act(record_id=place[0], purpose=place[1], event=event, actor=by, purpose_version=version))
    append_acts(session, acts, recorded_at=at)
    _tell_of_many(hub, session, acts, by)
    entries = _add(hub, session, said, by)
    return Noted(
        entries=entries,
        records=tuple(sorted({act.record_id for act in acts})),
        acts=len(acts),
        waiting=len(said) - reached["said"].n_unique(),
    )


def _tell_of_many(hub: Hub, session: Session, acts: Sequence[Act], by: PrincipalId) -> None:
    """Tell recipients of whom a file restricts; what is marked `import` is told as a delivery's is."""
    restricted: dict[PurposeId, list[RecordId]] = {}
    for act in acts:
        if act.event.act is ConsentAct.RESTRICTED and act.event.channel is not ActChannel.IMPORT:
            restricted.setdefault(act.purpose, []).append(act.record_id)
    for purpose, records in restricted.items():
        deed = Deed(kind=NoticeKind.RESTRICTION, act_id=random_id(), records=records, by=by, purpose=purpose)
        enqueue_notices(hub, session, deed)


def _holds(head: Head, act: ConsentAct) -> bool:
    """Say whether a no of unknown date stands already: told again it would only get a later date."""
    match act:
        case ConsentAct.OBJECTED:
            return head.objected
        case ConsentAct.RESTRICTED:
            return head.restricted
        case _:
            return head.own is not None and head.own.act is act


def _reached(session: Session, identifiers: Sequence[Identifier]) -> pl.DataFrame:
    """Return every record of everybody who carries an identifier: `said` (its number here), `record`."""
    named = pl.DataFrame(
        {"said": range(len(identifiers)), "index": [each.index for each in identifiers]},
        schema={"said": pl.Int64, "index": pl.Binary},
    )
    indexes = named["index"].unique().to_list()
    by_key = find_records(session, [index for index in indexes if len(index) == _FULL])
    keyed = pl.DataFrame(list(by_key.items()), schema={"index": pl.Binary, "record": pl.Binary}, orient="row")
    borne = carriers(session, [index for index in indexes if len(index) != _FULL]).select("index", "record")
    near = named.join(pl.concat([keyed, borne]), on="index")
    members = members_of(session, [RecordId(record) for record in near["record"].unique()])
    people = near.join(members, on="record").select("said", "entity").unique()
    return people.join(members, on="entity").select("said", "record").unique()


_FULL: Final = 32
"""The bytes of a source key's blind index; those of addresses are 16."""


def _add(hub: Hub, session: Session, said: Sequence[Said], by: PrincipalId) -> int:
    """Add the entries that say something new; return how many."""
    index, at = suppression_index(hub.keystore), hub.clock()
    tokens = _tokens(said, hub)
    known = entries_among(session, [token for each in tokens for token in each])
    known = known.filter(pl.col("kind") == EntryKind.OPT_OUT.value)
    since: dict[tuple[bytes, str, str], int] = {}
    for token, purpose, act, told in known.select("token", "purpose", "act", "at_us").iter_rows():
        since[token, purpose, act] = max(told, since.get((token, purpose, act), told))
    new = []
    for each, versions, set_id in zip(said, tokens, random_ids(len(said)), strict=True):
        places = [(token, each.purpose, each.act.value) for token in versions]
        told_at = min(each.at or at, at)
        latest = max((since[place] for place in places if place in since), default=None)
        if latest is not None and (each.at is None or latest >= microseconds_of(told_at)):
            continue
        since[places[-1]] = microseconds_of(told_at)
        new.append(
            NewEntry(
                set_id=set_id,
                kind=EntryKind.OPT_OUT,
                attribute=each.identifier.attribute,
                token=versions[-1],
                at=told_at,
                reason=_REASON,
                purpose=each.purpose,
                act=each.act,
                channel=each.channel,
            )
        )
    add_entries(session, new, by=by, at=at, key_version=index.version)
    return len(new)


def _tokens(said: Sequence[Said], hub: Hub) -> list[tuple[bytes, ...]]:
    """Return the tokens of each identifier under every key version, the newest last."""
    index, found = suppression_index(hub.keystore), {}
    for attribute in Attribute:
        values = sorted({each.identifier.value for each in said if each.identifier.attribute is attribute})
        versions = zip(*index.versions_of(attribute, values), strict=True)
        found.update(dict(zip(((attribute, value) for value in values), versions, strict=True)))
    return [found[each.identifier.attribute, each.identifier.value] for each in said]
