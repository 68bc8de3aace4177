"""One delivery, from file to counted rows: land, validate, standardise, seal, stage, flip, settle.

The commit protocol (the control database and the key store never share a transaction):
1. a batch row is staged under the digest of (contract, file): one file counts once, whoever brings it and how often;
2. keys are durable in the key store under the batch id before anything sealed under them is written;
3. rows and files are staged in short chunks, invisible to every read; acts that restrict take effect as they land;
4. the flip changes one batch row, publishes the staged files, bumps the epoch and appends the audit entry;
5. settling lets permissive acts take effect and joins records; it is repeated after a crash, and can only add
   what the visible batch already says.
A batch that is not flipped when its lease ends is aborted: keys destroyed, rows and files swept.

One delivery at a time is staged in a lane, and the database itself sees to it: for events the lane is the contract,
whose event keys are looked up before the flip; for people and organisations it is the source, whose records' revisions
are numbered. Two at once would count an event twice, or give two revisions one number.
"""

from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from sqlmodel import Session

from ingest.contract.model import Contract
from ingest.errors import BatchBusy, LaneBusy
from ingest.pipeline.abreast import refuse_moved
from ingest.pipeline.arrival import Arrival
from ingest.pipeline.compacting import compact
from ingest.pipeline.events import EventArrival
from ingest.pipeline.people import IdentityArrival
from ingest.pipeline.ports import Matching, Ports
from ingest.pipeline.recovery import abort_batch, give_up
from ingest.pipeline.settle import settle
from ingest.readers.ahead import ahead
from ingest.readers.source import SourceFile, open_source
from ingest.store import batch as batches
from ingest.store.batch import BatchState, Counts, counts_of
from privacy.audit import AuditFields
from privacy.store.consent import replace_grounds
from privacy.store.epoch import bump_epoch_for_all
from privacy.terms import BatchId, random_id

IDENTITY_TABLES: Final = frozenset({"people", "organisations"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """What became of a delivery.

    `repeated` means that the same file had been taken in before: nothing was changed and the counts are the first
    time's. `rules` counts rejected rows by rule; `breaches` names columns below the completeness the contract
    demands. `unheard` counts refused rows that may have held a no which nobody could read, `restricted` records of
    before that a row showed to be an erased person's. `cleaned` counts free texts by the rule of cleaning that changed
    them, and messages left out as a `copy` of another (they stand among the duplicates). `untidied` names what went
    wrong when runs of tokens were to be made one after everything was in: the next delivery tries that again.
    """

    contract: str
    batch_id: BatchId
    counts: Counts
    repeated: bool
    rules: dict[str, int]
    breaches: list[str]
    merged: int = 0
    unheard: int = 0
    restricted: int = 0
    cleaned: dict[str, int] = field(default_factory=dict)
    untidied: str | None = None


def ingest_file(contract: Contract, path: Path, ports: Ports, *, retry_of: BatchId | None = None) -> Summary:
    """Take in one file under its contract; return what became of its rows.

    `retry_of` names the batch whose refused rows the file holds: then it stands in no trend.

    Raises:
        FileRefused: the file is not as the contract says; nothing of it is visible and nothing stays behind.
        BatchBusy: another process is taking in this very file now, or (`LaneBusy`) another one of its lane;
            or (`MatchingMoved`) matching moved on since `ports` were taken: take them anew.

    """
    source = open_source(contract, path, arrived=ports.clock())
    idempotency_key = ports.indexes.delivery().token_of(f"{contract.name}\x1f{source.sha256}")
    earlier = _earlier(contract, idempotency_key, ports)
    if earlier is not None:
        return earlier
    _clear_lane(contract, ports)
    batch_id = BatchId(random_id())
    row = _row(contract, batch_id, idempotency_key, ports) | {"retry_of": retry_of}
    with ports.unit_of_work() as session:
        refuse_moved(session, _matching(contract, ports), contract.name)
        first = batches.stage(session, row, at=ports.clock())
    if not first:
        return _of_the_other(contract, idempotency_key, ports)
    ports.reached("batch_staged")
    try:
        arrival = _arrival(contract, batch_id, ports)
        _land(source, arrival, ports)
        _flip(contract, arrival, ports)
    except BaseException:  # a full disk, an interrupt: the next try must neither find it busy nor half there
        give_up(batch_id, ports)
        raise
    merged = settle(batch_id, ports, arrival.remembered)
    untidied = None if _matching(contract, ports) is None else _untidied(ports)
    return replace(_summary(contract, arrival, merged), untidied=untidied)


def _untidied(ports: Ports) -> str | None:
    """Make runs of tokens one; return what went wrong, if anything did.

    The delivery is in and counted by now: whoever was told of a failure would deliver it again.
    """
    try:
        compact(ports)
    except Exception as exc:  # noqa: BLE001 - whatever it is, it is told beside the delivery, which it does not undo
        return type(exc).__name__
    return None


def _earlier(contract: Contract, idempotency_key: bytes, ports: Ports) -> Summary | None:
    """Answer for a delivery that is in already; take over from a process that died on it."""
    with ports.read_only() as session:
        known = batches.find_live(session, idempotency_key)
    if known is None:
        return None
    batch_id = BatchId(known.batch_id)
    if known.state == BatchState.STAGED.value:
        if known.lease_until > ports.clock():
            raise BatchBusy(contract.name)
        abort_batch(batch_id, ports)
        return None
    merged = settle(batch_id, ports) if known.state == BatchState.VISIBLE.value else 0
    return Summary(
        contract=contract.name,
        batch_id=batch_id,
        counts=counts_of(known),
        repeated=True,
        rules={},
        breaches=[],
        merged=merged,
    )


def lane_of(contract: Contract) -> str:
    """Name what two deliveries may not write at once: a contract's events, or a source's people or organisations."""
    return f"{contract.table}:{contract.source}" if contract.table in IDENTITY_TABLES else f"events:{contract.name}"


def _clear_lane(contract: Contract, ports: Ports) -> None:
    """Make sure that nobody is in the lane; take it over from a process that died in it."""
    with ports.read_only() as session:
        there = batches.find_in_lane(session, lane_of(contract))
    if there is None:
        return
    if there.lease_until > ports.clock():
        raise LaneBusy(contract.name)
    abort_batch(BatchId(there.batch_id), ports)


def _of_the_other(contract: Contract, idempotency_key: bytes, ports: Ports) -> Summary:
    """Answer when another process has staged the same delivery, or another of the lane, since we looked."""
    summary = _earlier(contract, idempotency_key, ports)
    if summary is None:
        raise LaneBusy(contract.name)
    return summary


def _row(contract: Contract, batch_id: BatchId, idempotency_key: bytes, ports: Ports) -> dict[str, Any]:
    return {
        "batch_id": batch_id,
        "contract": contract.name,
        "contract_hash": bytes.fromhex(contract.content_hash),
        "contract_version": contract.version,
        "source": contract.source,
        "canonical_table": contract.table,
        "idempotency_key": idempotency_key,
        "lane": lane_of(contract),
        "principal_id": ports.principal,
    }


def _arrival(contract: Contract, batch_id: BatchId, ports: Ports) -> Arrival:
    kind = IdentityArrival if contract.table in IDENTITY_TABLES else EventArrival
    return kind(contract, batch_id, ports)


def _matching(contract: Contract, ports: Ports) -> Matching | None:
    """Return how those are matched whom a contract brings, None if it brings none or exact rules join them."""
    return None if contract.entity_kind is None else ports.matched(contract.entity_kind)


def _land(source: SourceFile, arrival: Arrival, ports: Ports) -> None:
    """Stage every chunk, keeping the lease alive."""
    try:
        read = arrival.gathered(source.chunks(rows=arrival.chunk_rows))
        with closing(ahead(read)) as chunks:  # a fault ends the reading thread, too
            for chunk in chunks:
                arrival.take(chunk)
                with ports.unit_of_work() as session:
                    alive = batches.renew(session, arrival.batch_id, at=ports.clock())
                if not alive:
                    raise BatchBusy(arrival.contract.name)
                ports.progress(arrival.counts.read)
                ports.reached("chunk_taken")
        arrival.finish()
    finally:
        arrival.close()
    ports.reached("all_staged")


def _flip(contract: Contract, arrival: Arrival, ports: Ports) -> None:
    """Make the batch visible: one row, its files, the epoch and the audit entry in one short transaction."""
    at = ports.clock()
    with ports.unit_of_work() as session:
        bump_epoch_for_all(session, kind="batch")  # its lock comes before all others
        refuse_moved(session, _matching(contract, ports), contract.name)
        if not batches.flip_visible(session, arrival.batch_id, arrival.counts, at=at):
            raise BatchBusy(contract.name)
        ports.lake.publish(session, arrival.batch_id)
        _declare(session, contract, at)
        counts = arrival.counts
        fields = AuditFields(
            batch=arrival.batch_id,
            contract=contract.name,
            source=contract.source,
            rows=counts.accepted,
            absent=_absent(counts),
        )
        ports.audit(session, "ingest", ports.principal, fields)
    ports.reached("flipped")


def _absent(counts: Counts) -> dict[str, int]:
    """Count the rows that were read and not accepted, by why; nobody suppressed is not spoken of."""
    absent = {"quarantined": counts.quarantined, "duplicate": counts.duplicate}
    return absent | ({"suppressed": counts.suppressed} if counts.suppressed else {})


def _declare(session: Session, contract: Contract, at: datetime) -> None:
    """Let the contract's grounds be those of its newest version; a late delivery under an older one changes none.

    Called after the flip and with the epoch's lock, so that of two versions at once the second sees the first.
    """
    if batches.newest_version(session, contract.name) == contract.version:
        replace_grounds(session, contract.name, _grounds(contract, at))


def _grounds(contract: Contract, at: datetime) -> list[dict[str, Any]]:
    if contract.basis is None:
        return []
    return [
        {
            "source": contract.source,
            "purpose": purpose,
            "contract": contract.name,
            "legal_basis": basis.value,
            "notice_version": contract.basis.notice,
            "notice_given": contract.basis.notice_given,
            "declared_at": at,
        }
        for purpose, basis in contract.basis.purposes.items()
    ]


def _summary(contract: Contract, arrival: Arrival, merged: int) -> Summary:
    return Summary(
        contract=contract.name,
        batch_id=arrival.batch_id,
        counts=arrival.counts,
        repeated=False,
        rules=dict(arrival.rules),
        breaches=list(arrival.breaches),
        merged=merged,
        unheard=arrival.unheard,
        restricted=arrival.restricted,
        cleaned=arrival.cleaned,
    )
