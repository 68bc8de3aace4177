"""Second persons over HTTP, each through a token of their own: views, and links between pseudonymisation domains.

At the command line both credentials may be held by one operating-system account, so four eyes cannot be enforced there
and are shown so. Here an approval names what was looked at: what was submitted meanwhile is not approved by mistake.
"""

from datetime import date, datetime
from functools import partial
from http import HTTPStatus
from typing import Annotated, Final

from fastapi import APIRouter, Path
from pydantic import BaseModel, ConfigDict, Field

from hub.api.answers import problem_responses
from hub.api.audited import run_audited
from hub.api.dependencies import Acting, Serving
from hub.api.guard import PrincipalRoute
from hub.linking import approve as approve_link
from hub.linking import waiting as waiting_link
from hub.views import registry
from hub.views.look import Look, Unchecked
from hub.views.version import Version

router: Final = APIRouter(prefix="/v1", tags=["approvals"], route_class=PrincipalRoute)
_PROBLEMS: Final = problem_responses(
    HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN, HTTPStatus.UNPROCESSABLE_ENTITY, HTTPStatus.SERVICE_UNAVAILABLE
)
Name = Annotated[str, Path(pattern=r"^[a-z][a-z0-9_]{0,63}$")]


class SubmissionAnswer(BaseModel):
    """A submitted view as its approver sees it: the text, and the hash (SHA-256) that an approval names."""

    view: str
    version: int
    purpose: str
    spec: str
    spec_hash: str
    submitted_at: datetime | None


class ApprovalBody(BaseModel):
    """What the approver looked at."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    spec_hash: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    unchecked: Unchecked | None = Field(None, description="Why there is no check on real data; without, it must be")


class ApprovalAnswer(BaseModel):
    """An approval of a view, until `expires_at`."""

    view: str
    version: int
    expires_at: datetime


class RevocationAnswer(BaseModel):
    """How many approved versions are readable no more, from the next read on."""

    revoked: int


class LinkAnswer(BaseModel):
    """A version of a domain's record that waits for a second person: whose pseudonyms it would let be matched."""

    domain: str
    version: int
    purpose: str
    linkable_with: list[str]
    linking_ref: str | None
    valid_until: date | datetime | None


class LinkBody(BaseModel):
    """Which version of the record the approver looked at."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    version: Annotated[int, Field(ge=1)]


@router.get("/views/{name}/submission", summary="See what waits for approval", responses=_PROBLEMS)
async def get_submission(name: Name, principal: Acting, service: Serving) -> SubmissionAnswer:
    """Show the newest submitted version to somebody who may approve it."""

    def found() -> Version:
        with service.hub.reading() as session:
            return registry.approvable(session, name, principal)

    row = await run_audited(service, found)
    return SubmissionAnswer(
        view=row.name,
        version=row.version,
        purpose=row.purpose,
        spec=row.spec,
        spec_hash=row.spec_hash.hex(),
        submitted_at=row.submitted_at,
    )


@router.post("/views/{name}/approval", summary="Approve a view", responses=_PROBLEMS)
async def post_view_approval(name: Name, body: ApprovalBody, principal: Acting, service: Serving) -> ApprovalAnswer:
    """Approve the newest submitted version, as DPO and not as its author, if it is the one that was looked at."""
    looked_at = bytes.fromhex(body.spec_hash)
    look = Look(looked_at=looked_at, unchecked=body.unchecked, separate_accounts=True)
    approve = partial(registry.approve, service.hub, name, principal, look)
    approval = await run_audited(service, approve)
    return ApprovalAnswer(view=approval.view, version=approval.version, expires_at=approval.expires_at)


@router.delete("/views/{name}/approval", summary="Revoke a view's approvals", responses=_PROBLEMS)
async def delete_view_approval(name: Name, principal: Acting, service: Serving) -> RevocationAnswer:
    """Revoke every approved version, as DPO or owner; one person is enough to close."""
    return RevocationAnswer(revoked=await run_audited(service, partial(registry.revoke, service.hub, name, principal)))


@router.get("/domains/{name}/link", summary="See a link that waits for approval", responses=_PROBLEMS)
async def get_link(name: Name, principal: Acting, service: Serving) -> LinkAnswer:
    """Show what a domain would be linked with, to somebody who may approve it."""
    found = await run_audited(service, partial(waiting_link, service.hub, name, principal))
    record = found.record
    return LinkAnswer(
        domain=record.name,
        version=found.version,
        purpose=record.purpose,
        linkable_with=sorted(record.linkable_with),
        linking_ref=record.linking_ref,
        valid_until=record.valid_until,
    )


@router.post("/domains/{name}/link/approval", summary="Approve a link between domains", responses=_PROBLEMS)
async def post_link_approval(name: Name, body: LinkBody, principal: Acting, service: Serving) -> LinkBody:
    """Approve it as DPO, and not as who put the policy in force, if it is the version that was looked at."""
    approve = partial(approve_link, service.hub, name, principal, separate_accounts=True, looked_at=body.version)
    return LinkBody(version=await run_audited(service, approve))
