"""Keep the suppression list, what its rows dropped, and how a person wants to be reached."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

NEVER_UPDATED = ("suppression_entry", "suppression_lift", "contact_wish")
NEVER_DELETED = ("suppression_entry", "suppression_lift")  # a wish goes with its person


def upgrade() -> None:
    op.create_table(
        "suppression_entry",
        sa.Column("seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("set_id", sa.LargeBinary(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("attribute", sa.String(), nullable=False),
        sa.Column("token", sa.LargeBinary(), nullable=False),
        sa.Column("purpose", sa.String(), nullable=False),
        sa.Column("act", sa.String(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("recorded_at", sa.BigInteger(), nullable=False),
        sa.Column("actor", sa.LargeBinary(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("standardiser_version", sa.Integer(), nullable=False),
        sa.Column("key_version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("seq"),
    )
    op.create_index("ix_suppression_entry_set_id", "suppression_entry", ["set_id"])
    op.create_index("ix_suppression_entry_token", "suppression_entry", ["token"])
    op.create_table(
        "suppression_lift",
        sa.Column("set_id", sa.LargeBinary(), nullable=False),
        sa.Column("lifted_at", sa.BigInteger(), nullable=False),
        sa.Column("actor", sa.LargeBinary(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("set_id"),
    )
    op.add_column("batch", sa.Column("rows_suppressed", sa.BigInteger(), nullable=False, server_default="0"))
    _contact()
    _refuse_change()


def _contact() -> None:
    op.create_table(
        "contact_wish",
        sa.Column("wish_id", sa.LargeBinary(), nullable=False),
        sa.Column("record_id", sa.LargeBinary(), nullable=False),
        sa.Column("channels", sa.String(), nullable=False),
        sa.Column("hour_from", sa.Integer(), nullable=True),
        sa.Column("hour_to", sa.Integer(), nullable=True),
        sa.Column("time_zone", sa.String(), nullable=False),
        sa.Column("at_most", sa.Integer(), nullable=True),
        sa.Column("per_days", sa.Integer(), nullable=True),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("recorded_at", sa.BigInteger(), nullable=False),
        sa.Column("actor", sa.LargeBinary(), nullable=False),
        sa.Column("told_by", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("wish_id"),
    )
    op.create_index("ix_contact_wish_record_id", "contact_wish", ["record_id"])
    op.create_table(
        "contact_made",
        sa.Column("contact_id", sa.LargeBinary(), nullable=False),
        sa.Column("record_id", sa.LargeBinary(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("purpose", sa.String(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("contact_id"),
    )
    op.create_index("ix_contact_made_record_id", "contact_made", ["record_id"])
    op.create_index("ix_contact_made_at", "contact_made", ["at"])


def _refuse_change() -> None:
    """Let the database itself keep history; on PostgreSQL with the function of revision 0002."""
    refusals = [(table, "UPDATE") for table in NEVER_UPDATED] + [(table, "DELETE") for table in NEVER_DELETED]
    if op.get_bind().dialect.name == "sqlite":
        for table, act in refusals:
            op.execute(
                f"CREATE TRIGGER {table}_no_{act.lower()} BEFORE {act} ON {table} "
                f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
            )
        return
    for table, act in refusals:
        op.execute(
            f"CREATE TRIGGER {table}_no_{act.lower()} BEFORE {act} ON {table} "
            "FOR EACH ROW EXECUTE FUNCTION varde_append_only()"
        )
    for table in NEVER_UPDATED:
        op.execute(
            f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION varde_append_only()"
        )


def downgrade() -> None:
    op.drop_table("contact_made")  # triggers go with their tables
    op.drop_table("contact_wish")
    op.drop_column("batch", "rows_suppressed")
    op.drop_table("suppression_lift")
    op.drop_table("suppression_entry")
