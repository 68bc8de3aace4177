"""Let audit entries arrive without waiting for the log's head; the database keeps each until its leaf is there."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

TABLE = "audit_arrival"
PLACED = "SELECT 1 FROM audit_leaf WHERE arrival = OLD.arrival AND leaf_hash = OLD.leaf_hash"
UNPLACED = "audit_arrival is append-only until its leaf is there"


def upgrade() -> None:
    op.add_column("audit_leaf", sa.Column("arrival", sa.BigInteger(), nullable=True))
    op.create_index("ix_audit_leaf_arrival", "audit_leaf", ["arrival"], unique=True)
    op.create_table(
        TABLE,
        sa.Column("arrival", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("leaf_hash", sa.LargeBinary(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("arrival"),
    )
    if op.get_bind().dialect.name == "sqlite":
        _guard_sqlite()
    else:
        _guard_postgresql()


def downgrade() -> None:
    op.drop_table(TABLE)
    if op.get_bind().dialect.name != "sqlite":
        op.execute("DROP FUNCTION varde_audit_placed")
    op.drop_index("ix_audit_leaf_arrival", "audit_leaf")
    op.drop_column("audit_leaf", "arrival")


def _guard_sqlite() -> None:
    op.execute(
        f"CREATE TRIGGER {TABLE}_no_update BEFORE UPDATE ON {TABLE} "
        f"BEGIN SELECT RAISE(ABORT, '{TABLE} is append-only'); END"
    )
    op.execute(
        f"CREATE TRIGGER {TABLE}_no_delete BEFORE DELETE ON {TABLE} WHEN NOT EXISTS ({PLACED}) "
        f"BEGIN SELECT RAISE(ABORT, '{UNPLACED}'); END"
    )


def _guard_postgresql() -> None:
    op.execute(
        "CREATE FUNCTION varde_audit_placed() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN IF NOT EXISTS ({PLACED}) THEN RAISE EXCEPTION '{UNPLACED}' "
        f"USING ERRCODE = 'restrict_violation', CONSTRAINT = '{UNPLACED}'; END IF; RETURN OLD; END $$"
    )
    op.execute(
        f"CREATE TRIGGER {TABLE}_no_delete BEFORE DELETE ON {TABLE} FOR EACH ROW EXECUTE FUNCTION varde_audit_placed()"
    )
    for act, each in (("UPDATE", "ROW"), ("TRUNCATE", "STATEMENT")):
        op.execute(
            f"CREATE TRIGGER {TABLE}_no_{act.lower()} BEFORE {act} ON {TABLE} "
            f"FOR EACH {each} EXECUTE FUNCTION varde_append_only()"
        )
