"""Sequencing: audit entries that wait get their place in the tree, whichever process committed them.

One sequencer at a time, in whichever process: the lock on the log's head row is held for one transaction and goes with
its holder. Killed at any step nothing has happened, or all of it: what waits still waits, or has its place. A server
sequences each second, at its start and stop; so do a signature and every act whose entry may not wait.
"""

from hub.compose import Hub
from privacy.store.audit import sequence_entries
from privacy.store.audit_arrival import arrivals


def sequence(hub: Hub) -> int:
    """Give every entry that waits now its place, some thousand a transaction; return how many."""
    placed = 0
    while some := _sequence_some(hub):
        placed += some
    return placed


def _sequence_some(hub: Hub) -> int:
    with hub.reading() as session:  # nobody is kept waiting for nothing
        if not arrivals(session, limit=1):
            return 0
    with hub.unit_of_work() as session:
        placed = sequence_entries(session, reached=hub.reached)
    hub.reached("audit_sequenced")
    return placed
