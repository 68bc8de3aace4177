"""Keep subtree roots of the audit log, so that a proof reads few rows; let a restored database begin a new log."""

from collections.abc import Iterator
from hashlib import sha256

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

KEPT_LEVELS = 4
HISTORY = "audit_continuation"  # append-only, as its elder sisters of 0002


def upgrade() -> None:
    op.add_column("audit_head", sa.Column("log", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("audit_head", sa.Column("start", sa.BigInteger(), nullable=False, server_default="0"))
    nodes = op.create_table(
        "audit_node",
        sa.Column("log", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("level", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("position", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("node_hash", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("log", "level", "position"),
    )
    op.create_table(
        HISTORY,
        sa.Column("log", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("start", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("note", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("log"),
        sa.UniqueConstraint("start"),
    )
    for act in ("UPDATE", "DELETE"):
        _refuse(act)
    if op.get_bind().dialect.name != "sqlite":
        op.execute(
            f"CREATE TRIGGER {HISTORY}_no_truncate BEFORE TRUNCATE ON {HISTORY} "
            "FOR EACH STATEMENT EXECUTE FUNCTION varde_append_only()"
        )
    if rows := list(_kept_nodes()):
        op.bulk_insert(nodes, rows)


def downgrade() -> None:
    op.drop_table(HISTORY)
    op.drop_table("audit_node")
    op.drop_column("audit_head", "start")
    op.drop_column("audit_head", "log")


def _refuse(act: str) -> None:
    if op.get_bind().dialect.name == "sqlite":
        op.execute(
            f"CREATE TRIGGER {HISTORY}_no_{act.lower()} BEFORE {act} ON {HISTORY} "
            f"BEGIN SELECT RAISE(ABORT, '{HISTORY} is append-only'); END"
        )
        return
    op.execute(
        f"CREATE TRIGGER {HISTORY}_no_{act.lower()} BEFORE {act} ON {HISTORY} "
        "FOR EACH ROW EXECUTE FUNCTION varde_append_only()"
    )


def _kept_nodes() -> Iterator[dict[str, object]]:
    """Make the kept nodes of the leaves that are there (RFC 6962, 2.1), in the order of the leaves."""
    leaves = sa.table("audit_leaf", sa.column("leaf_index"), sa.column("leaf_hash"))
    edge: list[bytes] = []
    found = op.get_bind().execute(sa.select(leaves.c.leaf_hash).order_by(leaves.c.leaf_index))
    for size, (leaf,) in enumerate(found):
        node, level = bytes(leaf), 0
        while size >> level & 1:
            node = sha256(b"\x01" + edge.pop() + node).digest()
            level += 1
            if level % KEPT_LEVELS == 0:
                yield {"log": 0, "level": level, "position": size >> level, "node_hash": node}
        edge.append(node)
