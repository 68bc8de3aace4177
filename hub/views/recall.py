"""Recalls: whose rows of an earlier release must not be used any more, told by the pseudonyms that its holder knows.

Rules kept here:
- a person of the release is recalled while any record that their row was made of may not be read for the purpose now,
  whatever the reason, and when a move of records made theirs another customer;
- whoever was erased is led to by nothing any more, so that nobody can name them: then, as for any figure of several
  people, everything of the release is recalled, and read anew;
- only who made the release may ask, or the owner or the DPO; the question is audited before it is answered.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

import polars as pl
from sqlmodel import Session

from hub.accesses import Members, members_of
from hub.compose import Hub
from hub.errors import AccessRefused
from hub.views.intent import ReleaseRecord, find_release, releases_of
from hub.views.load import load_spec
from hub.views.remembered import permitted_now
from hub.views.version import find_version
from ingest.store.move import moves_since
from ingest.store.ordinal import ordinals_of
from privacy.audit import AuditFields
from privacy.membership import only_in
from privacy.pseudonym import pseudonyms_of
from privacy.purposes import Purpose
from privacy.store.epoch import current_epoch, records_changed_since
from privacy.store.policy import find_policy
from privacy.store.principal import Principal
from privacy.terms import EntityKind, Role

_MAY_ASK_FOR_ANY: Final = frozenset({Role.OWNER, Role.DPO})


@dataclass(frozen=True, slots=True, kw_only=True)
class Recall:
    """What of a release must be dropped, as of `epoch`: these pseudonyms, or `everything`.

    Ask again with that epoch: nothing new is answered at once. `expires_at` is when all of it must be dropped anyway.
    """

    release_id: bytes
    epoch: int
    expires_at: datetime
    everything: bool
    pseudonyms: tuple[bytes, ...] = field(repr=False)


def recall_of(hub: Hub, release_id: bytes, by: Principal) -> Recall:
    """Say what of a release must be dropped by now; whole each time, so an answer that was lost is no loss.

    Raises:
        AccessRefused: there is no such release, or it is somebody else's (which of them is not told).

    """
    at = hub.clock()
    with hub.reading() as session:
        release = find_release(session, release_id)
        if release is None or not (release.principal_id == by.principal_id or by.role in _MAY_ASK_FOR_ANY):
            raise AccessRefused("release_not_yours", "Ask for the recalls of a release of your own, or ask the DPO")
        epoch, members = current_epoch(session), members_of(hub, session, release_id)
        entities = None if release.expires_at <= at else _recalled(hub, session, release, members, at=at)
    named = () if entities is None else _named(hub, release.purpose, entities)
    fields = AuditFields(
        act_id=release_id,
        role=by.role,
        view=release.view,
        purpose=release.purpose,
        rows=len(named),
        outcome="everything" if entities is None else "some" if named else "none",
    )
    with hub.unit_of_work() as session:
        hub.audit(session, "view.recall", by.principal_id, fields)
    return Recall(
        release_id=release_id,
        epoch=epoch,
        expires_at=release.expires_at,
        everything=entities is None,
        pseudonyms=named,
    )


def recalls_since(hub: Hub, by: Principal, since: datetime) -> list[Recall]:
    """Say of each release of one's own that was made at or after an instant what must be dropped by now.

    Those of which nothing must are left out. Each is told whole, so an answer that was lost is no loss.
    """
    with hub.reading() as session:
        mine = releases_of(session, by.principal_id, since=since)
    recalled = [recall_of(hub, release_id, by) for release_id in mine]  # each is asked and audited by itself
    return [each for each in recalled if each.everything or each.pseudonyms]


def has_leavers(hub: Hub, release_id: bytes) -> bool:
    """Say whether anybody of a release may not be read for its purpose any more: nobody is named, nobody is asked who.

    For what was made of the rows and outlives them, as a model does: the end of the release does not count, nor whether
    records were joined or parted.
    """
    at = hub.clock()
    with hub.reading() as session:
        release = find_release(session, release_id)
        members = members_of(hub, session, release_id)
        if release is None or members is None or members.grain is not EntityKind.PERSON:
            return False  # of a figure of several nobody can say: whoever is erased marks it by the ordinals
        theirs = _who_is_there(hub, session, release, members, at=at)
    return theirs is None or not theirs["permit"].all()


def _recalled(
    hub: Hub, session: Session, release: ReleaseRecord, members: Members | None, *, at: datetime
) -> pl.Series | None:
    """Return the entities, as they were at the release, whose rows are recalled; None for everybody's."""
    if members is None or members.grain is not EntityKind.PERSON:
        return pl.Series([], dtype=pl.Binary) if records_changed_since(session, release.epoch) == set() else None
    theirs = _who_is_there(hub, session, release, members, at=at)
    if theirs is None:
        return None
    moved = moves_since(session, members.crosswalk_revision)
    first = moved.unique("record", keep="first", maintain_order=True).select("record", then="from_entity")
    theirs = theirs.join(first, on="record", how="left").with_columns(then=pl.coalesce("then", "entity"))
    touched = pl.concat([moved["from_entity"], moved["to_entity"]]).unique()
    dropped = theirs.filter(~pl.col("permit") | pl.col("then").is_in(touched.implode()))["then"].unique()
    return None if dropped.len() and _groups_rows(session, release) else dropped


def _who_is_there(
    hub: Hub, session: Session, release: ReleaseRecord, members: Members, *, at: datetime
) -> pl.DataFrame | None:
    """Return what is decided now of a release's members; None if one was erased, to whom no number leads any more."""
    policy = find_policy(session) or hub.policy()
    purposes: dict[str, Purpose] = {purpose.id: purpose for purpose in policy.purposes}
    if release.purpose not in purposes:
        return None
    decided = permitted_now(hub, session, purposes[release.purpose], EntityKind.PERSON, at=at).decided
    theirs = decided.filter(only_in(members.ordinals, decided["ordinal"]))
    if theirs.height < members.count:  # another process may have given ordinals that this one does not know yet
        theirs = _of_members(session, decided, members)
    return None if theirs.height < members.count else theirs


def _of_members(session: Session, decided: pl.DataFrame, members: Members) -> pl.DataFrame:
    """Find the members among everybody, with the ordinals as they are now."""
    unknown = decided.filter(pl.col("ordinal").is_null())["record"].to_list()
    given = ordinals_of(session, unknown).rename({"ordinal": "given"})
    numbered = decided.join(given, on="record", how="left").with_columns(ordinal=pl.coalesce("ordinal", "given"))
    return numbered.drop("given").filter(only_in(members.ordinals, numbered["ordinal"]))


def _groups_rows(session: Session, release: ReleaseRecord) -> bool:
    """Say whether a row of the release stood for others, too: who leaves a group of k makes it smaller."""
    version = find_version(session, release.view, release.version)
    return version is None or load_spec(version.spec).groups_rows


def _named(hub: Hub, purpose: str, entities: pl.Series) -> tuple[bytes, ...]:
    """Name entities under every live version of the purpose's domain: a pseudonym does not tell its own."""
    if entities.is_empty():
        return ()
    domains = hub.domains.live(hub.policy().purpose(purpose).domain, at=hub.clock())
    return tuple(pl.concat([pseudonyms_of(domain, entities) for domain in domains]).sort())
