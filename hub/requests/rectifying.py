"""Rectification for a request (Art. 16): which details may be corrected, by whom, and in what form."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Final

import polars as pl
from sqlmodel import Session

from hub.compose import Hub
from hub.consents import Subject, Wish, write_wish
from hub.errors import HubError
from hub.recipients.store import NoticeKind
from hub.recipients.telling import Deed, enqueue_notices
from hub.requests.answering import note_answer
from hub.requests.handling import verify_may_handle
from hub.requests.steps import get_request, seat_here, subject_of, verify_worked_on
from hub.suppression.identifier import identifier_of, tokens_of
from ingest.canonical.identity import attributes_of
from ingest.identity.comparable import comparable_email, comparable_phone
from ingest.pipeline.rectify import Rectification, rectify
from privacy.request import Right
from privacy.store.epoch import lock_epoch
from privacy.store.principal import Principal
from privacy.store.suppression import entries_since, newest_entry
from privacy.suppression import EntryKind
from privacy.terms import ActChannel, ConsentAct, EntityKind, PrincipalId, PurposeId

OWN: Final = frozenset(attributes_of(EntityKind.PERSON)) - {"national_id", "birth_date", "organisation_name"}
"""What people correct themselves, once verified; the rest decides who somebody is: a colleague looks at it first."""

_LONGEST: Final = 200


class DetailUnfit(HubError):
    """A detail that cannot be corrected, or a value that cannot be one; the value is not repeated."""

    def __init__(self, detail: str, because: str) -> None:
        super().__init__(f"{detail}: {because}")
        self.detail = detail


@dataclass(frozen=True, slots=True, kw_only=True)
class Mending:
    """Whose details are corrected to what, for which request, by whom; values are never printed."""

    request_id: bytes
    subject: Subject
    values: Mapping[str, str | None] = field(repr=False)
    by: PrincipalId


def correct(hub: Hub, request_id: bytes, values: Mapping[str, str | None], by: Principal) -> int:
    """Correct details of the identified asker of a request; return how many records changed.

    Raises:
        AccessRefused: the role may not.
        StepRefused: the request is not being worked on, or is for another right.
        DetailUnfit: a detail is none of a person's, or its value cannot be one.

    """
    verify_may_handle(by)
    with hub.reading() as session:
        record = verify_worked_on(get_request(session, request_id), Right.RECTIFICATION)
        subject = subject_of(session, record)
    mending = Mending(request_id=request_id, subject=subject, values=values, by=by.principal_id)
    return mend(hub, mending)


def mend(hub: Hub, mending: Mending) -> int:
    """Correct a person's details; who may is the caller's to know."""
    seat = seat_here(hub)
    verify_details(mending.values, seat.country)
    asked = Rectification(
        request_id=mending.request_id,
        records=mending.subject.records,
        values=mending.values,
        country=seat.country,
        beside=partial(_beside, hub, mending),
    )
    # A no may wait for the new address: heeded before, so that no crash forgets it; what came meanwhile, after.
    seen = _heed_waiting(hub, mending, seat.country, after=0)
    changed = rectify(asked, hub.ports(mending.by))
    if not changed:  # every record says so already: looked at and found right, which is what was asked for
        with hub.unit_of_work() as session:
            _note_corrected(hub, mending, session)
    _heed_waiting(hub, mending, seat.country, after=seen)
    return changed


def _beside(hub: Hub, mending: Mending, session: Session) -> None:
    """Tell recipients, and note that the request has its answer, in the transaction that brings the correction."""
    _note_corrected(hub, mending, session)
    records = mending.subject.records
    deed = Deed(kind=NoticeKind.RECTIFICATION, act_id=mending.request_id, records=records, by=mending.by)
    enqueue_notices(hub, session, deed)


def _note_corrected(hub: Hub, mending: Mending, session: Session) -> None:
    note_answer(hub, session, Right.RECTIFICATION, (min(mending.subject.records), mending.request_id), mending.by)


def verify_details(values: Mapping[str, str | None], country: str) -> None:
    """Refuse what is no detail of a person, and what cannot be its value.

    Raises:
        DetailUnfit: names the detail, and never the value.

    """
    if not values:
        raise DetailUnfit("nothing", "name at least one detail")
    for name, value in values.items():
        if name not in attributes_of(EntityKind.PERSON):
            known = ", ".join(sorted(attributes_of(EntityKind.PERSON)))
            raise DetailUnfit("a detail", f"is none of a person's; there are {known}")
        if value is not None and not _fits(name, value, country):
            raise DetailUnfit(name, "the value cannot be one; nothing was changed")


def _heed_waiting(hub: Hub, mending: Mending, country: str, *, after: int) -> int:
    """Write each no that waits for a corrected e-mail or telephone to the person; return the newest entry looked at."""
    tokens = [
        token for text in _identifiers(mending.values, country) for token in tokens_of(hub, identifier_of(hub, text))
    ]
    with hub.unit_of_work() as session:
        lock_epoch(session)
        newest = newest_entry(session)
        if not tokens or newest <= after:
            return newest
        present = entries_since(session, after).filter(
            pl.col("token").is_in(pl.Series(tokens, dtype=pl.Binary).implode())
        )
        waiting = present.filter(pl.col("kind").is_in([EntryKind.OPT_OUT.value, EntryKind.CONTACT.value]))
        said = waiting.select("purpose", "act", "channel").unique(maintain_order=True)
        for purpose, act, channel in said.iter_rows():
            wish = Wish(act=ConsentAct(act), purpose=PurposeId(purpose), channel=ActChannel(channel))
            write_wish(hub, session, mending.subject, wish, mending.by)
        return newest


def _identifiers(values: Mapping[str, str | None], country: str) -> list[str]:
    email, phone = values.get("email"), values.get("phone")
    number = None if phone is None else comparable_phone(phone, country)
    return [*([] if email is None else [f"email:{email}"]), *([] if number is None else [f"phone:{number}"])]


def _fits(name: str, value: str, country: str) -> bool:
    if not value.strip() or len(value) > _LONGEST or not value.isprintable():
        return False
    match name:
        case "email":
            return comparable_email(value) is not None
        case "phone":
            return comparable_phone(value, country) is not None
        case _:
            return True
