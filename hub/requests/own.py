"""A data subject's own requests, by a token of theirs: opened, and where the law allows it answered, at once.

Reading, correcting, taking along and erasing need a token whose holder proved who they are just now (Article 12(6)).
Restricting, objecting and asking for a human need one that was issued where the person was known. The actor is the
person, known in the log by their record's random id only.
"""

from collections.abc import Mapping
from contextlib import suppress
from typing import Final

from sqlmodel import Session

from hub.compose import Hub
from hub.consents import Subject, Wish, write_wish
from hub.errors import AccessRefused
from hub.recipients.store import NoticeKind
from hub.recipients.telling import Deed, enqueue_notices
from hub.requests.export import Export, Form, Wanted, complete, export_own
from hub.requests.rectifying import OWN, Mending, mend, verify_details
from hub.requests.steps import (
    Asked,
    Proven,
    RequestNotFound,
    fulfilled,
    get_request,
    identified,
    opened,
    seat_here,
    stepped,
    subject_of,
)
from hub.subject_tokens import authenticate_subject, verify_identity
from ingest.store.identity import records_beside
from privacy.request import Arrival, Proof, RequestState, Right, Step, StepRefused, SubjectRequest
from privacy.store.epoch import lock_epoch
from privacy.store.request import requests_of, steps_of
from privacy.store.subject_token import SubjectToken
from privacy.terms import EVERY_PURPOSE, ActChannel, ConsentAct, PrincipalId, PurposeId, RecordId

UNVERIFIED: Final = frozenset({Right.RESTRICTION, Right.OBJECTION, Right.HUMAN_REVIEW})
"""Rights for which a token is enough that was issued where the person was known: nothing is shown or destroyed."""


def ask(hub: Hub, token: str, right: Right, *, language: str) -> SubjectRequest:
    """Open a request of the token's person; they are identified by the token.

    Raises:
        NotAuthenticated: the token opens nothing.
        AccessRefused: the right asks for a proof of identity that the token is not.

    """
    with hub.unit_of_work() as session:
        return _asked(hub, session, token, right, language=language)


def erase(hub: Hub, token: str, language: str) -> SubjectRequest:
    """Ask to be erased: from the commit on the data are stored, not used (Art. 18), until a colleague erased them.

    What a law or a claim orders to be kept is looked at by a human first; nothing waits for that but the deletion.
    """
    with hub.unit_of_work() as session:
        lock_epoch(session)  # before the audit log's head, as every act does that takes both
        request = _asked(hub, session, token, Right.ERASURE, language=language)
        holder = authenticate_subject(hub, session, token)
        everything = PurposeId(EVERY_PURPOSE)
        wish = Wish(act=ConsentAct.RESTRICTED, purpose=everything, channel=ActChannel.API, language=language)
        subject, by = subject_of(session, holder.record_id), PrincipalId(holder.record_id)
        write_wish(hub, session, subject, wish, by)
        kind = NoticeKind.RESTRICTION
        enqueue_notices(hub, session, Deed(kind=kind, act_id=request.request_id, records=subject.records, by=by))
        return request


def take_out(hub: Hub, token: str, form: Form, language: str) -> tuple[Export, PrincipalId]:
    """Export the data of the token's person, once audited; return it with who takes it out.

    Raises:
        AccessRefused: the holder has not proven who they are.

    """
    with hub.reading() as session:
        holder, subject = _verified(hub, session, token)
    by = PrincipalId(holder.record_id)
    return export_own(hub, Wanted(subject=subject, form=form, language=language, by=by)), by


def handed_over(hub: Hub, done: Export, by: PrincipalId) -> None:
    """Note that an export has left, and answer the person's own open requests for what it is."""
    complete(hub, done, by)
    with hub.reading() as session:
        found = requests_of(session, records_beside(session, RecordId(by)))
    for each in found:
        if each.right is done.right and each.arrival is Arrival.API:
            with suppress(StepRefused), hub.unit_of_work() as session:  # a colleague, or another of these, was first
                _answered(hub, session, get_request(session, each.request_id), by)


def _answered(hub: Hub, session: Session, request: SubjectRequest, by: PrincipalId) -> None:
    if request.state is RequestState.IDENTIFIED:
        request = stepped(hub, session, request, Step(state=RequestState.IN_PROGRESS, at=hub.clock(), actor=by))
    fulfilled(hub, session, request, by)


def correct(hub: Hub, token: str, values: Mapping[str, str | None], language: str) -> tuple[SubjectRequest, int]:
    """Correct details of the token's person; return the request that stands for it and how many records changed.

    Raises:
        AccessRefused: not verified, or a detail that decides who somebody is.
        DetailUnfit: a value that cannot be one; nothing was changed.

    """
    verify_details(values, seat_here(hub).country)
    if not values.keys() <= OWN:
        raise AccessRefused("detail_needs_a_colleague", "Open a request for rectification: somebody looks at it first")
    with hub.unit_of_work() as session:
        holder, subject = _verified(hub, session, token)
        by = PrincipalId(holder.record_id)
        request = _asked(hub, session, token, Right.RECTIFICATION, language=language)
        request = stepped(hub, session, request, Step(state=RequestState.IN_PROGRESS, at=hub.clock(), actor=by))
    changed = mend(hub, Mending(request_id=request.request_id, subject=subject, values=values, by=by))
    with hub.unit_of_work() as session:
        return fulfilled(hub, session, request, by), changed


def listed(hub: Hub, token: str) -> list[SubjectRequest]:
    """List the requests of the token's person, oldest first.

    Raises:
        AccessRefused: the token only says no.

    """
    with hub.reading() as session:
        subject = _known(session, authenticate_subject(hub, session, token))
        return requests_of(session, subject.records)


def looked_up(hub: Hub, token: str, request_id: bytes) -> tuple[SubjectRequest, list[Step]]:
    """Return a request of the token's person with its steps.

    Raises:
        RequestNotFound: there is none of that id, or it is another person's: which of them is not told.

    """
    with hub.reading() as session:
        subject = _known(session, authenticate_subject(hub, session, token))
        request = get_request(session, request_id)
        if request.record_id not in subject.records:
            raise RequestNotFound
        return request, steps_of(session, request_id)


def _asked(hub: Hub, session: Session, token: str, right: Right, *, language: str) -> SubjectRequest:
    holder = authenticate_subject(hub, session, token)
    subject = _known(session, holder)
    if right not in UNVERIFIED:
        verify_identity(holder)
    by = PrincipalId(holder.record_id)
    asked = Asked(right=right, arrival=Arrival.API, language=language, received_at=hub.clock())
    request = opened(hub, session, asked, by)
    proof = Proof.VERIFIED_LOGIN if holder.is_verified else Proof.KNOWN_CONTACT
    return identified(hub, session, request, subject, Proven(proof, by))


def _verified(hub: Hub, session: Session, token: str) -> tuple[SubjectToken, Subject]:
    holder = authenticate_subject(hub, session, token)
    verify_identity(holder)
    return holder, subject_of(session, holder.record_id)


def _known(session: Session, holder: SubjectToken) -> Subject:
    """Return every record of the holder, for whom more than a no is open."""
    if not holder.may_give:
        raise AccessRefused("token_opens_opt_out_only", "This link can only say no. To ask for more, sign in first")
    return subject_of(session, holder.record_id)
