"""The subject access log: when, for which purpose and by which role or module a person's data was read.

CJEU C-579/21 (Pankki S): Article 15(1) gives a person the dates and the purposes of the reads of their data; which
employee read it only where they need that to use their rights, so who it was is not told here. Each release keeps its
members as a sealed set of ordinals, written in the transaction of its intent. Erasure deletes the crosswalk's rows,
and with them the ordinals: the log still verifies, and what is left of it points to nobody.
"""

import secrets
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

import polars as pl
from sqlmodel import Session

from hub.compose import Hub
from hub.errors import AccessRefused
from hub.sequencing import sequence
from ingest.store.ordinal import assign_ordinals, crosswalk_revision, ordinals_of
from privacy.audit import AuditFields
from privacy.keys import KeyKind
from privacy.membership import count_of, holds_any, packed, those_in, united
from privacy.sealing import Cell, SealedTable, open_sealed, seal
from privacy.store.audit import entries
from privacy.store.principal import Principal, roles_of
from privacy.store.release_members import MembersOfRelease, add_members, find_members, members_since
from privacy.terms import EntityKind, PrincipalId, RecordId, Role

ENTITY: Final = "entity"
SHOWS: Final = (
    *("consent.show", "reveal.intent", "subject_token.list", "subject.accesses"),
    *("request.export.intent", "request.rectify.intent", "request.review", "match.find", "view.explain", "view.row"),
)
"""Entries, by the beginning of their action, that tell of a look at one person; they name the records themselves."""

_AT_ONCE: Final = 5_000  # ordinals given in one transaction: some tens of milliseconds under the writer's lock
_EVERY: Final = 1 << 31  # looks at single persons are few beside what is read in bulk
_MAY_SHOW: Final = frozenset({Role.OWNER, Role.DPO, Role.AGENT})


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """One read of a person's data.

    `act` is `view.release` for rows of a view, else the audited action. `by` is the role that read, `module` the
    prediction module if one did. `grain` says whether the person was a row of their own or may have been counted in
    an organisation's figure.
    """

    at: datetime
    act: str
    purpose: str | None
    view: str | None
    by: Role | None
    module: str | None
    grain: EntityKind


@dataclass(frozen=True, slots=True, kw_only=True)
class NewMembers:
    """What is kept of a release beside its members."""

    intent_leaf: int
    release_id: bytes
    at: datetime
    view: str
    purpose: str
    role: Role
    module: str | None
    grain: EntityKind


def with_ordinals(hub: Hub, read: pl.DataFrame) -> pl.DataFrame:
    """Give every record that is about to be released its ordinal; whoever was erased meanwhile is left out.

    Returns record, entity and ordinal.

    `read` has record, entity (Binary) and ordinal (null for those of whom none is known yet). Numbers are given in
    transactions of their own before the release: one that is given and never used does no harm.
    """
    unknown = read.filter(pl.col("ordinal").is_null())["record"].unique()
    if unknown.len():
        given = _given(hub, unknown)
        new = unknown.filter(~unknown.is_in(given["record"].implode())).shuffle(seed=secrets.randbits(63))
        for start in range(0, new.len(), _AT_ONCE):
            with hub.unit_of_work() as session:
                assign_ordinals(session, new[start : start + _AT_ONCE].to_list())
        numbers = given if new.is_empty() else pl.concat([given, _given(hub, new)])
        read = read.join(numbers, on="record", how="left", suffix="_given").with_columns(
            ordinal=pl.coalesce("ordinal", "ordinal_given")
        )
    return read.select("record", ENTITY, "ordinal").drop_nulls("ordinal")


def _given(hub: Hub, records: pl.Series) -> pl.DataFrame:
    with hub.reading() as session:
        return ordinals_of(session, records.to_list())


def note_members(hub: Hub, session: Session, new: NewMembers, ordinals: pl.Series) -> None:
    """Keep who is in a release, sealed, in the transaction of its intent."""
    sealed = _sealed(hub, SealedTable.RELEASE_MEMBERS, new.release_id, packed(ordinals))
    add_members(
        session,
        MembersOfRelease(
            intent_leaf=new.intent_leaf,
            release_id=new.release_id,
            at=new.at,
            view=new.view,
            purpose=new.purpose,
            role=new.role,
            module=new.module,
            grain=new.grain,
            crosswalk_revision=crosswalk_revision(session),
            members=sealed,
        ),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Members:
    """Who was in a release: a bitmap of ordinals, how many, and the last move of the crosswalk that it knew of."""

    ordinals: bytes = field(repr=False)
    count: int
    grain: EntityKind
    crosswalk_revision: int


def members_of(hub: Hub, session: Session, release_id: bytes) -> Members | None:
    """Open who was in a release; for recalls, audited by whoever asks. None where it is not kept."""
    release = find_members(session, release_id)
    if release is None:
        return None
    ordinals = _opened(hub, SealedTable.RELEASE_MEMBERS, release_id, release.members)
    return Members(
        ordinals=ordinals,
        count=count_of(ordinals),
        grain=release.grain,
        crosswalk_revision=release.crosswalk_revision,
    )


def manifest_of(
    hub: Hub, session: Session, release_id: bytes, model_id: bytes, *, beside: tuple[bytes, bytes] | None = None
) -> tuple[bytes | None, int]:
    """Return the members of a training release sealed for its model's manifest, and their crosswalk revision.

    `beside` are id and sealed members of an earlier model that this one was made of: it learned from those, too.
    """
    release = find_members(session, release_id)
    if release is None:
        return None, 0
    members = _opened(hub, SealedTable.RELEASE_MEMBERS, release_id, release.members)
    if beside is not None:
        members = united(members, _opened(hub, SealedTable.MODEL_MEMBERS, *beside))
    return _sealed(hub, SealedTable.MODEL_MEMBERS, model_id, members), release.crosswalk_revision


def learned_from(hub: Hub, model_id: bytes, members: bytes, ordinals: Collection[int]) -> bool:
    """Say whether a model learned from one of the records that these ordinals name: for recalls and retraining."""
    return holds_any(_opened(hub, SealedTable.MODEL_MEMBERS, model_id, members), ordinals)


def accesses_of(hub: Hub, records: Sequence[RecordId], since: datetime | None = None) -> list[Access]:
    """List the reads of a person's data, newest first; `records` are all records of the person.

    For whoever was identified as the person, or acts for them: nothing is checked or audited here. A look whose entry
    waits for its place in the log is given it first.
    """
    sequence(hub)
    with hub.reading() as session:
        ordinals = ordinals_of(session, records)["ordinal"].to_list()
        found = [*_releases(hub, session, ordinals, since), *_shown(session, records, since)]
    return sorted(found, key=lambda access: access.at, reverse=True)


def show_accesses(hub: Hub, records: Sequence[RecordId], by: Principal, *, since: datetime | None) -> list[Access]:
    """List the reads of a person's data for an agent who answers them; the look is audited first.

    Raises:
        AccessRefused: the role may not see them.

    """
    verify_may_show(by)
    with hub.unit_of_work() as session:
        fields = AuditFields(records=tuple(records), role=by.role)
        hub.audit(session, "subject.accesses", by.principal_id, fields)
    return accesses_of(hub, records, since)


def show_own_accesses(
    hub: Hub, records: Sequence[RecordId], by: PrincipalId, *, since: datetime | None
) -> list[Access]:
    """List the reads of a person's data for themselves; the look is audited first, and listed from the next one on."""
    found = accesses_of(hub, records, since)
    with hub.unit_of_work() as session:
        hub.audit(session, "subject.accesses", by, AuditFields(records=tuple(records)))
    return found


def recipients_of(hub: Hub, session: Session, records: Sequence[RecordId]) -> list[str]:
    """Say for which purposes and through which views records left the hub, as `purpose/view`.

    To be asked before an erasure: afterwards nothing leads from a record to a release.
    """
    ordinals = ordinals_of(session, records)["ordinal"].to_list()
    return sorted({f"{each.purpose}/{each.view}" for each in _releases(hub, session, ordinals, None)})


def purposes_of_each(
    hub: Hub, session: Session, people: Sequence[Sequence[RecordId]], purposes: Collection[str]
) -> list[set[str]]:
    """Say of each person, given by their records, for which of some purposes they were a member of a release.

    Each release is opened once for all of them, the newest first, until everybody was met for every purpose.
    """
    frame = ordinals_of(session, [record for records in people for record in records])
    of_record = dict(frame.select("record", "ordinal").iter_rows())  # the people of one act
    theirs = [{of_record[record] for record in records if record in of_record} for records in people]
    found: list[set[str]] = [set() for _ in people]
    key = hub.named_key(KeyKind.INSTANCE, "labels")
    missing = {purpose: {place for place, each in enumerate(theirs) if each} for purpose in purposes}
    for release in members_since(session, None):
        sought = missing.get(release.purpose)
        if not sought:
            continue
        members = open_sealed(
            release.members, key=key, cell=_cell(hub, SealedTable.RELEASE_MEMBERS, release.release_id)
        )
        present = those_in(members, {ordinal for place in sought for ordinal in theirs[place]})
        met = {place for place in sought if theirs[place] & present}
        for place in met:
            found[place].add(release.purpose)
        sought -= met
        if not any(missing.values()):
            break
    return found


def verify_may_show(by: Principal) -> None:
    """Refuse whoever may not look at a person's accesses, before anybody is looked up.

    Raises:
        AccessRefused: names the rule and whom to ask.

    """
    if by.role not in _MAY_SHOW:
        raise AccessRefused("role_may_not_see_accesses", "Ask the owner, the DPO or an agent")


def _releases(hub: Hub, session: Session, ordinals: list[int], since: datetime | None) -> Iterator[Access]:
    if not ordinals:
        return
    key = hub.named_key(KeyKind.INSTANCE, "labels")
    for release in members_since(session, since):
        cell = _cell(hub, SealedTable.RELEASE_MEMBERS, release.release_id)
        if holds_any(open_sealed(release.members, key=key, cell=cell), ordinals):
            yield Access(
                at=release.at,
                act="view.release",
                purpose=release.purpose,
                view=release.view,
                by=release.role,
                module=release.module,
                grain=release.grain,
            )


def _shown(session: Session, records: Sequence[RecordId], since: datetime | None) -> Iterator[Access]:
    wanted = set(records)
    told = [each for action in SHOWS for _, each in entries(session, action=action, since=since, limit=_EVERY)]
    about = [each for each in told if wanted.intersection(each.fields.records or ())]
    roles = roles_of(session, {entry.actor for entry in about})
    for entry in about:
        yield Access(
            at=entry.at,
            act=entry.action,
            purpose=entry.fields.purpose,
            view=entry.fields.view,
            by=entry.fields.role or roles.get(entry.actor),
            module=None,
            grain=EntityKind.PERSON,
        )


def _sealed(hub: Hub, table: SealedTable, row: bytes, members: bytes) -> bytes:
    return seal(members, key=hub.named_key(KeyKind.INSTANCE, "labels"), cell=_cell(hub, table, row))


def _opened(hub: Hub, table: SealedTable, row: bytes, sealed: bytes) -> bytes:
    return open_sealed(sealed, key=hub.named_key(KeyKind.INSTANCE, "labels"), cell=_cell(hub, table, row))


def _cell(hub: Hub, table: SealedTable, row: bytes) -> Cell:
    return Cell(instance=hub.instance, table=table, field=1, row=row)
