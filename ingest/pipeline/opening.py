"""Opening sealed documents inside the hub: in memory, for a stated act, with one audit entry for the batch."""

from collections.abc import Sequence

from ingest.pipeline.ports import Ports
from ingest.pipeline.revising import revision_cells
from ingest.store import record as records
from privacy.audit import AuditFields
from privacy.sealing import open_column
from privacy.terms import KeyId, RecordId, random_id


def open_documents(people: Sequence[RecordId], ports: Ports, *, why: str = "redaction") -> dict[RecordId, bytes]:
    """Open the newest document of each record; a record whose key was shredded is absent.

    The audit entry, which says how many and `why`, is committed before anything is opened.
    """
    if not people:
        return {}
    with ports.read_only() as session:
        sealed = list(records.sealed_revisions(session, people))
    if not sealed:
        return {}
    act_id = random_id()
    with ports.unit_of_work() as session:
        fields = AuditFields(act_id=act_id, opened=len(sealed), reason=why)
        ports.audit(session, "open_batch", ports.principal, fields)
    ports.reached("opening_audited")
    keys = ports.keys.get([KeyId(key_id) for _, _, key_id, _ in sealed], act_id=act_id)
    held = [(*row, key) for row in sealed if (key := keys.get(KeyId(row[2]))) is not None]
    cells = revision_cells(ports.instance, [row[0] for row in held], [row[1] for row in held])
    opened = open_column([row[3] for row in held], keys=[row[4] for row in held], cells=cells)
    return dict(zip((row[0] for row in held), opened, strict=True))
