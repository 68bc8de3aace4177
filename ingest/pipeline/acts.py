"""Consent columns of a delivery as acts in the ledger, dated by the file where it says so.

An import never overrides a person's own no (`privacy.consent`); unknown words never get here (quarantined), and an
empty cell is no act at all: unknown stays unknown.

A no that is dated in the future counts from its arrival: the person has said it. A yes never does: its row was
refused by the reader, and the ledger takes no act dated after its entry.
"""

import polars as pl

from ingest.contract.model import Contract
from ingest.pipeline.ports import Ports
from privacy.consent import ConsentEvent, notice_shown
from privacy.store.consent import PERMISSIVE, Act
from privacy.terms import ActChannel, BatchId, ConsentAct, PurposeId, RecordId


def consent_acts(contract: Contract, fresh: pl.DataFrame, batch_id: BatchId, ports: Ports) -> list[Act]:
    """Read the acts of a chunk; `fresh` has `record` and, per consent column n, `_consent_n` and `_consent_n_at`."""
    now = ports.clock()
    acts: list[Act] = []
    for n, column in enumerate(contract.consent):
        said = fresh.select(
            "record", act=f"_consent_{n}", at=pl.coalesce(pl.col(f"_consent_{n}_at"), pl.lit(now))
        ).drop_nulls("act")
        for record, act, at in said.iter_rows():
            event = ConsentEvent(
                act=ConsentAct(act),
                at=at if act in PERMISSIVE else min(at, now),
                channel=ActChannel.IMPORT,
                notice_version=notice_shown(ConsentAct(act), column.notice),
            )
            acts += [
                Act(
                    record_id=RecordId(record),
                    purpose=PurposeId(purpose),
                    event=event,
                    actor=ports.principal,
                    purpose_version=ports.purpose_versions.get(purpose, 0),
                    contract=contract.name,
                    batch_id=batch_id,
                )
                for purpose in column.purposes
            ]
    return acts
