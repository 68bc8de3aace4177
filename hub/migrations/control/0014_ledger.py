"""Keep what must not come back after a restore, in order; and what an erasure counted and certified."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

HISTORY = "ledger_entry"  # append-only, as its elder sisters of 0002


def upgrade() -> None:
    op.create_table(
        HISTORY,
        sa.Column("epoch", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("place", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("entry_id", sa.LargeBinary(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("ref", sa.LargeBinary(), nullable=False),
        sa.Column("purpose", sa.String(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("erasure_id", sa.LargeBinary(), nullable=False),
        sa.Column("detail", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("epoch", "place"),
    )
    op.add_column("erasure", sa.Column("counts", sa.String(), nullable=False, server_default=""))
    op.add_column("erasure", sa.Column("certificate", sa.String(), nullable=True))
    for act in ("UPDATE", "DELETE"):
        _refuse(act)
    if op.get_bind().dialect.name != "sqlite":
        op.execute(
            f"CREATE TRIGGER {HISTORY}_no_truncate BEFORE TRUNCATE ON {HISTORY} "
            "FOR EACH STATEMENT EXECUTE FUNCTION varde_append_only()"
        )


def downgrade() -> None:
    op.drop_column("erasure", "certificate")
    op.drop_column("erasure", "counts")
    op.drop_table(HISTORY)


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
