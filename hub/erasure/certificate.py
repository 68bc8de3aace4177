"""The certificate of an erasure: what there was, what was destroyed, who had received it, and when it is final.

Rules kept here:
- it names nobody: random ids of records that lead nowhere any more, counts, names of tables and of fields;
- it is a signed note (C2SP signed-note) under the audit log's key, and is made in the transaction that completes the
  erasure, after every step of it is durable;
- an erasure is final when no backup of the key store opens the destroyed keys any more: when every key generation that
  wrapped them is destroyed. Until then the certificate says that it is not, and by what it will be.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from hub.compose import Hub
from hub.erasure.portrait import Portrait
from hub.erasure.reach import grounds_of
from hub.erasure.rules import STAYS, fields_reached
from hub.keystore.generation import ends_of_generations
from hub.keystore.named import audit_key
from hub.lake.erasure import RowCount
from hub.recipients.store import Notice
from privacy.checkpoint import sign_text
from privacy.terms import RecordId
from privacy.verifier import VerifierKey, verified_text

HEADER: Final = "varde-erasure-certificate/v2"
HEADERS: Final = ("varde-erasure-certificate/v1", HEADER)
"""Forms that were ever signed. The first named every table of the lake and of what is kept, concerned or not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """What an erasure did, after every step of it is durable; `note` is its signed form.

    Lake figures are those of the rewrite, which people who are erased together share.
    """

    erasure_id: bytes
    records: int
    keys: Mapping[str, int]
    rows_deleted: int
    rows_blanked: int
    lake_files_replaced: int
    note: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """What there is to certify of one erasure; `together` is how many erasures share the figures of the lake.

    `tables` counts the lake's rows by table, of all together; `kept_rows` what the control database keeps of this one;
    `told` is what recipients are told of it, as it stands.
    """

    erasure_id: bytes
    records: Sequence[RecordId]
    portrait: Portrait
    at: datetime
    together: int
    lake: Mapping[str, int]
    tables: Mapping[str, RowCount] = field(default_factory=dict)
    kept_rows: Mapping[str, int] = field(default_factory=dict)
    told: Sequence[Notice] = ()


def certify(hub: Hub, done: Done) -> Certificate:
    """Write and sign a certificate."""
    told = {
        "erasure": done.erasure_id.hex(),
        "records": [record.hex() for record in done.records],
        "completed_at": done.at.isoformat(),
        "control_database": dict(done.portrait.rows),
        "keys_destroyed": dict(done.portrait.keys),
        "lake": {**done.lake, "shared_by_erasures": done.together},
        "lake_tables": {name: {"deleted": n.deleted, "blanked": n.blanked} for name, n in done.tables.items()},
        "lake_fields": fields_reached(done.tables),
        "kept": _kept(done),
        "kept_rows": dict(done.kept_rows),
        "recipients": list(done.portrait.recipients),
        "recipients_told": [_told_row(each) for each in done.told],
        "models_to_retrain": list(done.portrait.models),
        "final": finality(hub, done.at),
    }
    text = f"{HEADER}\n{json.dumps(told, sort_keys=True, separators=(',', ':'))}\n"
    return Certificate(
        erasure_id=done.erasure_id,
        records=len(done.records),
        keys=dict(done.portrait.keys),
        rows_deleted=done.lake.get("rows_deleted", 0),
        rows_blanked=done.lake.get("rows_blanked", 0),
        lake_files_replaced=done.lake.get("files_replaced", 0),
        note=sign_text(text, name=hub.origin, key=audit_key(hub.keystore)),
    )


def _kept(done: Done) -> dict[str, str]:
    """Say what stays and on which ground: what was there before, and what the erasure itself left."""
    in_lake = {name: STAYS for name, count in done.tables.items() if count.blanked}
    return in_lake | dict(done.portrait.kept) | grounds_of(done.kept_rows)


def _told_row(notice: Notice) -> dict[str, Any]:
    at = None if notice.ended_at is None else notice.ended_at.isoformat()
    return {"recipient": notice.recipient, "purpose": notice.purpose, "state": notice.state.value, "at": at}


def told_by(note: str, key: VerifierKey) -> dict[str, Any]:
    """Check a certificate's signature and return what it tells.

    Raises:
        ProofRejected: another key signed it, or it was changed, or it is no certificate.

    """
    header, _, body = verified_text(note, key).partition("\n")
    return dict(json.loads(body)) if header in HEADERS else {}


def finality(hub: Hub, at: datetime) -> dict[str, Any]:
    """Say since when no copy of the key store opens keys that were destroyed at an instant, or what that waits for.

    A generation that was begun afterwards never wrapped them.
    """
    concerned = [each for each in ends_of_generations(hub.keystore.engine) if each[1] <= at]
    waiting = [generation_id.hex() for generation_id, _, destroyed_at in concerned if destroyed_at is None]
    if waiting:
        return {"since": None, "waits_for_generations": waiting}
    last = max((destroyed_at for _, _, destroyed_at in concerned if destroyed_at is not None), default=at)
    return {"since": max(last, at).isoformat(), "waits_for_generations": []}
