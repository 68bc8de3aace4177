"""`/v1/subjects/tokens`: an agent hands a person the means to act on their own choices, lists them, takes them away.

Who the person is travels in the body: a path stands in the logs of every proxy on the way. The role is looked at before
the person is, so nobody learns here whom the hub knows who may not.
"""

from datetime import datetime, timedelta
from functools import partial
from http import HTTPStatus
from typing import Annotated, Final

from fastapi import APIRouter
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from hub.api.answers import problem_responses
from hub.api.audited import run_audited
from hub.api.dependencies import Acting, Serving
from hub.api.guard import PrincipalRoute
from hub.opt_outs import ONE_CLICK_PATH
from hub.subject_tokens import TokenWish, issue_for, listed_for, revoke_for
from privacy.secret import SecretText
from privacy.store.subject_token import IssuedToken, SubjectScope
from privacy.terms import PurposeId

router: Final = APIRouter(prefix="/v1/subjects", tags=["subjects"], route_class=PrincipalRoute)
_PROBLEMS: Final = problem_responses(
    HTTPStatus.UNAUTHORIZED,
    HTTPStatus.FORBIDDEN,
    HTTPStatus.NOT_FOUND,
    HTTPStatus.UNPROCESSABLE_ENTITY,
    HTTPStatus.SERVICE_UNAVAILABLE,
)
_MOST_DAYS: Final = 365
Concealed = Annotated[str, AfterValidator(SecretText)]
Word = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,63}$")]


class IssueBody(BaseModel):
    """Whom the token is for and what it opens.

    `identifier`: `email:ADDRESS`, `phone:NUMBER`, `SOURCE:KEY` or a record id. `purposes` left out: all of them.
    `days` left out: 90, and 30 minutes for scope `verified`, which the owner and the DPO alone may issue.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    identifier: Annotated[Concealed, Field(min_length=1, max_length=300, repr=False)]
    scope: SubjectScope = SubjectScope.OPT_OUT
    purposes: Annotated[list[Word], Field(max_length=100)] = []
    days: Annotated[int | None, Field(ge=1, le=_MOST_DAYS)] = None


class TokenAnswer(BaseModel):
    """A token, shown this once.

    `link`: the page on which it says no; null for wider scopes, which no address may hold, and without a public https
    address of the hub (VARDE_PUBLIC_URL).
    """

    token: Concealed
    scope: SubjectScope
    purposes: list[str]
    expires_at: datetime
    link: Concealed | None


class WhoBody(BaseModel):
    """Whose tokens: `email:ADDRESS`, `phone:NUMBER`, `SOURCE:KEY` or a record id, of one person."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    identifier: Annotated[Concealed, Field(min_length=1, max_length=300, repr=False)]


class IssuedAnswer(BaseModel):
    """A token that was issued, without itself: it is nowhere. `live`: it opens something now."""

    scope: SubjectScope
    purposes: list[str]
    created_at: datetime
    expires_at: datetime
    revoked_at: datetime | None
    live: bool


class IssuedListAnswer(BaseModel):
    """What a person was given."""

    tokens: list[IssuedAnswer]


class RevokedAnswer(BaseModel):
    """How many tokens open nothing from now on."""

    revoked: int


@router.post("/tokens/list", summary="List a person's tokens", responses=_PROBLEMS)
async def list_tokens(body: WhoBody, principal: Acting, service: Serving) -> IssuedListAnswer:
    """List what tokens a person was given, live or not, as owner, DPO or agent; audited, or nothing is told."""
    found = await run_audited(service, partial(listed_for, service.hub, body.identifier, principal))
    at = service.hub.clock()
    return IssuedListAnswer(tokens=[_issued(each, at) for each in found])


@router.post("/tokens/revocation", summary="Revoke a person's tokens", responses=_PROBLEMS)
async def revoke_tokens(body: WhoBody, principal: Acting, service: Serving) -> RevokedAnswer:
    """Revoke every live token of a person, from its next call on; repeating it is safe."""
    act = partial(revoke_for, service.hub, body.identifier, principal)
    return RevokedAnswer(revoked=await run_audited(service, act))


@router.post("/tokens", summary="Issue a token to a person", responses=_PROBLEMS)
async def post_token(body: IssueBody, principal: Acting, service: Serving) -> TokenAnswer:
    """Issue a token for one person, as owner, DPO or agent; audited, or there is none."""
    wish = TokenWish(
        identifier=body.identifier,
        scope=body.scope,
        purposes=frozenset(PurposeId(each) for each in body.purposes),
        lasts=None if body.days is None else timedelta(days=body.days),
    )
    issued = await run_audited(service, partial(issue_for, service.hub, wish, principal))
    place, opens = service.hub.settings.public_url or "", issued.opens
    has_link = place.startswith("https://") and opens.scope is SubjectScope.OPT_OUT
    return TokenAnswer(
        token=issued.token,
        scope=opens.scope,
        purposes=sorted(opens.purposes),
        expires_at=opens.expires_at,
        link=SecretText(f"{place.rstrip('/')}{ONE_CLICK_PATH}{issued.token}") if has_link else None,
    )


def _issued(each: IssuedToken, at: datetime) -> IssuedAnswer:
    return IssuedAnswer(
        scope=each.opens.scope,
        purposes=sorted(each.opens.purposes),
        created_at=each.created_at,
        expires_at=each.opens.expires_at,
        revoked_at=each.revoked_at,
        live=each.revoked_at is None and each.opens.expires_at > at,
    )
