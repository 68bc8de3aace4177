"""What an approver looks at over HTTP: what a version changes, what it would release; and how it is refused.

A check says counts over everybody and opens nobody; counts of few are null for whoever is neither DPO nor owner.
"""

from datetime import datetime
from functools import partial
from http import HTTPStatus
from typing import Annotated, Final

from fastapi import APIRouter, Path
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from hub.api.answers import problem_responses
from hub.api.audited import run_audited
from hub.api.dependencies import Acting, Serving
from hub.api.guard import PrincipalRoute
from hub.consents import find_subject
from hub.inspection.check import check, checkable
from hub.inspection.diff import changes_of
from hub.inspection.explain import explain, verify_may_explain
from hub.inspection.figures import Figures
from hub.views import registry
from hub.views.look import Refusal

router: Final = APIRouter(prefix="/v1/views", tags=["approvals"], route_class=PrincipalRoute)
_PROBLEMS: Final = problem_responses(
    HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN, HTTPStatus.UNPROCESSABLE_ENTITY, HTTPStatus.SERVICE_UNAVAILABLE
)
_OF_ONE: Final = _PROBLEMS | problem_responses(HTTPStatus.NOT_FOUND)
Name = Annotated[str, Path(pattern=r"^[a-z][a-z0-9_]{0,63}$")]


class CheckBody(BaseModel):
    """At which instant of the view's grid to measure; left out, the newest that has seen all that is known."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    as_of: AwareDatetime | None = None


class CheckAnswer(BaseModel):
    """A check: its id, what it measured (the spec's SHA-256, the instant) and what it found."""

    check: str
    spec_hash: str
    checked_at: datetime
    as_of: datetime
    figures: Figures


class ChangesAnswer(BaseModel):
    """What the newest version changes, in sentences; `against` is the version that was approved last, null if none."""

    version: int
    against: int | None
    changes: list[str]


class ExplanationBody(BaseModel):
    """Of whom and of when: in the body, for no address may hold a person."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    subject: str = Field(
        min_length=1, max_length=320, repr=False, description="email:ADDRESS, phone:NUMBER, SOURCE:KEY or a record id"
    )
    as_of: AwareDatetime | None = None


class ExplanationAnswer(BaseModel):
    """Where the person stands: the rule that fired, in a sentence, and since when.

    `since` is null where nothing that happened on a day made it so; `closed` is the rule by which nobody may read the
    view now, whoever is in it.
    """

    version: int
    purpose: str
    as_of: datetime
    present: bool
    rule: str
    words: str
    since: datetime | None
    closed: str | None


class RefusalBody(BaseModel):
    """Why the view is not approved."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    because: Refusal = Field(description="A word that the author sees; another version may be submitted")


class RefusalAnswer(BaseModel):
    """Which version was refused."""

    version: int


@router.post("/{name}/check", summary="Check a view on real data", responses=_PROBLEMS)
async def post_check(name: Name, body: CheckBody, principal: Acting, service: Serving) -> CheckAnswer:
    """Measure what the submitted (else approved) version would release: as DPO, owner, or its author. Audited, kept."""
    found = await run_audited(service, partial(check, service.hub, name, principal, as_of=body.as_of))
    return CheckAnswer(
        check=found.check_id.hex(),
        spec_hash=found.spec_hash.hex(),
        checked_at=found.checked_at,
        as_of=found.as_of,
        figures=found.figures,
    )


@router.get("/{name}/changes", summary="See what a version changes", responses=_PROBLEMS)
async def get_changes(name: Name, principal: Acting, service: Serving) -> ChangesAnswer:
    """Say in plain words what the newest version changes, to DPO, owner, or its author."""

    def found() -> ChangesAnswer:
        with service.hub.reading() as session:
            row = checkable(session, name, principal)
            against, told = changes_of(session, row)
        return ChangesAnswer(version=row.version, against=against, changes=list(told))

    return await run_audited(service, found)


@router.post("/{name}/explanation", summary="Explain why somebody is in a view, or not", responses=_OF_ONE)
async def post_explanation(name: Name, body: ExplanationBody, principal: Acting, service: Serving) -> ExplanationAnswer:
    """Say to the DPO why one person is in a view, or not. Audited, and in the person's own list of accesses."""

    def found() -> ExplanationAnswer:
        verify_may_explain(principal)  # before the look-up: who may not see must not learn whom this hub knows
        subject = find_subject(service.hub, body.subject)
        told = explain(service.hub, subject, name, principal, as_of=body.as_of)
        return ExplanationAnswer(**{field: getattr(told, field) for field in ExplanationAnswer.model_fields})

    return await run_audited(service, found)


@router.post("/{name}/refusal", summary="Refuse a view", responses=_PROBLEMS)
async def post_refusal(name: Name, body: RefusalBody, principal: Acting, service: Serving) -> RefusalAnswer:
    """Refuse the newest submitted version, as DPO."""
    refuse = partial(registry.refuse, service.hub, name, principal, body.because)
    return RefusalAnswer(version=await run_audited(service, refuse))
