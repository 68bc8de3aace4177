"""`/v1/winback/letters`: letters before they are sent, each looked at by a person with a token of their own.

Nothing of a letter is in a path but its random id. What a letter says is answered to who may win back, once the log
knows; the name stands as `[[name]]`. Here who approves acts from an account of their own, so four eyes are enforced.
"""

from datetime import datetime
from functools import partial
from http import HTTPStatus
from typing import Annotated, Final

from fastapi import APIRouter, Path
from pydantic import BaseModel, ConfigDict, Field

from hub.api.answers import problem_responses
from hub.api.audited import run_audited
from hub.api.dependencies import Acting, Serving
from hub.api.guard import PrincipalRoute
from hub.winback import judging
from hub.winback.letters import LetterState
from hub.winback.looks import APPROVED, REFUSED
from hub.winback.wording import language_model_of
from predict.winback.template import LONGEST

router: Final = APIRouter(prefix="/v1/winback/letters", tags=["win-back"], route_class=PrincipalRoute)
ID: Final = r"^[0-9a-f]{32}$"
_LONGEST_SUBJECT: Final = 200
_PROBLEMS: Final = problem_responses(
    HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN, HTTPStatus.UNPROCESSABLE_ENTITY, HTTPStatus.SERVICE_UNAVAILABLE
)
LetterId = Annotated[str, Path(pattern=ID, description="As the list names it")]


class ListedLetter(BaseModel):
    """A letter that waits, without what it says or to whom."""

    letter: str
    language: str
    revision: int
    state: str
    created_at: datetime


class LetterText(BaseModel):
    """What a letter says, and which facts it states; `[[name]]` and `[[unsubscribe]]` are put in where it leaves."""

    letter: str
    template: str
    language: str
    subject: str
    body: str
    facts: dict[str, str]


class TextBody(BaseModel):
    """Subject and body as they are to be."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    subject: Annotated[str, Field(min_length=1, max_length=_LONGEST_SUBJECT)]
    body: Annotated[str, Field(min_length=1, max_length=LONGEST)]


class Judged(BaseModel):
    """A letter and what it is now."""

    letter: str
    state: str


@router.get("", summary="List the letters that wait", responses=_PROBLEMS)
async def get_letters(principal: Acting, service: Serving) -> list[ListedLetter]:
    """List drafts and approved letters, oldest first."""
    found = await run_audited(service, partial(judging.waiting, service.hub, principal))
    return [
        ListedLetter(
            letter=one.letter_id.hex(),
            language=one.language,
            revision=one.revision,
            state=one.state,
            created_at=one.created_at,
        )
        for one in found
    ]


@router.post("/{letter}/look", summary="Open a letter's text: an act, in the audit log", responses=_PROBLEMS)
async def post_look(letter: LetterId, principal: Acting, service: Serving) -> LetterText:
    """Open one text, and note that it was shown to you; only then you may approve it."""
    draft = await run_audited(service, partial(judging.show, service.hub, bytes.fromhex(letter), principal))
    return LetterText(
        letter=letter,
        template=draft.template,
        language=draft.language,
        subject=draft.subject,
        body=draft.body,
        facts=dict(draft.facts),
    )


@router.put("/{letter}/text", summary="Replace a letter's text", responses=_PROBLEMS)
async def put_text(letter: LetterId, body: TextBody, principal: Acting, service: Serving) -> Judged:
    """Replace subject and body; whoever changes a letter cannot approve it."""
    text = (body.subject, body.body)
    await run_audited(service, partial(judging.edit, service.hub, bytes.fromhex(letter), text, principal))
    return Judged(letter=letter, state=LetterState.DRAFT.value)


@router.post("/{letter}/proposal", summary="Let a language model put a letter into other words", responses=_PROBLEMS)
async def post_proposal(letter: LetterId, principal: Acting, service: Serving) -> Judged:
    """Replace a text that nobody has changed by a proposal; the model sees no fact, and you count as its author."""
    model = language_model_of(service.hub.settings)
    act = partial(judging.propose, service.hub, bytes.fromhex(letter), principal, model)
    await run_audited(service, act, among=service.proposals)
    return Judged(letter=letter, state=LetterState.DRAFT.value)


@router.post("/{letter}/approval", summary="Approve the text that you were shown", responses=_PROBLEMS)
async def post_approval(letter: LetterId, principal: Acting, service: Serving) -> Judged:
    """Approve, as somebody who wrote none of it."""
    agree = partial(judging.approve, service.hub, bytes.fromhex(letter), principal, separate_accounts=True)
    await run_audited(service, agree)
    return Judged(letter=letter, state=APPROVED)


@router.post("/{letter}/refusal", summary="Refuse a letter", responses=_PROBLEMS)
async def post_refusal(letter: LetterId, principal: Acting, service: Serving) -> Judged:
    """Refuse: it is never sent, and its text is let go of."""
    await run_audited(service, partial(judging.refuse, service.hub, bytes.fromhex(letter), principal))
    return Judged(letter=letter, state=REFUSED)
