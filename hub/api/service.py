"""What a serving process holds beside the hub: its writer, and how many heavy reads may run at once."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from anyio import CapacityLimiter, to_thread
from sqlalchemy.exc import DBAPIError

from hub.alerts.standing import LastTold, is_wanted
from hub.alerts.watch import EVERY_SECONDS
from hub.alerts.watch import go_round as go_on_watch
from hub.anchors.anchor import Outcome
from hub.api.counter import Counter
from hub.api.looking import Looking
from hub.api.unread import Unread
from hub.attempts import tell_denials
from hub.choices import choose_all
from hub.compose import Hub
from hub.database.revision import newest_revision
from hub.erasing import roll_forward
from hub.errors import AccessRefused, HubError, SettingsInvalid
from hub.identification.id_token import Issuers
from hub.identification.round import go_round
from hub.logs import LogEvent, log_of
from hub.outbox.post import post_of
from hub.predictions.warm import WarmChildren
from hub.recipients.address import networks_of
from hub.recipients.sending import tell_due
from hub.recognising import Recogniser
from hub.requests.seat import seat_of
from hub.sequencing import sequence
from hub.views.ahead import open_ahead
from hub.winback.round import go_round as invite
from hub.writer import Together, Writer
from ingest.pipeline.recovery import recover
from privacy.errors import PrivacyError
from privacy.terms import ID_BYTES, PrincipalId
from privacy.verifier import ProofRejected

CHECKPOINT_SECONDS: Final = 60.0  # design: an auditor never waits longer for a signed head
SEQUENCE_SECONDS: Final = 1.0  # on PostgreSQL an audit entry is outside the tree no longer, unless thousands wait
INVITE_SECONDS: Final = 60.0  # nobody waits for an invitation back
LETTER_SECONDS: Final = 2.0  # a person waits for a code; rounds start by the clock, whoever asked meanwhile
NOTICE_SECONDS: Final = 15.0
SNAPSHOT_SECONDS: Final = 15.0  # the rows of views that were made anew are opened by then, before anybody asks
_STOPPED_AGAIN: Final = timedelta(hours=1)
HEAVY_READS: Final = 4  # each holds a frame and its bytes in memory; others wait without holding a thread
SYSTEM: Final = PrincipalId(bytes(ID_BYTES))
"""Who acts when the hub finishes at start-up what a crash interrupted."""

_log = log_of("api")


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """One serving process. `revisions` are the schema revisions that this version of Varde was written for.

    `choosing` is one kind of act for the writer: what data subjects choose at the same time is written together;
    `counter` collects it, `rows` likewise reads of one customer each. `reads` are threads for heavy ones,
    `unread` is the memory that their answers may hold until they are read. `proposals` is the one thread that waits for
    the language model: for minutes, in which reads keep all of theirs.
    `issuers` hold the keys of who else may say who a customer is; `recogniser` keeps what answers `POST /v1/match`.
    """

    hub: Hub
    issuers: Issuers
    writer: Writer
    choosing: Together
    counter: Counter
    rows: Looking
    reads: CapacityLimiter
    unread: Unread
    revisions: tuple[str | None, str | None]
    recogniser: Recogniser = field(default_factory=Recogniser)
    proposals: CapacityLimiter = field(default_factory=partial(CapacityLimiter, 1))


@asynccontextmanager
async def serving(hub: Hub) -> AsyncIterator[Service]:
    """Finish what a crash interrupted, sign the log, serve; at the end write what was accepted and sign again."""
    issuers = Issuers(hub.settings)
    networks_of(hub.settings.recipient_networks)  # likewise the networks where recipients may be told
    post_of(hub.settings)  # a mail server that is written wrongly is told now, not to the first customer
    await to_thread.run_sync(_start, hub)
    writer, choosing = Writer(hub.owing_unit_of_work, hub.ledger.ship), partial(choose_all, hub)
    revisions = (newest_revision("control"), newest_revision("keystore"))
    duties = (
        *((_sequence, SEQUENCE_SECONDS), (_sign, CHECKPOINT_SECONDS), (_anchor, CHECKPOINT_SECONDS)),
        *((_send_letters, LETTER_SECONDS), (_tell_recipients, NOTICE_SECONDS), (_open_ahead, SNAPSHOT_SECONDS)),
        (_invite_back, INVITE_SECONDS),
        (_watch, EVERY_SECONDS),
    )
    tasks = [asyncio.create_task(_regularly(act, hub, every=seconds)) for act, seconds in duties]
    tasks.append(asyncio.create_task(to_thread.run_sync(_open_ahead, hub)))
    try:
        yield Service(
            hub=hub,
            issuers=issuers,
            writer=writer,
            choosing=choosing,
            counter=Counter(writer, choosing),
            rows=Looking(hub),
            reads=CapacityLimiter(HEAVY_READS),
            unread=Unread(hub.settings.unread_mib),
            revisions=revisions,
        )
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    await to_thread.run_sync(hub.memory.of(WarmChildren).end)
    await to_thread.run_sync(writer.close)
    await to_thread.run_sync(_sign, hub)
    await to_thread.run_sync(_anchor, hub)


def _start(hub: Hub) -> None:
    """Look at the anchors before anything is appended; roll forward, never back; then sign and anchor."""
    hub.anchoring.compare_once()
    recovery = recover(hub.ports(SYSTEM))
    if recovery.settled or recovery.aborted:
        fields = {"settled": recovery.settled, "aborted": recovery.aborted}
        _log.info(LogEvent.BATCH_RECOVERED, extra=fields)
    _finish_erasures(hub)
    sequence(hub)
    hub.checkpoint()
    _anchor(hub)


def _finish_erasures(hub: Hub) -> None:
    """Roll erasures forward; one that must wait (for a long read elsewhere) is closed to every read already."""
    try:
        finished = roll_forward(hub, SYSTEM)
    except (HubError, PrivacyError) as exc:
        _log.warning(LogEvent.UNEXPECTED_ERROR, extra={"error": type(exc).__name__})
        return
    if finished:
        _log.info(LogEvent.SUBJECT_ERASED, extra={"records": finished})


async def _regularly(act: Callable[[Hub], None], hub: Hub, *, every: float) -> None:
    """Do a duty for as long as the process serves: what nobody foresaw ends one turn of it, never the duty."""
    while True:
        await asyncio.sleep(every)
        try:
            await to_thread.run_sync(act, hub)
        except Exception as exc:  # noqa: BLE001 - a duty that ended would be missed by nobody until the next start
            _log.warning(LogEvent.UNEXPECTED_ERROR, extra={"error": type(exc).__name__})


def _anchor(hub: Hub) -> None:
    """Hand the newest checkpoint to the anchors; what they say is kept, and what is wrong is logged by its kind."""
    try:
        told = hub.anchoring.publish()
    except (HubError, PrivacyError, ProofRejected, DBAPIError) as exc:
        _log.warning(LogEvent.UNEXPECTED_ERROR, extra={"error": type(exc).__name__})
        return
    for each in told:
        if each.sighting.outcome is not Outcome.PUBLISHED:
            _log.warning(LogEvent.ANCHOR_FAILED, extra={"problem": each.sighting.outcome.value})


def _sequence(hub: Hub) -> None:
    """Give audit entries that wait their places; what cannot be placed now waits for the next time."""
    try:
        sequence(hub)
    except (HubError, PrivacyError, DBAPIError) as exc:
        _log.warning(LogEvent.UNEXPECTED_ERROR, extra={"error": type(exc).__name__})


def _send_letters(hub: Hub) -> None:
    """Send what is due; what cannot leave now is tried again later."""
    try:
        go_round(hub)
    except (HubError, PrivacyError, DBAPIError) as exc:
        _log.warning(LogEvent.UNEXPECTED_ERROR, extra={"error": type(exc).__name__})


def _tell_recipients(hub: Hub) -> None:
    """Tell recipients what is due; who does not answer is asked again later."""
    try:
        tell_due(hub)
    except (HubError, PrivacyError, DBAPIError) as exc:
        _log.warning(LogEvent.UNEXPECTED_ERROR, extra={"error": type(exc).__name__})


def _invite_back(hub: Hub) -> None:
    """Send approved win-back letters if somebody said as whom; what cannot leave now waits for the next round."""
    begin, end = hub.settings.winback_hours

    def opens(at: datetime) -> bool:
        seat = seat_of(hub.settings.country)
        return seat.is_working_day(seat.today(at)) and begin <= at.astimezone(seat.time_zone).hour < end

    try:
        invite(hub, opens)
    except SettingsInvalid as exc:
        _log.warning(LogEvent.UNEXPECTED_ERROR, extra={"error": type(exc).__name__, "setting": exc.name})
    except (HubError, PrivacyError, DBAPIError) as exc:
        _log.warning(LogEvent.UNEXPECTED_ERROR, extra={"error": type(exc).__name__})


def _watch(hub: Hub) -> None:
    """Look for critical messages where the view is approved; what fails now is looked at again in a minute.

    That watching has stopped, as when an approval has run out, is said once an hour; alerts that stand are told of.
    """
    try:
        if is_wanted(hub):
            go_on_watch(hub)
    except AccessRefused as refused:
        if hub.memory.of(LastTold).is_due(hub.clock(), every=_STOPPED_AGAIN):
            _log.warning(LogEvent.ALERTS_STOPPED, extra={"problem": refused.because})
    except (HubError, PrivacyError, DBAPIError) as exc:
        _log.warning(LogEvent.UNEXPECTED_ERROR, extra={"error": type(exc).__name__})


def _open_ahead(hub: Hub) -> None:
    """Open the snapshots that serve; what cannot be opened now is told to whoever asks for it."""
    try:
        open_ahead(hub)
    except (HubError, PrivacyError, DBAPIError) as exc:
        _log.warning(LogEvent.UNEXPECTED_ERROR, extra={"error": type(exc).__name__})


def _sign(hub: Hub) -> None:
    """Tell what attempts were counted, then sign the log's head if it has grown.

    A database that does not answer now is asked again next time.
    """
    try:
        tell_denials(hub)
        sequence(hub)  # some thousand a transaction, before the signature locks the head for all that is left
        hub.checkpoint()
    except (HubError, PrivacyError, ProofRejected, DBAPIError) as exc:
        _log.warning(LogEvent.UNEXPECTED_ERROR, extra={"error": type(exc).__name__})
