"""Keep what anchors said about checkpoints, and which gaps the DPO confirmed."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

HISTORY = "audit_gap"  # append-only, as its elder sisters of 0002


def upgrade() -> None:
    op.create_table(
        "audit_anchor",
        sa.Column("anchor", sa.String(), nullable=False),
        sa.Column("log", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("size", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("level", sa.String(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("outcome", sa.String(), nullable=False),
        sa.Column("why", sa.String(), nullable=False),
        sa.Column("receipt", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("anchor", "log", "size"),
    )
    op.create_table(
        HISTORY,
        sa.Column("log", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("because", sa.String(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=True),
        sa.Column("principal_id", sa.LargeBinary(), nullable=False),
        sa.Column("leaf", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("log", "because", "at"),
    )
    for act in ("UPDATE", "DELETE"):
        _refuse(act)
    if op.get_bind().dialect.name != "sqlite":
        op.execute(
            f"CREATE TRIGGER {HISTORY}_no_truncate BEFORE TRUNCATE ON {HISTORY} "
            "FOR EACH STATEMENT EXECUTE FUNCTION varde_append_only()"
        )


def downgrade() -> None:
    op.drop_table(HISTORY)
    op.drop_table("audit_anchor")


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
