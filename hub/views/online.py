"""One customer's present features: a row of the view's snapshot, fenced and audited by itself.

The steps are the gate's: authorise; then, in one transaction under the epoch's lock, decide whether the row stands,
append the audit entry, commit; only then hand the row out. The commit is the read's linearisation point. Nobody's row,
a row that may not be read and an erased person's are one answer, made in the same way: an entry with no rows.

Many may be answered in one transaction (`answer_all`). Who changed since the snapshot in memory was brought on is not
answered from it: it is brought on outside the transaction, and the same is asked again.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from sqlmodel import Session

from hub.anchors.standing import verify_open
from hub.compose import Hub
from hub.domains import Recipient, verify_recipient
from hub.errors import AccessRefused, ReadContended
from hub.views.admission import note_refusal, verify_may_read
from hub.views.intent import Reader
from hub.views.opened import Opened
from hub.views.shelf import Shelf
from hub.views.use import prohibited_of, verify_use
from privacy.audit import AuditFields
from privacy.store.audit import NewEntry, note_entries
from privacy.store.epoch import lock_epoch
from privacy.terms import RecordId, random_id

_ATTEMPTS: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One customer's features as they left: until `expires_at`, and never for one of `prohibited_uses`."""

    act_id: bytes
    view: str
    version: int
    pseudonym: bytes
    as_of: datetime
    made_at: datetime
    expires_at: datetime
    prohibited_uses: tuple[str, ...]
    features: dict[str, Any] = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sought:
    """Whose row is asked for, by whom; `opened` is the snapshot to answer from.

    `patient` is whoever asks for the first time: a snapshot that is behind is brought on before anything else, so that
    what others committed, a newer snapshot too, is seen.
    """

    who: Reader
    opened: Opened
    pseudonym: bytes
    patient: bool


class Behind(Exception):
    """The snapshot in memory does not know yet what was committed since."""


def read_row(hub: Hub, who: Reader, view: str, pseudonym: bytes, *, purpose: str) -> Row | None:
    """Return one customer's row of a view's newest snapshot; None for nobody that may be read.

    Raises:
        AccessRefused: credential, purpose, view or stated use do not allow it, or there is no snapshot to read from.
        ReadContended: others kept changing what was being read.

    """
    try:
        for sought in attempts(hub, who, view, pseudonym, purpose=purpose):
            with hub.unit_of_work() as session:
                (answer,) = answer_all(hub, session, [sought])
            if isinstance(answer, Behind):
                continue
            return told(answer)
    except AccessRefused as refused:
        note_refusal(hub, who.principal, purpose, refused)
        raise
    raise ReadContended(view)


def told(answer: Row | Exception | None) -> Row | None:
    """Return an answer of `answer_all`, or raise its refusal."""
    if isinstance(answer, Exception):
        raise answer
    return answer


def attempts(hub: Hub, who: Reader, view: str, pseudonym: bytes, *, purpose: str) -> "Attempts":
    """Admit a reader, and return what is asked of `answer_all`, one attempt after the other.

    Raises:
        AccessRefused: the reader is not admitted.

    """
    return Attempts(hub, who, admitted(hub, who, view, purpose), pseudonym)


def admitted(hub: Hub, who: Reader, view: str, purpose: str) -> Opened:
    """Admit a reader to a view's snapshot, and return it as it is open; raises as `attempts` does."""
    verify_may_read(who.principal, view, purpose)
    opened = hub.memory.of(Shelf).of(hub, view)
    rules = opened.rules
    if purpose != rules.purpose.id:
        raise AccessRefused("purpose_not_of_view", f"This view serves {rules.purpose.id}")
    verify_use(rules.purpose, who.use)
    verify_open(hub.anchoring.standing(), rules.purpose)
    return opened


class Attempts:
    """Asks once from what is open, then from what was brought on; five times in all."""

    def __init__(self, hub: Hub, who: Reader, opened: Opened, pseudonym: bytes) -> None:
        self._bring_on: Callable[[], Opened] = lambda: hub.memory.of(Shelf).bring_on(hub, opened.snapshot.view)
        self._who, self._opened, self._pseudonym = who, opened, pseudonym
        self._made = 0

    def __iter__(self) -> "Attempts":
        """Iterate once over the attempts."""
        return self

    def __next__(self) -> Sought:
        """Bring the snapshot on, but for the first attempt; raises what opening it raises."""
        if self._made == _ATTEMPTS:
            raise StopIteration
        if self._made:
            self._opened = self._bring_on()
        self._made += 1
        return Sought(who=self._who, opened=self._opened, pseudonym=self._pseudonym, patient=self._made == 1)


def answer_all(hub: Hub, session: Session, sought: Sequence[Sought]) -> list[Row | Exception | None]:
    """Answer some in the caller's transaction; nothing may be told before its commit."""
    epoch, at = lock_epoch(session), hub.clock()
    answers: list[Row | Exception | None] = []
    entries: list[NewEntry] = []
    for each in sought:
        try:
            row, records = _decided(session, each, epoch, at=at)
        except (AccessRefused, Behind) as refused:
            answers.append(refused)
            continue
        act_id = random_id() if row is None else row.act_id
        entries.append(_entry(each, act_id, records, epoch, at=at))
        answers.append(row)
    note_entries(session, entries)
    return answers


def _decided(session: Session, sought: Sought, epoch: int, *, at: datetime) -> tuple[Row | None, tuple[RecordId, ...]]:
    """Decide about one row under the epoch's lock; return it with the records that it was made of."""
    opened, rules = sought.opened, sought.opened.rules
    if not opened.usable(at=at) or (sought.patient and epoch != opened.epoch):
        raise Behind
    verify_recipient(rules.domain, Recipient(sought.who.principal.role, sought.who.module), (), at=at)
    touched = opened.touched(session, epoch)
    place = opened.by_pseudonym.find(sought.pseudonym)
    if touched is None or place in touched:
        raise Behind
    if place is None or not opened.stands(place, at=at):
        return None, ()
    return _row(sought, place, at=at), tuple(map(RecordId, opened.made_of.of(place)))


def _row(sought: Sought, place: int, *, at: datetime) -> Row:
    opened, rules = sought.opened, sought.opened.rules
    return Row(
        act_id=random_id(),
        view=rules.spec.name,
        version=rules.spec.version,
        pseudonym=sought.pseudonym,
        as_of=opened.snapshot.as_of,
        made_at=opened.snapshot.made_at,
        expires_at=min(opened.snapshot.expires_at, at + timedelta(days=rules.spec.expires_days)),
        prohibited_uses=prohibited_of(rules.purpose),
        features=opened.features(place),
    )


def _entry(sought: Sought, act_id: bytes, records: tuple[RecordId, ...], epoch: int, *, at: datetime) -> NewEntry:
    spec, purpose, reader = sought.opened.rules.spec, sought.opened.rules.purpose, sought.who
    fields = AuditFields(
        act_id=act_id,
        role=reader.principal.role,
        module=reader.module,
        view=spec.name,
        view_version=spec.version,
        view_hash=sought.opened.snapshot.spec_hash.hex(),
        purpose=purpose.id,
        legal_basis=purpose.legal_basis,
        as_of=sought.opened.snapshot.as_of,
        rows=1 if records else 0,
        records=records or None,
        epoch=epoch,
        use=reader.use.value if reader.use else None,
    )
    return NewEntry(action="view.row", at=at, actor=reader.principal.principal_id, fields=fields)
