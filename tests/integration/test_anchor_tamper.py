"""Whoever owns the database and the signing key rewrites the log: the log's own check sees nothing, the outside does.

Each rewriting makes leaves, kept roots, head and checkpoints anew, as somebody would who has read our code.
"""

import random
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from sqlalchemy import Engine, delete, insert, select, text

from hub.anchors.anchor import Anchor, Outcome, Sighting
from hub.anchors.directory import DirectoryAnchor
from hub.anchors.statement import statement_of
from hub.database.engine import engine_of
from hub.database.unit import reading, unit_of_work
from hub.witness.record import trust
from hub.witness.rules import Refusal, Submission, SubmissionRefused
from hub.witness.witness import make_witness, open_witness
from privacy.audit import AuditFields
from privacy.checkpoint import verifier_key
from privacy.merkle import edge_of, grown
from privacy.store.audit import append_entry
from privacy.store.audit_checkpoint import add_checkpoint
from privacy.store.audit_node import add_nodes
from privacy.store.audit_verify import verify_log
from privacy.tables.audit import AuditBody, AuditCheckpoint, AuditHead, AuditLeaf, AuditNode
from privacy.terms import PrincipalId
from privacy.verifier import Frontier, ProofRejected, leaf_hash
from tests.builders import NOON, a_key, an_id
from tests.builders_anchor import AT_ONCE
from tests.builders_log import ORIGIN

KEY = a_key(77)
VKEY = verifier_key(ORIGIN, KEY)
ENTRIES, ANCHORED = 40, 30
TAMPERINGS = 25  # five of each kind; three hundred were tried by hand
Bodies = list[bytes]


def edited(bodies: Bodies, at: int) -> Bodies:
    return [*bodies[:at], bodies[at].replace(b'"rows":', b'"rows":1'), *bodies[at + 1 :]]


def deleted(bodies: Bodies, at: int) -> Bodies:
    return bodies[:at] + bodies[at + 1 :]


def inserted(bodies: Bodies, at: int) -> Bodies:
    return [*bodies[:at], bodies[0], *bodies[at:]]


def swapped(bodies: Bodies, at: int) -> Bodies:
    return [*bodies[:at], bodies[at + 1], bodies[at], *bodies[at + 2 :]]


def truncated(bodies: Bodies, at: int) -> Bodies:
    return bodies[:at]


KINDS: Sequence[Callable[[Bodies, int], Bodies]] = (edited, deleted, inserted, swapped, truncated)


@pytest.fixture
def engine(sqlite_control: Engine) -> Engine:
    """A log of forty entries, with a checkpoint over thirty of them."""
    with unit_of_work(sqlite_control) as session:
        session.execute(insert(AuditHead), [{"id": 1, "size": 0, "frontier": b""}])
        for number in range(ENTRIES):
            append(session, number)
            if number + 1 == ANCHORED:
                add_checkpoint(session, ORIGIN, KEY, at=NOON)
    return sqlite_control


def append(session, number: int) -> None:
    fields = AuditFields(rows=number)
    append_entry(session, "test.act", at=NOON, actor=PrincipalId(an_id(1)), fields=fields)


def rewrite(engine: Engine, change: Callable[[Bodies], Bodies]) -> None:
    """Write another history over the log, consistent in itself, signed with the log's own key, and go on."""
    with engine.begin() as connection:
        triggers = connection.execute(text("SELECT name FROM sqlite_master WHERE type = 'trigger'")).scalars().all()
        for trigger in triggers:
            connection.execute(text(f"DROP TRIGGER {trigger}"))
    with unit_of_work(engine) as session:
        bodies = change([bytes(body) for (body,) in session.execute(select(AuditBody.body))])
        for table in (AuditLeaf, AuditBody, AuditCheckpoint, AuditNode):
            session.execute(delete(table))
        session.execute(text("UPDATE audit_head SET size = 0, frontier = x''"))
        forge(session, bodies)
        add_checkpoint(session, ORIGIN, KEY, at=NOON)


def forge(session, bodies: Bodies) -> None:
    """Append exactly these bodies, as `append_entries` does with its own."""
    leaves = [leaf_hash(body) for body in bodies]
    extended, nodes = grown(Frontier(), leaves)
    rows = [(index, leaf, body) for index, (leaf, body) in enumerate(zip(leaves, bodies, strict=True))]
    session.execute(insert(AuditLeaf), [{"leaf_index": index, "leaf_hash": leaf} for index, leaf, _ in rows])
    session.execute(
        insert(AuditBody),
        [{"leaf_index": index, "at": NOON, "action": "test.act", "body": body} for index, _, body in rows],
    )
    add_nodes(session, 0, nodes)
    session.execute(
        text("UPDATE audit_head SET size = :size, frontier = :edge"),
        {"size": extended.size, "edge": edge_of(extended)},
    )


def seen_by(anchor: Anchor, engine: Engine) -> Sighting:
    return anchor.look(statement_of(lambda: reading(engine), VKEY, at=NOON))


def witnessed(folder: Path, engine: Engine) -> Refusal | None:
    """Ask a witness that cosigned the first checkpoint for the next; None if it cosigned that, too."""
    statement = statement_of(lambda: reading(engine), VKEY, at=NOON)
    assert statement.note is not None
    assert statement.signed is not None
    proof = statement.proof(ANCHORED, statement.signed.size) if statement.signed.size >= ANCHORED else ()
    try:
        open_witness(folder).add_checkpoint(Submission(ANCHORED, proof, statement.note).to_bytes(), at=NOON)
    except SubmissionRefused as exc:
        return exc.because
    return None


def test_rewritten_log_is_caught_outside_and_only_there(engine: Engine, tmp_path: Path) -> None:
    share, folder = tmp_path / "share", tmp_path / "witness"
    share.mkdir()
    anchor = DirectoryAnchor(share, AT_ONCE)
    statement = statement_of(lambda: reading(engine), VKEY, at=NOON)
    anchor.publish(statement)
    assert statement.note is not None
    kept = list(anchor.notes(ORIGIN))
    witness = make_witness(folder, "witness.example/w1")
    trust(folder, VKEY)
    witness.add_checkpoint(Submission(0, (), statement.note).to_bytes(), at=NOON)
    rng = random.Random(20250601)  # noqa: S311 - a seeded sample
    engine.dispose()
    original = Path(str(engine.url.database))
    unseen_inside = 0
    for number in range(TAMPERINGS):
        copy = Path(shutil.copy(original, tmp_path / "copy.db"))
        forged = engine_of(f"sqlite:///{copy}")
        kind, at = KINDS[number % len(KINDS)], rng.randrange(1, ANCHORED - 1)
        rewrite(forged, lambda bodies, kind=kind, at=at: kind(bodies, at))
        with reading(forged) as session:
            verify_log(session, VKEY)  # the log does not contradict itself
            unseen_inside += 1
            with pytest.raises(ProofRejected):
                verify_log(session, VKEY, outside=kept)
        assert seen_by(anchor, forged).outcome in {Outcome.AHEAD, Outcome.CONTRADICTED}, kind.__name__
        assert witnessed(folder, forged) in {Refusal.INCONSISTENT, Refusal.SPLIT, Refusal.OLD_ABOVE_NEW}, kind.__name__
        forged.dispose()
        for path in tmp_path.glob("copy.db*"):
            path.unlink()
    assert unseen_inside == TAMPERINGS


def test_what_came_after_the_last_anchored_checkpoint_can_be_rewritten_unseen(engine: Engine, tmp_path: Path) -> None:
    """The documented limit, shown: nobody outside knows of these entries yet."""
    anchor = DirectoryAnchor(tmp_path, AT_ONCE)
    anchor.publish(statement_of(lambda: reading(engine), VKEY, at=NOON))
    rewrite(engine, lambda bodies: truncated(bodies, ANCHORED + 2))
    assert seen_by(anchor, engine).outcome is Outcome.AGREES
    with reading(engine) as session:
        assert verify_log(session, VKEY, outside=list(anchor.notes(ORIGIN))).size == ANCHORED + 2
