"""The consent ledger's only writer and reader.

Append an event, bump the epoch, move the head, all in one transaction and in this order (`_move`).
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from operator import itemgetter
from typing import Any, Final

from sqlalchemy import BigInteger, case, delete, literal_column, or_, select, tuple_, type_coerce
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlmodel import Session, col

from privacy.consent import ConsentEvent, Head, head_after
from privacy.instant import instant_of, microseconds_of
from privacy.store.bulk import among_keys, execute_rows, insert_rows, select_among
from privacy.store.epoch import bump_epoch, bump_epochs
from privacy.store.ledger import Restraint, note_groups, note_restraints
from privacy.store.marks import bytes_of_mark, mark_of_bytes
from privacy.tables.consent import ConsentEventRow, ConsentHead, SourceGround
from privacy.terms import ActChannel, BatchId, ConsentAct, PrincipalId, PurposeId, RecordId, random_id

_MARKS: Final = ("own", "imported", "ended")
_INSTANTS: Final = ("requested_at", "objected_at", "objection_lifted_at", "restricted_at", "restriction_lifted_at")
_HEADS: Final = select(
    col(ConsentHead.record_id),
    col(ConsentHead.purpose),
    *(col(getattr(ConsentHead, name)) for name in _MARKS),
    *(type_coerce(col(getattr(ConsentHead, name)), BigInteger) for name in _INSTANTS),
).where(among_keys(col(ConsentHead.record_id)))
PERMISSIVE: Final = frozenset(
    {ConsentAct.GIVEN, ConsentAct.RENEWED, ConsentAct.OBJECTION_LIFTED, ConsentAct.RESTRICTION_LIFTED}
)
_FREE: Final = PERMISSIVE | {ConsentAct.REQUESTED}
"""Acts that a restore may forget: nobody is read more widely for it."""


Place = tuple[RecordId, PurposeId]
"""Whose, and for what: where a head stands."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """One consent act as it goes into the ledger: the event, whose, for what, and by whom it was entered.

    `event_id` names its row, and so its receipt; None if one is to be drawn.
    """

    record_id: RecordId
    purpose: PurposeId
    event: ConsentEvent
    actor: PrincipalId
    purpose_version: int
    language: str = ""
    contract: str = ""
    batch_id: BatchId | None = None
    event_id: bytes | None = field(default=None, compare=False)

    @property
    def permissive(self) -> bool:
        """Whether the act can widen what may be read: such acts of a batch wait until the batch is visible."""
        return self.event.act in PERMISSIVE


def append_acts(session: Session, acts: Sequence[Act], *, recorded_at: datetime) -> int | None:
    """Append the acts, move the heads and start a new epoch; return it, None if there were no acts.

    No act may be dated after `recorded_at`: a date in the future would hide acts that come before it.
    """
    append_to_ledger(session, acts, recorded_at=recorded_at)
    return move_heads(session, acts)


def append_groups(
    session: Session,
    groups: Sequence[Sequence[Act]],
    *,
    recorded_at: datetime,
    heads: Mapping[Place, Head] | None = None,
) -> range:
    """Append what several people said, with one statement of a kind for all; return the epoch that each group starts.

    A group is what one person said at once: it has an epoch of its own, as if it had been appended alone. `heads` are
    the heads that the acts lead to, where the caller has folded them already.
    """
    acts = [act for group in groups for act in group]
    append_to_ledger(session, acts, recorded_at=recorded_at)
    epochs = bump_epochs(session, [{act.record_id for act in group} for group in groups], kind="consent")
    _move(session, _folded(acts) if heads is None else heads)
    note_groups(session, [(epoch, _restraints(group)) for epoch, group in zip(epochs, groups, strict=True)])
    return epochs


def append_to_ledger(session: Session, acts: Sequence[Act], *, recorded_at: datetime) -> None:
    """Append the acts without effect yet: the permissive acts of a batch that is still staged."""
    if any(act.event.at > recorded_at for act in acts):
        raise ValueError("a consent act cannot be dated in the future")
    insert_rows(session, ConsentEventRow, [_ledger_row(act, recorded_at) for act in acts])


def move_heads(session: Session, acts: Sequence[Act]) -> int | None:
    """Let acts that are in the ledger take effect; repeating it changes nothing but the head's version."""
    if not acts:
        return None
    epoch = bump_epoch(session, {act.record_id for act in acts}, kind="consent")
    _move(session, _folded(acts))
    note_restraints(session, epoch, _restraints(acts))
    return epoch


def _restraints(acts: Sequence[Act]) -> list[Restraint]:
    """Return what of these acts a restore must not forget: each that says no, or ends a consent."""
    return [
        Restraint(
            kind=act.event.act.value,
            ref=act.record_id,
            at=act.event.at,
            purpose=act.purpose,
            channel=act.event.channel.value,
        )
        for act in acts
        if act.event.act not in _FREE
    ]


def _move(session: Session, heads: Mapping[Place, Head]) -> None:
    # Under the epoch's lock, which some hold from the start: who locked heads before it would end in a deadlock with
    # them on PostgreSQL. And in one order, as everything that many write.
    rows = [
        {"record_id": place[0], "purpose": place[1], "version": 1}
        | {name: getattr(head, name) for name in _INSTANTS}
        | {name: None if (mark := getattr(head, name)) is None else bytes_of_mark(mark) for name in _MARKS}
        for place, head in sorted(heads.items(), key=itemgetter(0))
    ]
    _upsert(session, rows)


def _folded(acts: Iterable[Act]) -> dict[Place, Head]:
    heads: dict[Place, Head] = {}
    for act in acts:
        place = (act.record_id, act.purpose)
        heads[place] = head_after(heads.get(place, Head()), act.event)
    return heads


def acts_of_batch(session: Session, batch_id: BatchId) -> list[Act]:
    """Read back the acts of a batch, to settle them after the batch became visible."""
    rows = session.execute(select(ConsentEventRow).where(col(ConsentEventRow.batch_id) == batch_id)).scalars()
    return [act_of_row(row) for row in rows]


def history_of(session: Session, records: Iterable[RecordId]) -> list[Act]:
    """Read every act of some records, oldest first."""
    chosen = [bytes(record) for record in records]
    query = select(ConsentEventRow).where(col(ConsentEventRow.record_id).in_(chosen))
    rows = session.execute(query.order_by(col(ConsentEventRow.at), col(ConsentEventRow.recorded_at))).scalars()
    return [act_of_row(row) for row in rows]


def heads_of(session: Session, records: Iterable[RecordId]) -> dict[Place, Head]:
    """Read the heads of some records, for every purpose that has one."""
    return {place: _head_of(row) for place, row in _heads_among(session, records)}


def heads_unlike(session: Session, expected: Mapping[Place, Head]) -> dict[Place, Head]:
    """Read heads again and return those that are not as expected; one that is not there is as if nothing was said."""
    found = dict(_heads_among(session, {record for record, _ in expected}))
    other = {place for place, head in expected.items() if found.get(place) != tuple(_columns_of(head).values())}
    return {place: _head_of(found[place]) if place in found else Head() for place in other}


def _heads_among(session: Session, records: Iterable[RecordId]) -> Iterator[tuple[Place, tuple[Any, ...]]]:
    # Rows, not mapped objects: a session would hand back what it read before, and a head may have moved since.
    for record, purpose, *columns in select_among(session, _HEADS, sorted(set(records))):
        yield (record, purpose), tuple(columns)


def declare_grounds(session: Session, rows: Sequence[Mapping[str, Any]]) -> None:
    """Note legal bases that contracts declare, in place of what each declared for the same source and purpose."""
    insert_or_update = _insert_for(session)
    for row in rows:
        statement = insert_or_update(SourceGround).values(**row)
        session.execute(
            statement.on_conflict_do_update(
                index_elements=["source", "purpose", "contract"],
                set_={
                    name: statement.excluded[name]
                    for name in ("legal_basis", "notice_version", "notice_given", "declared_at")
                },
            )
        )


def replace_grounds(session: Session, contract: str, rows: Sequence[Mapping[str, Any]]) -> None:
    """Let `rows` be all that a contract declares: what it declared before and no longer does is withdrawn.

    No rows withdraw everything. Grounds that other contracts declare for the same source stay. Whether this version of
    the contract is the newest is the caller's to know: no version stands beside a ground, for a withdrawn one leaves
    nothing behind to compare with.
    """
    kept = [(row["source"], row["purpose"]) for row in rows]
    place = tuple_(col(SourceGround.source), col(SourceGround.purpose))
    session.execute(delete(SourceGround).where(col(SourceGround.contract) == contract, place.not_in(kept)))
    declare_grounds(session, rows)


def grounds(session: Session) -> list[SourceGround]:
    """Read every declared ground."""
    return list(session.execute(select(SourceGround)).scalars())


def _ledger_row(act: Act, recorded_at: datetime) -> dict[str, Any]:
    return {
        "event_id": act.event_id or random_id(),
        "record_id": act.record_id,
        "purpose": act.purpose,
        "act": act.event.act.value,
        "channel": act.event.channel.value,
        "at": act.event.at,
        "recorded_at": recorded_at,
        "until": act.event.until,
        "purpose_version": act.purpose_version,
        "notice_version": act.event.notice_version or "",
        "language": act.language,
        "actor": act.actor,
        "contract": act.contract,
        "batch_id": act.batch_id,
    }


def act_of_row(row: ConsentEventRow) -> Act:
    """Return the act of a row of the ledger."""
    event = ConsentEvent(
        act=ConsentAct(row.act),
        at=row.at,
        channel=ActChannel(row.channel),
        notice_version=row.notice_version or None,
        until=row.until,
    )
    return Act(
        record_id=RecordId(row.record_id),
        purpose=PurposeId(row.purpose),
        event=event,
        actor=PrincipalId(row.actor),
        purpose_version=row.purpose_version,
        language=row.language,
        contract=row.contract,
        batch_id=None if row.batch_id is None else BatchId(row.batch_id),
        event_id=bytes(row.event_id),
    )


def _columns_of(head: Head) -> dict[str, Any]:
    """Return a head as the database stores it, by column."""
    row: dict[str, Any] = {name: None if (m := getattr(head, name)) is None else bytes_of_mark(m) for name in _MARKS}
    return row | {name: None if (at := getattr(head, name)) is None else microseconds_of(at) for name in _INSTANTS}


def _head_of(columns: tuple[Any, ...]) -> Head:
    marks = {name: mark_of_bytes(each) for name, each in zip(_MARKS, columns, strict=False) if each is not None}
    rest = zip(_INSTANTS, columns[len(_MARKS) :], strict=True)
    known: dict[str, Any] = {**marks, **{name: instant_of(each) for name, each in rest if each is not None}}
    return Head(**known)


def _upsert(session: Session, rows: Sequence[Mapping[str, Any]]) -> None:
    """Keep, column by column, the greater of what is there and what comes.

    No read before the write, no lost update.
    """
    execute_rows(session, _upsert_of(_insert_for(session)), rows)


@lru_cache(maxsize=2)
def _upsert_of(new: Any) -> Any:  # noqa: ANN401 - two dialects' inserts share methods, not a type
    """Write the statement once a dialect: building it costs more than running it."""
    statement = new(ConsentHead)
    greater = {
        name: case(
            (or_(col(getattr(ConsentHead, name)).is_(None), statement.excluded[name] > col(getattr(ConsentHead, name))),
             statement.excluded[name]),
            else_=col(getattr(ConsentHead, name)),
        )
        for name in _MARKS + _INSTANTS
    }  # fmt: skip
    return statement.on_conflict_do_update(
        index_elements=["record_id", "purpose"],
        set_=greater | {"version": col(ConsentHead.version) + literal_column("1")},
    )


def _insert_for(session: Session) -> Any:  # noqa: ANN401 - two dialects' inserts share methods, not a type
    return sqlite_insert if session.get_bind().dialect.name == "sqlite" else postgresql_insert
