"""Rejected rows: opened in memory for a stated act, and tried again under a mended contract.

A retry must not write rows to disk in clear, so they travel through an anonymous file in memory (memfd). It tries
the rows of one delivery at a time, in their order, so that a retry that broke off finds its own delivery again.
"""

import gzip
import io
import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from hub.compose import Hub
from ingest.contract.model import Contract, Format, FormatKind
from ingest.pipeline.delivery import Summary, ingest_file
from ingest.store.batch import quarantined, remove_quarantined
from ingest.store.delivered import Refused
from privacy.audit import AuditFields
from privacy.sealing import Cell, SealedTable, open_sealed
from privacy.store.principal import Principal
from privacy.terms import BatchId, KeyId, random_id

Reject = tuple[Refused, str]
_UNSPLIT: Final = "_row"


@dataclass(frozen=True, slots=True)
class Opened:
    """A rejected row with its sealed content opened: source columns to text."""

    row: Refused
    contract: str
    content: dict[str, str | None]

    @property
    def is_whole(self) -> bool:
        """Say whether the row could be split into columns: another row can only be mended at the source."""
        return _UNSPLIT not in self.content

    @property
    def is_kept(self) -> bool:
        """Say whether there is any content: of a row whose customer could not be told only its place is kept."""
        return self.content != {_UNSPLIT: None}


@dataclass(frozen=True, slots=True, kw_only=True)
class Retried:
    """What became of the rows of one delivery: `taken_in` were removed from quarantine."""

    batch: bytes
    tried: int
    taken_in: int
    unsplit: int
    summary: Summary | None


def open_rejects(hub: Hub, rows: Sequence[Reject], by: Principal, *, why: str) -> list[Opened]:
    """Open sealed rows; the audit entry with their count is committed first. A row whose key is gone stays shut."""
    if not rows:
        return []
    act_id = random_id()
    with hub.unit_of_work() as session:
        fields = AuditFields(act_id=act_id, opened=len(rows), reason=why)
        hub.audit(session, "open_batch", by.principal_id, fields)
    keys = hub.keystore.get(sorted({KeyId(row.key_id) for row, _ in rows}), act_id=act_id)
    opened = []
    for row, contract in rows:
        key = keys.get(KeyId(row.key_id))
        if key is not None:
            cell = Cell(instance=hub.instance, table=SealedTable.QUARANTINE_ROW, field=1, row=row.row_id)
            opened.append(Opened(row, contract, json.loads(open_sealed(row.sealed, key=key, cell=cell))))
    return opened


def rejects_of(hub: Hub, contract: str | None = None) -> list[Reject]:
    """List the rejected rows, each with its contract's name, whose time in quarantine has not run out."""
    at = hub.clock()
    with hub.reading() as session:
        return [reject for reject in quarantined(session, contract) if reject[0].expires_at > at]


def deliveries_of(hub: Hub, contract: str) -> list[list[Reject]]:
    """Return the rejected rows of a contract by delivery, oldest first, in the order of their lines."""
    found: dict[bytes, list[Reject]] = {}
    for reject in rejects_of(hub, contract):
        found.setdefault(reject[0].batch_id, []).append(reject)
    return list(found.values())


def retry(hub: Hub, contract: Contract, by: Principal) -> Iterator[Retried]:
    """Try the rejected rows of every delivery again; those that are taken in leave quarantine.

    Raises:
        FileRefused: the rows do not fit the contract's columns; nothing was changed.

    """
    for batch in [rows[0][0].batch_id for rows in deliveries_of(hub, contract.name)]:
        # Listed anew each time: finishing a retry that broke off removes the rows that it had quarantined itself.
        rows = [row for delivery in deliveries_of(hub, contract.name) for row in delivery if row[0].batch_id == batch]
        if rows:
            yield _retry_delivery(hub, contract, open_rejects(hub, rows, by, why="quarantine_retry"), by)


def _retry_delivery(hub: Hub, contract: Contract, opened: Sequence[Opened], by: Principal) -> Retried:
    whole = [each for each in opened if each.is_whole]
    batch = opened[0].row.batch_id if opened else b""
    if not whole:
        return Retried(batch=batch, tried=0, taken_in=0, unsplit=len(opened), summary=None)
    with _in_memory(_delivery_bytes(contract, whole)) as path:
        summary = ingest_file(_as_ndjson(contract), path, hub.ports(by.principal_id), retry_of=BatchId(batch))
    taken_in = _settle(hub, summary, whole, by)
    return Retried(batch=batch, tried=len(whole), taken_in=taken_in, unsplit=len(opened) - len(whole), summary=summary)


def _settle(hub: Hub, summary: Summary, tried: Sequence[Opened], by: Principal) -> int:
    """Remove what was taken in, and the second copy of what was refused again: its first keeps its day of expiry."""
    with hub.reading() as session:
        again = [row for row, _ in quarantined(session) if row.batch_id == summary.batch_id]
    if len(again) != summary.counts.quarantined:
        return 0  # the same rows under the same contract were tried and settled before
    refused = {row.line for row in again}
    done = [each.row.row_id for line, each in enumerate(tried, start=1) if line not in refused]
    with hub.unit_of_work() as session:
        remove_quarantined(session, [*done, *(row.row_id for row in again)])
        fields = AuditFields(batch=BatchId(summary.batch_id), contract=summary.contract, rows=len(done))
        hub.audit(session, "quarantine.retry", by.principal_id, fields)
    return len(done)


def _as_ndjson(contract: Contract) -> Contract:
    """Read the same columns and casts from JSON lines: the rows hold the source's own text."""
    kept = contract.format
    lines = Format(
        kind=FormatKind.NDJSON,
        decimal=kept.decimal,
        thousands=kept.thousands,
        dates=kept.dates,
        timezone=kept.timezone,
    )
    return replace(contract, format=lines)


def _delivery_bytes(contract: Contract, rows: Sequence[Opened]) -> bytes:
    """Write rows as JSON lines in a gzip envelope that names the contract's content.

    The name makes the delivery's digest depend on the contract: a mended contract is a new try, the same one is not.
    """
    lines = "".join(json.dumps(each.content, ensure_ascii=False) + "\n" for each in rows)
    envelope = io.BytesIO()
    with gzip.GzipFile(contract.content_hash, "wb", compresslevel=0, fileobj=envelope, mtime=0) as stream:
        stream.write(lines.encode())
    return envelope.getvalue()


@contextmanager
def _in_memory(content: bytes) -> Iterator[Path]:
    """Lend bytes a path without giving them a place on any disk."""
    descriptor = os.memfd_create("varde", os.MFD_CLOEXEC)
    try:
        with os.fdopen(os.dup(descriptor), "wb") as file:
            file.write(content)
        yield Path(f"/proc/self/fd/{descriptor}")
    finally:
        os.close(descriptor)
