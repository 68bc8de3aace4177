"""What the hub keeps of contacts whose own rows have gone by retention: when the last one was, and nothing else.

Without it, deleting what a person last did would make older things of theirs look fresh again.
"""

from typing import Final

from ingest.canonical.column import one_of
from ingest.canonical.table import Buckets, Erasure, KeepDays, Table

CONTACT_TRACES: Final = Table(
    "contact_traces",
    "the instant of a last contact or of a relation's end, of a customer some of whose rows went; event_time is it",
    (one_of("kind", "of what it is the instant", "last_contact", "relation_end"),),
    KeepDays(3650),
    Erasure.DELETE_ROW,
    Buckets.FEW,
)
