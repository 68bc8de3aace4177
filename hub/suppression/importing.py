"""Noes that other systems have gathered, from a CSV: read with the traps of every delivery, written in short batches.

Columns: identifier (`email:...`, `phone:...`, `SOURCE:KEY`), purpose (or `*`), act, channel, time. Channel may be left
empty (`agent`), time too (then it is now, and once is enough). A rejected line is told by line, column and rule, never
by its value; the rule lists the words that the column takes. Reading the same file again writes nothing.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Final

import polars as pl

from hub.compose import Hub
from hub.suppression.lines import NOT_ONE, NOT_VALID, Rejected, identifiers_of, rejected_of, with_forms
from hub.suppression.opt_out import Said, note_many, verify_may_note
from ingest.contract.load import contract_of
from ingest.contract.model import Contract
from ingest.readers.source import open_source
from privacy.audit import AuditFields
from privacy.store.principal import Principal
from privacy.suppression import contact_purpose
from privacy.terms import EVERY_PURPOSE, ActChannel, ConsentAct, ContactChannel, PurposeId

_COLUMNS: Final = ("identifier", "purpose", "act", "channel", "time")
_ACTS: Final = (ConsentAct.WITHDRAWN, ConsentAct.REFUSED, ConsentAct.OBJECTED, ConsentAct.RESTRICTED)
_AT_ONCE: Final = 400
"""Lines in one transaction: the epoch's lock is held meanwhile, and a customer's own no waits behind it."""


@dataclass(slots=True, kw_only=True)
class Imported:
    """What became of a file: lines read and taken, entries and acts that are new, identifiers nobody carries yet."""

    read: int = 0
    taken: int = 0
    entries: int = 0
    acts: int = 0
    waiting: int = 0
    rejected: list[Rejected] = field(default_factory=list)


def import_opt_outs(hub: Hub, path: Path, by: Principal) -> Imported:
    """Take in a CSV of noes; what is read before a fault of the file stays in force: erring towards no is safe.

    Raises:
        AccessRefused: the role may not enter acts for others.
        FileRefused: the file is not as it must be: encoding, columns, size.

    """
    verify_may_note(by)
    source, done = open_source(_contract(), path, arrived=hub.clock()), Imported()
    purposes = [
        EVERY_PURPOSE,
        *(purpose.id for purpose in hub.policy().purposes),
        *map(contact_purpose, ContactChannel),
    ]
    for chunk in source.raw_chunks(_AT_ONCE):
        done.read += chunk.frame.height + chunk.rejected.height
        done.rejected += [Rejected(*row) for row in chunk.rejected.select("line", "column", "rule").iter_rows()]
        checked = _checked(chunk.frame, purposes, hub.clock())
        done.rejected += rejected_of(checked)
        said = list(_said(checked.filter(pl.col("fault").is_null()), hub))
        for start in range(0, len(said), _AT_ONCE):
            _write(hub, said[start : start + _AT_ONCE], by, done, source.sha256)
    return done


def _contract() -> Contract:
    return contract_of(
        {
            "contract": "opt_outs",
            "version": 1,
            "source": "opt_outs",
            "owner": "dpo",
            "table": "people",
            "format": {"kind": "csv"},
            "key": ["identifier"],
            "columns": {"act": {"to": "segment"}},
            "ignore": ["purpose", "channel", "time"],
        }
    )


def _checked(rows: pl.DataFrame, purposes: Sequence[str], now: datetime) -> pl.DataFrame:
    """Standardise the lines; `fault` names the column and the first rule that a line breaks."""
    text = rows.select("_line", *(pl.col(name).cast(pl.String).str.strip_chars() for name in _COLUMNS))
    text = text.with_columns(pl.when(pl.col(name) != "").then(name) for name in _COLUMNS)
    at = pl.col("time").str.to_datetime(time_unit="us", time_zone="UTC", strict=False)
    judged = with_forms(text).with_columns(
        at=pl.coalesce(at, pl.col("time").str.to_date(strict=False).cast(pl.Datetime("us", "UTC"))),
        channel=pl.col("channel").fill_null(ActChannel.AGENT.value),
    )
    faults = (
        (pl.col("value").is_null(), NOT_ONE),
        (pl.col("form").is_null(), NOT_VALID),
        (~pl.col("purpose").is_in(list(purposes)), _one_of("purpose", purposes)),
        (~pl.col("act").is_in([act.value for act in _ACTS]), _one_of("act", _ACTS)),
        (~pl.col("channel").is_in([each.value for each in ActChannel]), _one_of("channel", list(ActChannel))),
        (pl.col("time").is_not_null() & pl.col("at").is_null(), "time: is no ISO 8601 date or instant"),
        (pl.col("at") > now, "time: lies in the future"),
    )
    first = pl.coalesce(pl.when(bad.fill_null(value=True)).then(pl.lit(rule)) for bad, rule in faults[:-2])
    late = pl.coalesce(pl.when(bad.fill_null(value=False)).then(pl.lit(rule)) for bad, rule in faults[-2:])
    return judged.with_columns(fault=pl.coalesce(first, late))


def _one_of(column: str, words: Sequence[str]) -> str:
    """Word the rule of a column that takes a closed list: the list is ours, the value on the line is not told."""
    return f"{column}: must be one of {', '.join(words)}"


def _said(lines: pl.DataFrame, hub: Hub) -> Iterator[Said]:
    """Turn sound lines into noes."""
    told = lines.select("purpose", "act", "channel", "at").iter_rows()
    for identifier, (purpose, act, channel, at) in zip(identifiers_of(lines, hub), told, strict=True):
        yield Said(
            identifier=identifier,
            purpose=PurposeId(purpose),
            act=ConsentAct(act),
            channel=ActChannel(channel),
            at=at,
        )


def _write(hub: Hub, said: Sequence[Said], by: Principal, done: Imported, sha256: str) -> None:
    with hub.unit_of_work() as session:
        noted = note_many(hub, session, said, by.principal_id)
        fields = AuditFields(rows=len(said), records=noted.records, sha256=sha256, channel=ActChannel.IMPORT)
        hub.audit(session, "consent.import", by.principal_id, fields)
    done.taken += len(said)
    done.entries += noted.entries
    done.acts += noted.acts
    done.waiting += noted.waiting
