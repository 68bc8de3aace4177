"""Leading a purpose pseudonym back to a person: an act of its own, limited, reasoned and audited before the first byte.

The order is the point. Rules first (role, purpose, reason, attributes); then, in one transaction under the epoch's
lock: the decision of the gate, the hourly limit, the second person's approval, the reveal's row and the audit intent
with the number of documents. Only after its commit a key is unwrapped. Completion and the count of unwrapped keys are
committed before anything is handed on. Every refusal is audited, too.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final, TypeVar

import polars as pl
from sqlmodel import Session

from hub.anchors.standing import verify_open
from hub.attempts import note_denied
from hub.compose import Hub
from hub.errors import AccessRefused
from hub.reveals.ask import Ask, Ruled, refused, ruled
from hub.reveals.survivor import Survivor, survivors_of
from hub.reveals.target import Target, find_target, lead_back
from ingest.pipeline.surviving import Opened, Sealed, Whose, facts_of, open_said, sealed_of
from ingest.survivorship.golden import survive
from privacy.audit import AuditFields
from privacy.reidentification import HOUR, RevealBecause
from privacy.store.attempt import DenialKind
from privacy.store.epoch import lock_epoch
from privacy.store.policy import find_policy
from privacy.store.principal import Principal
from privacy.store.reveal import AllowedReveal, Requested, add_reveal, count_reveals, find_request, was_used
from privacy.terms import random_id

Answer = TypeVar("Answer")
REFUSED: Final = "reveal.refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """What one source says of the person: attribute to value, in clear; never printed."""

    source: str
    attributes: Mapping[str, str] = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Revealed:
    """A person as every source that may be used for the purpose knows them; `opened` counts the documents.

    `golden` is what stands where they differ, made of those sources alone.
    """

    reveal_id: bytes
    golden: tuple[Survivor, ...]
    parts: tuple[Part, ...]
    opened: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Allowed:
    """A reveal whose intent is in the audit log."""

    reveal_id: bytes
    target: Target
    sealed: Sealed


def reveal(hub: Hub, by: Principal, ask: Ask) -> Revealed:
    """Reveal one person.

    Raises:
        AccessRefused: a rule says no; it is named with its remedy, and audited.

    """

    def act() -> Revealed:
        question = prepared(hub, by, ask)
        allowed = _allow(hub, by, question)
        hub.reached("reveal_audited")
        opened = open_said(allowed.sealed, hub.ports(by.principal_id), act_id=allowed.reveal_id)
        return _complete(hub, by, question, _revealed(hub, allowed, opened, question.ask.attributes))

    return audited(hub, by, ask.purpose, act)


def audited(hub: Hub, by: Principal, purpose: str, act: Callable[[], Answer]) -> Answer:
    """Do something of re-identification; its refusal is counted for the audit log before it is told.

    One entry a minute for each rule, so that nobody who keeps asking fills the log (ADR 28).

    Raises:
        AccessRefused: the act's own.

    """
    try:
        return act()
    except AccessRefused as exc:
        known = purpose in {each.id for each in hub.policy().purposes}  # else it is a word of the caller's
        note_denied(hub, DenialKind(by.principal_id, REFUSED, exc.because, purpose if known else ""))
        exc.noted = True
        raise


def prepared(hub: Hub, by: Principal, ask: Ask) -> Ruled:
    """Do what needs no lock: hold an ask to its rules, look at the anchors, take out the domain's live keys.

    Raises:
        AccessRefused: names the first rule that says no.

    """
    question, at = ruled(hub.policy(), by, ask), hub.clock()
    verify_open(hub.anchoring.standing(), question.purpose)
    return replace(question, domains=tuple(hub.domains.live(question.purpose.domain, at=at)))


def target_of(session: Session, question: Ruled, *, at: datetime) -> Target:
    """Find whom an ask means, in a transaction that holds the epoch's lock.

    Raises:
        AccessRefused: the policy changed meanwhile, nobody is meant, or somebody who may not be revealed.

    """
    policy = find_policy(session)
    if policy is None or question.purpose not in policy.purposes:
        raise refused(RevealBecause.CHANGED)
    found = lead_back(session, question.domains, question.ask.pseudonym)
    return find_target(session, policy, question.purpose, found, at=at)


def _allow(hub: Hub, by: Principal, question: Ruled) -> _Allowed:
    """Decide, count, and commit the intent; nothing is open yet."""
    at, reveal_id = hub.clock(), random_id()
    with hub.unit_of_work() as session:
        epoch = lock_epoch(session)
        target = target_of(session, question, at=at)
        _verify_limit(session, by, question, at)
        _verify_second_person(session, by, question, target, at)
        sealed = sealed_of(session, list(target.sources))
        allowed = AllowedReveal(
            reveal_id=reveal_id, by=by, purpose=question.purpose.id, at=at, request_id=question.ask.request_id
        )
        add_reveal(session, allowed)
        fields = AuditFields(
            act_id=reveal_id,
            role=by.role,
            purpose=question.purpose.id,
            legal_basis=question.purpose.legal_basis,
            reason=question.ask.reason,
            columns=tuple(sorted(question.ask.attributes)),
            entity=target.entity,
            records=tuple(target.sources),
            opened=sealed.count,
            request=question.ask.request_id,
            epoch=epoch,
        )
        hub.audit(session, "reveal.intent", by.principal_id, fields)
    return _Allowed(reveal_id=reveal_id, target=target, sealed=sealed)


def _verify_limit(session: Session, by: Principal, question: Ruled, at: datetime) -> None:
    """Count under the epoch's lock: of two processes that are both the last within the limit, one comes too late."""
    if count_reveals(session, by.person_id, question.purpose.id, since=at - HOUR) >= question.rules.per_hour:
        raise refused(RevealBecause.LIMIT)


def _verify_second_person(session: Session, by: Principal, question: Ruled, target: Target, at: datetime) -> None:
    request_id = question.ask.request_id
    if request_id is None:
        if question.rules.second_person:
            raise refused(RevealBecause.NEEDS_SECOND)
        return
    requested = find_request(session, request_id)
    if requested is None or not _is_for(requested, by, question, target):
        raise refused(RevealBecause.REQUEST_UNFIT)
    if requested.approver_person is None or requested.valid_until is None:
        raise refused(RevealBecause.NOT_APPROVED)
    if requested.valid_until <= at:
        raise refused(RevealBecause.RUN_OUT)
    if was_used(session, request_id):
        raise refused(RevealBecause.USED)


def _is_for(requested: Requested, by: Principal, question: Ruled, target: Target) -> bool:
    """Say whether a request was made by the same person for the same thing; fewer attributes are the same thing."""
    asked = (requested.person_id, requested.purpose, requested.entity_id, requested.reason)
    asks = (by.person_id, question.purpose.id, target.entity, question.ask.reason)
    return asked == asks and question.ask.attributes <= requested.attributes


def _revealed(hub: Hub, allowed: _Allowed, opened: Opened, attributes: frozenset[str]) -> Revealed:
    """Tell what stands and what each source says; of either only what was asked for stays.

    What stands is chosen among whole records, so that it does not depend on which attributes somebody asks for.
    """
    target = allowed.target
    entities = dict.fromkeys(target.sources, target.entity)
    whose = Whose(entities=entities, kind=target.kind, country=hub.settings.country)
    golden = survive(facts_of(opened, whose), allowed.sealed.rules)
    return Revealed(
        reveal_id=allowed.reveal_id,
        golden=survivors_of(golden.filter(pl.col("attribute").is_in(sorted(attributes)))),
        parts=tuple(_part(each.source, opened.documents[each.record_id], attributes) for each in opened.said),
        opened=opened.count,
    )


def _part(source: str, document: bytes, attributes: frozenset[str]) -> Part:
    told = json.loads(document)
    return Part(source=source, attributes={n: str(told[n]) for n in sorted(attributes) if told.get(n) is not None})


def _complete(hub: Hub, by: Principal, question: Ruled, revealed: Revealed) -> Revealed:
    """Commit how much was opened, together with the count of unwrapped keys, before anything is handed on."""
    fields = AuditFields(
        act_id=revealed.reveal_id, purpose=question.purpose.id, opened=revealed.opened, rows=len(revealed.parts)
    )
    with hub.accounted() as session:
        hub.audit(session, "reveal.complete", by.principal_id, fields)
    return revealed
