"""The answers of `/v1/me`: what a data subject is told of themselves."""

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict

from hub.choices import Wanted
from privacy.terms import ActChannel, ConsentAct, ConsentState, EntityKind, LegalBasis, Role

Hex = Annotated[str, BeforeValidator(bytes.hex)]


class _Told(BaseModel):
    model_config = ConfigDict(from_attributes=True, frozen=True)


class StandingAnswer(_Told):
    """Where the person stands: the strictest of what they said; `used`: whether data are used for it now.

    `because`: why, in words; `since`: when the act of theirs was that it follows from, null where it follows from none.
    """

    consent: ConsentState
    objected: bool
    restricted: bool
    used: bool
    in_words: str
    because: str
    since: datetime | None


class OfferAnswer(_Told):
    """A purpose in words. `ends_by`: the choices that end it; `effect`: what a no does, or why it goes on.

    `notice`: the version of the text to show before a yes. `standing` is left out for a token that only opts out.
    """

    purpose: str
    name: str
    description: str
    legal_basis: LegalBasis
    because: str
    ends_by: list[Wanted]
    effect: str
    notice: str | None
    standing: StandingAnswer | None = None


class PurposesAnswer(BaseModel):
    """Every purpose that the token is bound to."""

    language: str
    purposes: list[OfferAnswer]


class SaidAnswer(_Told):
    """One act: `*` is every purpose; `channel` is the way by which it came; `receipt` names its receipt."""

    at: datetime
    recorded_at: datetime
    purpose: str
    act: ConsentAct
    channel: ActChannel
    notice: str | None
    until: datetime | None
    language: str
    receipt: Hex


class HistoryAnswer(BaseModel):
    """What the person has said, newest first."""

    acts: list[SaidAnswer]


class ReceiptAnswer(_Told):
    """A receipt that can be fetched under its id."""

    receipt: Hex
    at: datetime
    purpose: str
    act: ConsentAct


class ReceiptsAnswer(BaseModel):
    """The receipts of what the person has said, newest first; the keys to check them: `/.well-known/jwks.json`."""

    receipts: list[ReceiptAnswer]


class AccessAnswer(_Told):
    """One read of the person's data: when, what for, by which role or module.

    `act` is `view.release` for rows of a view, else the audited action. `grain`: whether the person was a row of their
    own, or may have been counted in an organisation's figure.
    """

    at: datetime
    act: str
    purpose: str | None
    view: str | None
    by: Role | None
    module: str | None
    grain: EntityKind


class AccessesAnswer(BaseModel):
    """The reads of the person's data, newest first (CJEU C-579/21)."""

    accesses: list[AccessAnswer]


class ScoreAnswer(_Told):
    """A score in words (CJEU C-203/22): the figure and its uncertainty, what spoke for it, what was looked at, and how.

    `probability`, `low` and `high` are between 0 and 1.
    """

    module: str
    purpose: str | None
    as_of: datetime
    scored_at: datetime
    probability: float
    low: float
    high: float
    band: str
    in_words: str
    reasons: list[str]
    looked_at: list[str]
    how: str
    who_decides: str


class ScoresAnswer(BaseModel):
    """The newest score of each module."""

    language: str
    scores: list[ScoreAnswer]
