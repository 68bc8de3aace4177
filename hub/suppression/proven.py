"""A no that was said by whoever proved an identifier: kept for whoever comes to carry it later, too.

A token remembers the identifier only as digests. What the suppression list would know it by is taken where the token
is made, for only there the identifier is in clear; when the token's holder says no, the entry is made of it, in the
transaction of the act and under the epoch's lock (see `hub.suppression.opt_out` for why).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlmodel import Session

from hub.compose import Hub
from hub.keystore.suppression import suppression_index
from privacy.audit import AuditFields
from privacy.store.audit import NewEntry, note_entries
from privacy.store.consent import PERMISSIVE
from privacy.store.subject_token import Proven, SubjectToken
from privacy.store.suppression import NewEntry as NewSuppression
from privacy.store.suppression import add_entries, entries_among
from privacy.suppression import Attribute, EntryKind
from privacy.suppression_index import SuppressionIndex
from privacy.terms import EVERY_PURPOSE, ActChannel, ConsentAct, PrincipalId, PurposeId, random_ids

_REASON: Final = "opt_out"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProvenNo:
    """One no of whoever proved an identifier."""

    proven: Proven
    purpose: PurposeId
    act: ConsentAct
    channel: ActChannel
    at: datetime
    actor: PrincipalId


def proven_by(hub: Hub, field: str, values: Sequence[str]) -> list[Proven]:
    """Digest (standardised, distinct) values of `email` or `phone` as a token remembers them."""
    index = suppression_index(hub.keystore)
    digests = index.tokens_of(Attribute(field), values)
    borne = hub.indexes().attribute(field).tokens_of(values)
    return [Proven(field, token, digest, index.version) for token, digest in zip(borne, digests, strict=True)]


def noes_of(
    token: SubjectToken, acts: Iterable[tuple[PurposeId, ConsentAct]], channel: ActChannel, *, at: datetime
) -> list[ProvenNo]:
    """Return the noes among what a token's holder says, if they proved an identifier; a yes waits for nobody."""
    if token.proven is None:
        return []
    actor = PrincipalId(token.record_id)
    return [
        ProvenNo(proven=token.proven, purpose=purpose, act=act, channel=channel, at=at, actor=actor)
        for purpose, act in acts
        if act not in PERMISSIVE
    ]


def note_proven(hub: Hub, session: Session, noes: Sequence[ProvenNo]) -> int:
    """Keep noes for who comes later, in the caller's transaction; return how many were not kept yet.

    The caller holds `lock_epoch` since before it looked who carries the identifiers.
    """
    proven = [(each, each.proven.digest) for each in noes if each.proven.digest is not None]
    if not proven:
        return 0
    index = suppression_index(hub.keystore)
    told = {_place(index, each, digest): each for each, digest in proven}
    known = entries_among(session, [token for token, _, _ in told]).filter(kind=EntryKind.OPT_OUT.value)
    standing = set(known.select("token", "purpose", "act").iter_rows())
    new = {place: each for place, each in told.items() if place not in standing}
    entries = [
        NewSuppression(
            set_id=set_id,
            kind=EntryKind.OPT_OUT,
            attribute=Attribute(each.proven.field),
            token=token,
            at=each.at,
            reason=_REASON,
            purpose=each.purpose,
            act=each.act,
            channel=each.channel,
            actor=each.actor,
        )
        for set_id, ((token, _, _), each) in zip(random_ids(len(new)), new.items(), strict=True)
    ]
    if entries:
        add_entries(session, entries, by=noes[0].actor, at=hub.clock(), key_version=index.version)
        note_entries(session, [_audited(each) for each in new.values()])
    return len(entries)


def _place(index: SuppressionIndex, no: ProvenNo, digest: bytes) -> tuple[bytes, str, str]:
    """Name an entry: its newest token, the purpose and the act."""
    return index.renewed(Attribute(no.proven.field), digest, no.proven.key), no.purpose, no.act.value


def _audited(no: ProvenNo) -> NewEntry:
    fields = AuditFields(
        rows=1,
        purpose=None if no.purpose == EVERY_PURPOSE else no.purpose,
        act=no.act,
        channel=no.channel,
        outcome="proven",
    )
    return NewEntry(action="suppression.note", at=no.at, actor=no.actor, fields=fields)
