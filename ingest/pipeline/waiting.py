"""A no that was told before anybody carried the identifier, as acts on the records that now do.

It holds as if it had been told of the record itself: from its own instant, on its own channel. Who carries the same
address and has said yes since has answered for it, so an old no does not silence the new record of somebody who came
back; anybody else's no on that address stands in the way of that.
"""

from collections.abc import Iterable, Mapping
from typing import Final

import polars as pl

from ingest.pipeline.ports import Ports
from ingest.store.carrier import carriers
from privacy.consent import ConsentEvent, Head
from privacy.instant import instant_of
from privacy.store.consent import Act, heads_of
from privacy.suppression import Attribute, EntryKind, contact_purposes
from privacy.terms import ActChannel, BatchId, ConsentAct, PrincipalId, PurposeId, RecordId

_YES: Final = frozenset({ConsentAct.GIVEN, ConsentAct.RENEWED})
Heads = Mapping[tuple[RecordId, PurposeId], Head]


def waiting_acts(due: pl.DataFrame, indexed: pl.DataFrame, batch_id: BatchId, ports: Ports) -> list[Act]:
    """Turn the entries that wait for a chunk's records into acts.

    `due` as `ingest.pipeline.suppression.Screen.waiting` returns it; `indexed` are the chunk's blind indexes: record,
    field, token. Loops run over what matched, which is rare, and not over rows.
    """
    if due.is_empty():
        return []
    beside = due.join(indexed.rename({"field": "attribute", "token": "index"}), on=["record", "attribute"], how="left")
    with ports.read_only() as session:
        shared = carriers(session, beside["index"].drop_nulls().unique().to_list())
        heads = heads_of(session, [RecordId(record) for record in shared["record"].unique()])
    others = dict(shared.group_by("index").agg("record").iter_rows())
    now, acts = ports.clock(), []
    for row in beside.iter_rows(named=True):
        event = ConsentEvent(
            act=ConsentAct(row["act"]), at=min(instant_of(row["at_us"]), now), channel=ActChannel(row["channel"])
        )
        for purpose in _purposes(row["kind"], row["attribute"], row["purpose"]):
            said = (heads.get((RecordId(each), purpose)) for each in others.get(row["index"], ()))
            if not _answered((head for head in said if head is not None), event):
                acts.append(
                    Act(
                        record_id=RecordId(row["record"]),
                        purpose=purpose,
                        event=event,
                        actor=PrincipalId(row["actor"]),
                        purpose_version=ports.purpose_versions.get(purpose, 0),
                        batch_id=batch_id,
                    )
                )
    return acts


def _purposes(kind: str, attribute: str, purpose: str) -> tuple[PurposeId, ...]:
    return contact_purposes(Attribute(attribute)) if kind == EntryKind.CONTACT.value else (PurposeId(purpose),)


def _answered(heads: Iterable[Head], event: ConsentEvent) -> bool:
    """Say whether all who said anything with this address have said yes since, and somebody has."""
    answers = [_said_yes_since(head, event) for head in heads]
    return bool(answers) and all(answers)


def _said_yes_since(head: Head, event: ConsentEvent) -> bool:
    match event.act:
        case ConsentAct.OBJECTED:
            return not head.objected and head.objection_lifted_at is not None and head.objection_lifted_at > event.at
        case ConsentAct.RESTRICTED:
            lifted = head.restriction_lifted_at
            return not head.restricted and lifted is not None and lifted > event.at
        case _:
            mark = head.standing_mark
            return mark is not None and mark is head.own and mark.act in _YES and mark.at > event.at
