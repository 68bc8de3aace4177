"""Opening sealed documents inside the hub: in memory, for a stated act, with one audit entry for the batch."""

from collections.abc import Iterator, Sequence
from typing import Final

from ingest.pipeline.ports import Ports
from ingest.pipeline.revising import revision_cells
from ingest.store import record as records
from privacy.audit import AuditFields
from privacy.sealing import open_column
from privacy.terms import KeyId, RecordId, random_id

_Sealed = tuple[RecordId, int, bytes, bytes]
_AT_ONCE: Final = 20_000
"""Documents that are open at a time where everybody's are asked for."""


def open_documents(people: Sequence[RecordId], ports: Ports, *, why: str = "redaction") -> dict[RecordId, bytes]:
    """Open the newest document of each record; a record whose key was shredded is absent.

    The audit entry, which says how many and `why`, is committed before anything is opened.
    """
    if not people:
        return {}
    with ports.read_only() as session:
        sealed = list(records.sealed_revisions(session, people))
    return _opened(sealed, announced(len(sealed), ports, why), ports) if sealed else {}


def open_in_parts(people: Sequence[RecordId], ports: Ports, *, why: str) -> Iterator[dict[RecordId, bytes]]:
    """Open the newest documents of many records, some thousand at a time, for one act that the log is told of first."""
    act_id = announced(len(people), ports, why) if people else b""
    for start in range(0, len(people), _AT_ONCE):
        with ports.read_only() as session:
            sealed = list(records.sealed_revisions(session, people[start : start + _AT_ONCE]))
        yield _opened(sealed, act_id, ports)


def announced(count: int, ports: Ports, why: str) -> bytes:
    """Tell the log how many documents are opened and why; return the id of the act."""
    act_id = random_id()
    with ports.unit_of_work() as session:
        ports.audit(session, "open_batch", ports.principal, AuditFields(act_id=act_id, opened=count, reason=why))
    ports.reached("opening_audited")
    return act_id


def _opened(sealed: Sequence[_Sealed], act_id: bytes, ports: Ports) -> dict[RecordId, bytes]:
    keys = ports.keys.get([KeyId(key_id) for _, _, key_id, _ in sealed], act_id=act_id)
    held = [(*row, key) for row in sealed if (key := keys.get(KeyId(row[2]))) is not None]
    cells = revision_cells(ports.instance, [row[0] for row in held], [row[1] for row in held])
    opened = open_column([row[3] for row in held], keys=[row[4] for row in held], cells=cells)
    return dict(zip((row[0] for row in held), opened, strict=True))
