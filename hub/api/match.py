"""`POST /v1/match`: whether somebody is a customer already, asked by a program that cannot wait for the next delivery.

Everything about the record travels in the body: a path stands in the logs of every proxy on the way.
"""

from functools import partial
from http import HTTPStatus
from typing import Annotated, Final, Self

from fastapi import APIRouter
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from hub.api.answers import problem_responses
from hub.api.audited import run_audited
from hub.api.dependencies import Acting, Serving
from hub.api.guard import PrincipalRoute
from hub.recognising import recognise
from ingest.pipeline.arriving import Arriving
from privacy.audit import SHAPES
from privacy.secret import SecretText
from privacy.terms import EntityKind

router: Final = APIRouter(prefix="/v1/match", tags=["match"], route_class=PrincipalRoute)
_WORD: Final = r"^[a-z][a-z0-9_]{0,63}$"
_PROBLEMS: Final = problem_responses(
    HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN, HTTPStatus.UNPROCESSABLE_ENTITY, HTTPStatus.SERVICE_UNAVAILABLE
)
Told = Annotated[
    Annotated[str, AfterValidator(SecretText)] | None, Field(default=None, max_length=250, min_length=1, repr=False)
]
Country = Annotated[str, Field(pattern=r"^[A-Z]{2}$")]


def _fit_for_the_log(source: str) -> str:
    """Refuse a name that the log would: before anybody is opened, not after."""
    if not SHAPES["source"].admits(source):
        raise ValueError("a source has no 7 digits in a row")
    return source


class PersonBody(BaseModel):
    """What the record says, in the words of a people contract's targets; dates are ISO 8601."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    given_name: Told
    family_name: Told
    full_name: Told
    birth_date: Annotated[Told, Field(pattern=r"^\d{4}-\d{2}-\d{2}$")]
    email: Told
    phone: Told
    national_id: Told
    street: Told
    house_number: Told
    postcode: Told
    city: Told
    country: Country | None = None
    sex: Told
    occupation: Told


class OrganisationBody(BaseModel):
    """What the record says, in the words of an organisations contract's targets."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    organisation_name: Told
    organisation_number: Told
    email: Told
    domain: Told
    phone: Told
    street: Told
    house_number: Told
    postcode: Told
    city: Told
    country: Country | None = None


class MatchBody(BaseModel):
    """A record as `source` would deliver it under `key`, of a person or of an organisation.

    `country` is what its contract says of rows without one.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    purpose: Annotated[str, Field(pattern=_WORD, description="What the answer is for, and in whose pseudonyms")]
    source: Annotated[str, Field(pattern=_WORD), AfterValidator(_fit_for_the_log)]
    key: Annotated[Annotated[str, AfterValidator(SecretText)], Field(min_length=1, max_length=250, repr=False)]
    country: Country | None = None
    person: PersonBody | None = Field(default=None, repr=False)
    organisation: OrganisationBody | None = Field(default=None, repr=False)

    @model_validator(mode="after")
    def _is_of_one_kind(self) -> Self:
        """Refuse a record of both, and of neither."""
        if (self.person is None) == (self.organisation is None):
            raise ValueError("name a person or an organisation")
        return self

    def arriving(self) -> Arriving:
        """Return the record that is asked about."""
        kind = EntityKind.PERSON if self.organisation is None else EntityKind.ORGANISATION
        body = self.person or self.organisation
        told = {} if body is None else body.model_dump(exclude_none=True)
        return Arriving(source=self.source, key=self.key, attributes=told, country=self.country, kind=kind)


class ComparisonAnswer(BaseModel):
    """How close one comparison is, and what it adds, as log2 odds."""

    what: str
    says: str
    weight: float


class MatchAnswer(BaseModel):
    """Whom the record would belong to, under the purpose's pseudonym; null for nobody of whom anything may be told.

    `match` names the act in the audit log. `comparisons` are of the closest record of that person or organisation.
    """

    match: str
    pseudonym: str | None
    probability: float | None
    doubtful: bool
    comparisons: list[ComparisonAnswer]


@router.post("", summary="Ask whether somebody is a customer already", responses=_PROBLEMS)
async def post_match(body: MatchBody, principal: Acting, service: Serving) -> MatchAnswer:
    """Say whom a record would belong to if it were delivered now. Nothing of it is kept."""
    act = partial(recognise, service.hub, service.recogniser, principal, body.purpose, body.arriving())
    found = await run_audited(service, act)
    return MatchAnswer(
        match=found.act_id.hex(),
        pseudonym=None if found.pseudonym is None else found.pseudonym.hex(),
        probability=found.probability,
        doubtful=found.doubtful,
        comparisons=[ComparisonAnswer(what=s.what, says=s.says, weight=round(s.weight, 3)) for s in found.steps],
    )
