"""Looking at a letter before it is sent: shown, changed, approved or refused by people, each an audited act.

A text is opened for one act that the log was told of. What is shown is pseudonymous: name and address are put in where
the letter leaves, and nobody reads them here. An approval names the sealed bytes that this person was shown,
and nobody who wrote or changed a text, in any place of its history, can approve it.
"""

import json
from collections.abc import Callable
from functools import partial
from typing import Final

import polars as pl
from sqlmodel import Session

from hub.compose import Hub
from hub.contact.release import Outreach, release_check
from hub.errors import AccessRefused
from hub.views.admission import note_refusal, verify_may_read
from hub.winback.addressee import Opened, content_of, letter_cell, opened_of
from hub.winback.leaving import SOON
from hub.winback.letters import (
    OPEN,
    LetterState,
    SealedLetter,
    change_letter,
    end_letter,
    find_letter,
    find_letters,
)
from hub.winback.looks import APPROVED, REFUSED, Look, approvals_frame, decide, note_look
from hub.winback.people import PURPOSE, purpose_of
from hub.winback.progress import VIEW
from predict.winback.draft import Draft, edited, rewritten
from predict.winback.rubber_stamp import rubber_stamps
from privacy.audit import AuditFields
from privacy.sealing import seal
from privacy.store.principal import Principal
from privacy.terms import ContactChannel, KeyId, Role, random_id

LANGUAGE_MODEL: Final = "language_model"
Proposer = Callable[[str, str], str]
"""Gives other words for a text, of a language and that text."""
_MAY_JUDGE: Final = frozenset({Role.OWNER, Role.SUCCESS})
_MAY_OVERSEE: Final = frozenset({Role.OWNER, Role.DPO})
_WAITING: Final = (LetterState.DRAFT,)
_HELD: Final = (LetterState.DRAFT, LetterState.APPROVED)
_GONE: Final = "`varde winback letters` lists those that wait; whoever was erased or said no has none"


def find_waiting(hub: Hub, named: str) -> bytes:
    """Return the id of the one letter that waits and whose id begins like that.

    Raises:
        AccessRefused: there is none, or several begin so.

    """
    with hub.reading() as session:
        letters = find_letters(session, _HELD)
    found = [one.letter_id for one in letters if one.letter_id.hex().startswith(named)]
    if len(found) != 1:
        raise AccessRefused("no_such_letter", _GONE)
    return found[0]


def waiting(hub: Hub, by: Principal) -> list[SealedLetter]:
    """List the letters that wait, oldest first.

    Raises:
        AccessRefused: the role or the credential may not.

    """
    _verify_may_judge(hub, by)
    with hub.reading() as session:
        return find_letters(session, OPEN)


def show(hub: Hub, letter_id: bytes, by: Principal) -> Draft:
    """Open a letter's text for somebody, and note that this very text was shown to them.

    Raises:
        AccessRefused: there is no such letter.

    """
    opened = _open(hub, letter_id, by, "winback.show")
    draft, letter = opened.draft, opened.letter
    look = Look(
        letter_id=letter_id,
        revision=letter.revision,
        person_id=by.person_id,
        commitment=letter.commitment,
        characters=len(draft.subject) + len(draft.body),
        edited=letter.revision > (2 if LANGUAGE_MODEL in draft.authors else 1),  # by a person
        shown_at=hub.clock(),
    )
    with hub.unit_of_work() as session:
        note_look(session, look, waits=letter.state == LetterState.DRAFT.value)
    return draft


def edit(hub: Hub, letter_id: bytes, text: tuple[str, str], by: Principal) -> None:
    """Replace subject and body; the letter waits for an approval anew, whoever approved it before.

    Raises:
        AccessRefused: there is no such letter, or somebody changed it at this moment.
        TextRefused: the text says what is never said, or cannot be unsubscribed from.

    """
    opened = _open(hub, letter_id, by, "winback.edit")
    subject, body = text
    _replace(hub, opened, edited(opened.draft, subject=subject, body=body, author=by.person_id.hex(), at=hub.clock()))


def propose(hub: Hub, letter_id: bytes, by: Principal, model: Proposer | None) -> None:
    """Let a language model on this machine put a letter into other words; both it and who asks are its authors then.

    It is shown the words of a template with every fact taken out. A text that a person typed into is not shown to it.

    Raises:
        AccessRefused: there is no such letter, a person changed it, or no model is configured (None).
        ServiceUnreachable: the model does not answer.
        TextRefused: it lost or invented a placeholder, or says what is never said; the letter stays as it was.

    """
    _verify_may_judge(hub, by)
    if model is None:
        raise AccessRefused("no_language_model", "Set VARDE_LANGUAGE_MODEL to one on the hub's machine")
    opened = _open(hub, letter_id, by, "winback.propose")
    draft, at = opened.draft, hub.clock()
    if opened.letter.revision > 1:
        raise AccessRefused("not_as_written", "A language model is shown only what nobody has changed: edit it")
    told = rewritten(draft, partial(model, draft.language), author=LANGUAGE_MODEL, at=at)
    _replace(hub, opened, edited(told, subject=told.subject, body=told.body, author=by.person_id.hex(), at=at))


def _replace(hub: Hub, opened: Opened, changed: Draft) -> None:
    """Seal a changed text in the place of the one that was opened, if that still is the newest."""
    content = {**opened.content, **content_of(changed)}
    revision = opened.letter.revision + 1
    cell = letter_cell(hub, opened.letter.letter_id, revision)
    values = {"sealed": seal(json.dumps(content).encode(), key=opened.key, cell=cell), "revision": revision}
    with hub.unit_of_work() as session:
        if not change_letter(session, opened.letter, _HELD, **values, state=LetterState.DRAFT.value):
            raise _changed()


def approve(hub: Hub, letter_id: bytes, by: Principal, *, separate_accounts: bool = False) -> None:
    """Say yes to the very text that this person was shown.

    `separate_accounts`: the approver acts from an account of their own, so four eyes are enforced and noted so.

    Raises:
        AccessRefused: it was not shown to them, they wrote or changed it, or somebody changed it since.

    """
    opened = _open(hub, letter_id, by, "winback.judge")
    letter = opened.letter
    if by.person_id.hex() in opened.draft.authors:
        raise AccessRefused("own_eyes", "Who wrote or changed a letter cannot approve it; another person must")
    with hub.unit_of_work() as session:
        if not decide(session, letter, by, APPROVED, at=hub.clock()):
            raise AccessRefused("not_shown", "Look at it first: `varde winback show LETTER`; it may have changed since")
        if not change_letter(session, letter, _WAITING, state=LetterState.APPROVED.value, due_at=hub.clock()):
            raise _changed()
        fields = AuditFields(
            act_id=letter_id, purpose=PURPOSE, sha256=letter.commitment.hex(), role=by.role, four_eyes=separate_accounts
        )
        hub.audit(session, "winback.approve", by.principal_id, fields)


def refuse(hub: Hub, letter_id: bytes, by: Principal) -> None:
    """Say no to a letter; its text is let go of.

    Raises:
        AccessRefused: there is no such letter.

    """
    _verify_may_judge(hub, by)
    with hub.unit_of_work() as session:
        letter = find_letter(session, letter_id)
        if letter is None:
            raise AccessRefused("no_such_letter", _GONE)
        decide(session, letter, by, REFUSED, at=hub.clock())
        if not end_letter(session, letter, LetterState.REFUSED, at=hub.clock(), among=_HELD):
            raise _changed()  # what is handed over at this moment cannot be called back
        hub.audit(session, "winback.refuse", by.principal_id, AuditFields(act_id=letter_id, purpose=PURPOSE))


def stamps(hub: Hub, by: Principal) -> pl.DataFrame:
    """Say whether approvers read what they approve (`predict.winback.rubber_stamp`), templates and letters alike.

    Owner and DPO see it by person; anybody else sees of themselves alone how long they took.
    """
    with hub.reading() as session:
        found = approvals_frame(session, APPROVED)
    mine = pl.col("by") == by.person_id.hex()
    return rubber_stamps(found if by.role in _MAY_OVERSEE else found.filter(mine))


def _open(hub: Hub, letter_id: bytes, by: Principal, action: str) -> Opened:
    """Tell the log, then open one text."""
    _verify_may_judge(hub, by)
    act_id = random_id()
    with hub.unit_of_work() as session:
        letter = find_letter(session, letter_id)
        if letter is None or not letter.sealed:
            raise AccessRefused("no_such_letter", _GONE)
        said_no = _has_said_no(hub, session, letter)
        if said_no:
            end_letter(session, letter, LetterState.STOPPED, at=hub.clock(), among=_HELD)
        else:
            fields = AuditFields(
                act_id=act_id,
                request=letter_id,
                purpose=PURPOSE,
                records=(letter.record_id,),
                role=by.role,
                opened=1,
                outcome=action,
            )
            hub.audit(session, "winback.open", by.principal_id, fields)
    key = None if said_no else hub.keystore.get([KeyId(letter.key_id)], act_id=act_id).get(KeyId(letter.key_id))
    if key is None:
        raise AccessRefused("no_such_letter", _GONE)
    return opened_of(hub, letter, key)


def _has_said_no(hub: Hub, session: Session, letter: SealedLetter) -> bool:
    """Say whether the person said no since it was written: then it is nobody's to read any more."""
    outreach = Outreach(channel=ContactChannel.EMAIL, purpose=purpose_of(hub), at=hub.clock())
    why = release_check(session, [letter.record_id], outreach)["because"].item()
    return why is not None and why not in SOON


def _verify_may_judge(hub: Hub, by: Principal) -> None:
    """Refuse who may not win back, or whose credential is bound to other purposes or views; audited."""
    try:
        _verify_role(by)
        verify_may_read(by, VIEW, PURPOSE)
    except AccessRefused as refused:
        note_refusal(hub, by, PURPOSE, refused)
        raise


def _verify_role(by: Principal) -> None:
    if by.role not in _MAY_JUDGE:
        raise AccessRefused("role_may_not_win_back", "Ask the owner or customer success")


def _changed() -> AccessRefused:
    return AccessRefused("changed_meanwhile", "Somebody changed or decided this letter at this moment: look again")
