"""`/v1/alerts`: messages that ask for somebody at once, for colleagues whose credential may read them.

No text and no name: a pseudonym, of what kind the message was, and which of our own words said so.
"""

from datetime import datetime
from functools import partial
from http import HTTPStatus
from typing import Annotated, Final

from fastapi import APIRouter, Path
from pydantic import BaseModel, ConfigDict, Field

from hub.alerts import desk
from hub.alerts.desk import Alert, Board
from hub.alerts.store import AlertState, Closing
from hub.api.answers import problem_responses
from hub.api.audited import run_audited
from hub.api.dependencies import Acting, Serving
from hub.api.guard import PrincipalRoute

router: Final = APIRouter(prefix="/v1/alerts", tags=["alerts"], route_class=PrincipalRoute)
_PROBLEMS: Final = problem_responses(
    HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN, HTTPStatus.UNPROCESSABLE_ENTITY, HTTPStatus.SERVICE_UNAVAILABLE
)
AlertId = Annotated[str, Path(pattern=r"^[0-9a-f]{32}$", description="As the list names it")]


class AlertAnswer(BaseModel):
    """One alert."""

    alert: str
    pseudonym: str
    kinds: list[str] = Field(description="safety, legal, leaving: the gravest first")
    words: list[str] = Field(description="Of our own lists; no word of the message")
    state: AlertState
    whose: str = Field(description="On whose desk it lies now")
    escalated: bool
    arrived_at: datetime
    raised_at: datetime
    due_at: datetime

    @classmethod
    def of(cls, one: Alert) -> "AlertAnswer":
        """Write an alert down."""
        return cls(
            alert=one.alert_id.hex(),
            pseudonym=one.pseudonym.hex(),
            kinds=list(one.said.kinds),
            words=list(one.said.words),
            state=one.state,
            whose=one.whose,
            escalated=one.escalated,
            arrived_at=one.arrived_at,
            raised_at=one.raised_at,
            due_at=one.due_at,
        )


class BoardAnswer(BaseModel):
    """The alerts that stand, the first due first, and how fast those of 30 days came."""

    alerts: list[AlertAnswer]
    raised: int
    median_seconds: float | None
    longest_seconds: float | None
    later_than_promised: int = Field(description="Later than 15 minutes after the delivery was accepted")
    outcomes: dict[str, int]
    silent_because: str | None = Field(
        description="Why no message raises an alert now, as a rule's name; null: somebody watches"
    )

    @classmethod
    def of(cls, board: Board) -> "BoardAnswer":
        """Write a board down."""
        took = board.latency
        return cls(
            alerts=[AlertAnswer.of(one) for one in board.alerts],
            raised=took.alerts,
            median_seconds=None if took.median is None else took.median.total_seconds(),
            longest_seconds=None if took.longest is None else took.longest.total_seconds(),
            later_than_promised=took.late,
            outcomes=board.outcomes,
            silent_because=None if board.silent is None else board.silent.because,
        )


class ClosingBody(BaseModel):
    """How an alert ended."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    outcome: Closing


class Changed(BaseModel):
    """An alert and what it is now."""

    alert: str
    state: AlertState


@router.get("", summary="List the alerts that stand", responses=_PROBLEMS)
async def get_alerts(principal: Acting, service: Serving) -> BoardAnswer:
    """List alerts of whom the purpose may read now, once the log knows."""
    return BoardAnswer.of(await run_audited(service, partial(desk.listed, service.hub, principal)))


@router.post("/{alert}/acknowledgement", summary="Say that you have seen an alert and answer", responses=_PROBLEMS)
async def post_acknowledgement(alert: AlertId, principal: Acting, service: Serving) -> Changed:
    """Acknowledge: it escalates no more."""
    await run_audited(service, partial(desk.acknowledge, service.hub, principal, bytes.fromhex(alert)))
    return Changed(alert=alert, state=AlertState.ACKNOWLEDGED)


@router.post("/{alert}/closing", summary="Close an alert", responses=_PROBLEMS)
async def post_closing(alert: AlertId, body: ClosingBody, principal: Acting, service: Serving) -> Changed:
    """Close, saying how it ended; false alarms are counted."""
    await run_audited(service, partial(desk.close, service.hub, principal, bytes.fromhex(alert), body.outcome))
    return Changed(alert=alert, state=AlertState.CLOSED)
