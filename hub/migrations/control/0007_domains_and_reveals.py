"""Keep pseudonymisation domains as records, reveals with their approvals, and how many keys were unwrapped."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

HISTORY = ("pseudonymisation_domain", "pseudonymisation_domain_approval")  # append-only, as their elder sisters of 0002


def upgrade() -> None:
    op.create_table(
        "pseudonymisation_domain",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("purpose", sa.String(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("record_hash", sa.LargeBinary(), nullable=False),
        sa.Column("recorded_at", sa.BigInteger(), nullable=False),
        sa.Column("recorded_by", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("name", "version"),
    )
    op.create_table(
        "pseudonymisation_domain_approval",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("record_hash", sa.LargeBinary(), nullable=False),
        sa.Column("approver_person", sa.LargeBinary(), nullable=False),
        sa.Column("approved_by", sa.LargeBinary(), nullable=False),
        sa.Column("approved_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", "version"),
    )
    op.create_table(
        "reveal_request",
        sa.Column("request_id", sa.LargeBinary(), nullable=False),
        sa.Column("principal_id", sa.LargeBinary(), nullable=False),
        sa.Column("person_id", sa.LargeBinary(), nullable=False),
        sa.Column("purpose", sa.String(), nullable=False),
        sa.Column("entity_id", sa.LargeBinary(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("attributes", sa.String(), nullable=False),
        sa.Column("requested_at", sa.BigInteger(), nullable=False),
        sa.Column("approver_person", sa.LargeBinary(), nullable=True),
        sa.Column("approved_by", sa.LargeBinary(), nullable=True),
        sa.Column("approved_at", sa.BigInteger(), nullable=True),
        sa.Column("valid_until", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("request_id"),
    )
    op.create_table(
        "reveal",
        sa.Column("reveal_id", sa.LargeBinary(), nullable=False),
        sa.Column("request_id", sa.LargeBinary(), nullable=True),
        sa.Column("principal_id", sa.LargeBinary(), nullable=False),
        sa.Column("person_id", sa.LargeBinary(), nullable=False),
        sa.Column("purpose", sa.String(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("reveal_id"),
        sa.UniqueConstraint("request_id"),
    )
    op.create_index("ix_reveal_counted", "reveal", ["person_id", "purpose", "at"])
    op.create_table(
        "unwrap_tally",
        sa.Column("run_id", sa.LargeBinary(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("act_id", sa.LargeBinary(), nullable=False),
        sa.Column("unwrapped", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("run_id", "kind", "act_id"),
    )
    for table in HISTORY:
        for act in ("UPDATE", "DELETE"):
            _refuse(table, act)
        if op.get_bind().dialect.name != "sqlite":
            op.execute(
                f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table} "
                "FOR EACH STATEMENT EXECUTE FUNCTION varde_append_only()"
            )


def downgrade() -> None:
    for table in ("unwrap_tally", "reveal", "reveal_request", *reversed(HISTORY)):
        op.drop_table(table)


def _refuse(table: str, act: str) -> None:
    if op.get_bind().dialect.name == "sqlite":
        op.execute(
            f"CREATE TRIGGER {table}_no_{act.lower()} BEFORE {act} ON {table} "
            f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
        )
        return
    op.execute(
        f"CREATE TRIGGER {table}_no_{act.lower()} BEFORE {act} ON {table} "
        "FOR EACH ROW EXECUTE FUNCTION varde_append_only()"
    )
