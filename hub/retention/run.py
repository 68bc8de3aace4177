"""A retention run: everything that is due on a day goes, in an order that a crash can only pause.

1. the run is noted with the plan it begins with, and its audit entry: what is due, by rule;
2. instants that would be lost with their rows are kept as traces; people who are due as a whole are erased, under
   certificates of their own;
3. each table of the lake is rewritten without what is due, file by file, under the run's id: the catalogue itself says
   how many rows went, whatever crashed in between;
4. the old files' keys are destroyed; what carries its own end goes, its keys first;
5. the day's plan is made once more, and the certificate says what was due, what went, what is left and why; its hash is
   in the audit log.
A run that broke off is finished by the next one, for its own day, under the rules and holds of the moment. Each step
can be repeated; nobody sees meanwhile what is due, for reads leave it out already.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import Final

import polars as pl

from hub.compose import Hub
from hub.errors import AccessRefused, HubError
from hub.lake.catalogue import awaiting_purge, head
from hub.lake.census import rows_taken_out
from hub.lake.expiry import sift
from hub.lake.purge import purge
from hub.retention.keeping import TableSieve, facts_of
from hub.retention.own_terms import Endings, end_own_terms
from hub.retention.people import Eraser, due_people
from hub.retention.plan import Line, person_instants, plan
from hub.retention.store import Run, canonical, complete, find_open, open_run
from hub.retention.traces import keep_traces
from ingest.canonical.catalogue import LAKE_TABLES
from privacy.audit import AuditFields
from privacy.purposes import policy_hash
from privacy.retention import date_of, midnight
from privacy.store.principal import Principal
from privacy.terms import PrincipalId, RecordId, Role, random_id

_MAY_RUN: Final = frozenset({Role.OWNER, Role.DPO})


class RunEndedElsewhere(HubError):
    """Another process finished the run while this one worked on it; nothing is lost, its certificate holds."""

    def __init__(self, run_id: bytes) -> None:
        super().__init__(f"run {run_id.hex()} was finished by another process; `varde retention list` shows it")
        self.run_id = run_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """What a run did, after every step of it is durable.

    `planned` and `left` are rows by rule when it began and when it ended; `taken_out` rows of the lake by table;
    `destroyed` rows of the control database. `awaiting` files have readers still and keep their keys until the next
    purge. `document` is what is signed for: its SHA-256 stands in the audit entry number `leaf`.
    """

    run_id: bytes
    day: date
    planned: Mapping[str, int]
    left: Mapping[str, int]
    taken_out: Mapping[str, int]
    destroyed: int
    awaiting: int
    document: str
    leaf: int


def _nobody(_people: Sequence[tuple[RecordId, ...]]) -> int:
    """Erase nobody: whoever wires no eraser leaves people to the next run, and the certificate tells."""
    return 0


def run(hub: Hub, by: Principal, erase: Eraser = _nobody, *, endings: Endings = ()) -> list[Certificate]:
    """Finish the run that broke off, if one did, and carry out today's; `erase` is given the people who are due.

    `endings` are tables of other rooms whose rows carry their own end: what of them is over goes with the rest.

    Raises:
        AccessRefused: the role may not.
        LakeFileRefused: a file cannot be rewritten; the rest is, and running again goes on from there.
        CatalogueConflict: other writers were faster each time; run again.

    """
    verify_role(by)
    done = []
    with hub.reading() as session:
        broken_off = find_open(session)
    if broken_off is not None:
        done.append(_carry_out(hub, broken_off, by.principal_id, erase, endings))
    if broken_off is None or broken_off.day < date_of(hub.clock()):
        done.append(_carry_out(hub, _opened(hub, by.principal_id, endings), by.principal_id, erase, endings))
    return done


def verify_role(by: Principal) -> None:
    """Refuse whoever is neither DPO nor owner."""
    if by.role not in _MAY_RUN:
        raise AccessRefused("role_may_not_delete", "Ask the DPO or the owner")


def key_of(line: Line) -> str:
    """Name a line of the plan where counts are kept by rule."""
    return line.rule if line.what in {"row", "person"} else f"{line.rule}.emptied"


def _opened(hub: Hub, by: PrincipalId, endings: Endings) -> Run:
    """Note the plan before anything is touched."""
    at = hub.clock()
    due = {key_of(line): line.due for line in plan(hub, at=at, endings=endings) if line.due}
    new = Run(
        run_id=random_id(),
        day=date_of(at),
        policy_hash=bytes.fromhex(policy_hash(hub.policy())),
        due=due,
        started_at=at,
        started_by=by,
    )
    fields = AuditFields(
        act_id=new.run_id, as_of=midnight(new.day), rows=sum(due.values()), policy_hash=new.policy_hash.hex()
    )
    with hub.unit_of_work() as session:
        open_run(session, new)
        hub.audit(session, "retention.intent", by, fields)
    hub.reached("retention_opened")
    return new


def _carry_out(hub: Hub, opened: Run, by: PrincipalId, erase: Eraser, endings: Endings) -> Certificate:
    """Take steps 2 to 5; each can be repeated."""
    facts = facts_of(hub, at=hub.clock())
    instants = person_instants(hub, facts)
    if instants is not None:
        keep_traces(hub, facts, lambda table: TableSieve(hub, facts, table, opened.day, instants), instants)
    hub.reached("retention_traced")
    due = due_people(hub, facts, opened.day, instants).due
    if due:
        erase(due)
    hub.reached("retention_people")
    for table in LAKE_TABLES:
        sift(hub.lake, table, partial(_sieve, hub, opened.day, table, instants), operation_id=opened.run_id)
    hub.reached("retention_sifted")
    purge(hub.lake)
    hub.reached("retention_purged")
    destroyed = end_own_terms(hub, by, endings)
    hub.reached("retention_ended")
    lines = _left(hub, opened, endings)
    return _certified(hub, opened, by, destroyed, lines)


def _sieve(hub: Hub, day: date, table: str, instants: pl.DataFrame | None) -> TableSieve:
    """Make a table's sieve from the facts of this moment."""
    return TableSieve(hub, facts_of(hub, at=hub.clock()), table, day, instants)


def _left(hub: Hub, opened: Run, endings: Endings) -> list[Line]:
    """Make the plan of the run's day once more."""
    now = hub.clock()
    return plan(hub, at=now if date_of(now) == opened.day else midnight(opened.day), endings=endings)


def _certified(hub: Hub, opened: Run, by: PrincipalId, destroyed: int, lines: Sequence[Line]) -> Certificate:
    """Tell what is left, and note the end with the hash of everything that is certified."""
    now = hub.clock()
    with hub.reading() as session:
        taken_out = rows_taken_out(session, opened.run_id)
        awaiting = awaiting_purge(session, up_to=head(session))
    left = {key_of(line): line.due for line in lines if line.due and line.before is not None}
    held = {key_of(each): [each.by_law, each.by_hold, *each.grounds] for each in lines if each.by_law or each.by_hold}
    document = canonical(
        {
            "format": 1,
            "run": opened.run_id.hex(),
            "day": opened.day.isoformat(),
            "policy_at_start": opened.policy_hash.hex(),
            "policy_at_end": policy_hash(hub.policy()),
            "started_at": opened.started_at.isoformat(),
            "completed_at": now.isoformat(),
            "planned": dict(opened.due),
            "left": left,
            "taken_out": taken_out,
            "destroyed": destroyed,
            "held": held,
            "awaiting_purge": awaiting,
        }
    )
    leaf = _note_end(hub, opened, by, document, sum(taken_out.values()))
    hub.reached("retention_completed")
    return Certificate(
        run_id=opened.run_id,
        day=opened.day,
        planned=opened.due,
        left=left,
        taken_out=taken_out,
        destroyed=destroyed,
        awaiting=awaiting,
        document=document,
        leaf=leaf,
    )


def _note_end(hub: Hub, opened: Run, by: PrincipalId, document: str, rows: int) -> int:
    digest = hashlib.sha256(document.encode()).hexdigest()
    fields = AuditFields(act_id=opened.run_id, rows=rows, sha256=digest, outcome="completed")
    with hub.unit_of_work() as session:
        leaf = hub.audit(session, "retention.complete", by, fields)
        if not complete(session, opened.run_id, document, leaf=leaf, at=hub.clock()):
            raise RunEndedElsewhere(opened.run_id)
    return leaf
