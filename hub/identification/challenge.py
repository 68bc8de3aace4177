"""Proving an e-mail address by a code that is sent to it, without telling anybody whether we know the address.

Asking writes one row, by the same statements for everybody (`ask`). Whether anybody carries the address is found out
later and elsewhere (`look_up`), where nobody's answer waits for it; so status, body and time cannot tell.

Limits, each chosen so that using it up locks nobody else out:
- five tries of a short code, counted for the handle of who asked: a stranger uses up their own;
- three letters an hour to one address, then one each five minutes: a mailbox is not flooded, its owner always gets one;
- so many wishes a minute and short codes an hour in all; above, the answer is "later" to everybody alike, and the long
  code of a letter still works.
"""

import hashlib
import secrets
from dataclasses import replace
from datetime import timedelta
from hmac import compare_digest
from typing import Final

from sqlmodel import Session

from hub.compose import Hub
from hub.errors import IdentificationBusy
from hub.identification.carriers import EMAIL, Carriers, carriers_now
from hub.identification.code import draw_codes, is_long, long_digest, short_digest, typed
from hub.identification.grant import Granted, Holder, Means, grant, holder_of
from hub.identification.store import (
    Challenge,
    add_challenge,
    answer_challenge,
    count_asked,
    count_guesses,
    end_challenge,
    find_by_long,
    forget_challenges,
    pending_challenges,
    take_challenge,
    try_challenge,
    written_to,
)
from hub.outbox.letter import Letter, enqueue_to
from hub.suppression.proven import proven_by
from privacy.secret import SecretText
from privacy.terms import ID_BYTES, PrincipalId

WORKS_FOR: Final = timedelta(minutes=10)
MOST_TRIES: Final = 5
MOST_ASKED_A_MINUTE: Final = 300
MOST_GUESSES_AN_HOUR: Final = 1_000
LETTERS_AN_HOUR: Final = 3
SPACING: Final = timedelta(minutes=5)
MOST_AT_ONCE: Final = 20
_NOBODYS: Final = bytes(ID_BYTES)
_HUB: Final = PrincipalId(bytes(ID_BYTES))


def ask(hub: Hub, session: Session, address: str, language: str) -> SecretText:
    """Note that somebody wants to prove a (standardised) address; return the handle that their code will belong to.

    Raises:
        IdentificationBusy: too many ask at once; told to everybody alike.

    """
    at, handle = hub.clock(), SecretText(secrets.token_urlsafe(32))
    forget_challenges(session, at=at)
    if count_asked(session, since=at - timedelta(minutes=1)) >= MOST_ASKED_A_MINUTE:
        raise IdentificationBusy
    challenge = Challenge(
        handle_hash=_hash_of(handle),
        proven=proven_by(hub, EMAIL, [address])[0],
        language=language,
        created_at=at,
        expires_at=at + WORKS_FOR,
    )
    add_challenge(session, challenge)
    return handle


def look_up(hub: Hub) -> int:
    """Find out whom the wishes mean that wait, and write to those who are known; return how many were looked up."""
    with hub.reading() as session:
        waiting = pending_challenges(session, at=hub.clock(), most=MOST_AT_ONCE)
    if not waiting:
        return 0
    with hub.unit_of_work() as session:
        mine = [each for each in waiting if take_challenge(session, each, at=hub.clock())]
        for each in mine:  # at most MOST_AT_ONCE
            _answer(hub, session, each)
    return len(mine)


def confirm(hub: Hub, session: Session, handle: str, code: str) -> Granted | None:
    """Grant a token for the right code; None for any other, whatever is wrong with it. A try is counted either way.

    Raises:
        IdentificationBusy: too many short codes were tried, by whomever; the long one still works.

    """
    at, meant = hub.clock(), typed(code)
    if is_long(meant):
        found = find_by_long(session, long_digest(meant), at=at)
    else:
        found = _guessed(hub, session, _hash_of(handle), meant)
    if found is None or found.record_id is None or not end_challenge(session, found, at=at):
        return None
    holder = Holder(record=found.record_id, proven=found.proven, shared=found.shared)
    return grant(hub, session, holder, Means.ONE_TIME_CODE)


def _guessed(hub: Hub, session: Session, handle_hash: bytes, code: str) -> Challenge | None:
    """Count a try and compare; a wish of somebody unknown takes the same steps."""
    at = hub.clock()
    if count_guesses(session, since=at - timedelta(hours=1)) >= MOST_GUESSES_AN_HOUR:
        raise IdentificationBusy
    challenge = try_challenge(session, handle_hash, most=MOST_TRIES, at=at)
    kept = _NOBODYS if challenge is None or challenge.short_digest is None else challenge.short_digest
    return challenge if compare_digest(kept, short_digest(hub.indexes(), handle_hash, code)) else None


def _answer(hub: Hub, session: Session, challenge: Challenge) -> None:
    """Write to whoever carries the address now, unless they were written to just before."""
    if _is_too_soon(hub, session, challenge):
        return
    found = carriers_now(hub, session, challenge.proven, Means.ONE_TIME_CODE)
    if found.entities:
        _write(hub, session, challenge, found)


def _write(hub: Hub, session: Session, challenge: Challenge, found: Carriers) -> None:
    """Send the codes to the address as it is held, never as it was typed: two that look alike may be two mailboxes."""
    codes = draw_codes()
    holder = holder_of(found.entities, challenge.proven)
    minutes = str(int(WORKS_FOR.total_seconds() // 60))
    letter = Letter(
        to=holder.record,
        kind="one_time_code",
        language=challenge.language,
        values={"code": codes.short, "long_code": codes.long, "minutes": minutes},
        expires_at=challenge.expires_at,
    )
    enqueue_to(hub, session, letter, found.addresses[holder.record], by=_HUB)
    answered = replace(
        challenge,
        record_id=holder.record,
        shared=holder.shared,
        short_digest=short_digest(hub.indexes(), challenge.handle_hash, typed(codes.short)),
        long_digest=long_digest(typed(codes.long)),
    )
    answer_challenge(session, answered)


def _is_too_soon(hub: Hub, session: Session, challenge: Challenge) -> bool:
    at = hub.clock()
    written = written_to(session, challenge, since=at - timedelta(hours=1))
    return written.letters >= LETTERS_AN_HOUR and written.last_at is not None and at - written.last_at < SPACING


def _hash_of(handle: str) -> bytes:
    return hashlib.sha256(handle.encode()).digest()
