"""Keep notices by hash, and decisions on asking people again when a purpose changes."""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

APPEND_ONLY = ("notice", "reconsent_decision")


def upgrade() -> None:
    op.create_table(
        "notice",
        sa.Column("notice_hash", sa.LargeBinary(), nullable=False),
        sa.Column("purpose", sa.String(), nullable=False),
        sa.Column("purpose_version", sa.Integer(), nullable=False),
        sa.Column("notice_version", sa.String(), nullable=False),
        sa.Column("texts", sa.Text(), nullable=False),
        sa.Column("kept_at", sa.BigInteger(), nullable=False),
        sa.Column("kept_by", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("notice_hash"),
    )
    op.create_index("ix_notice_purpose", "notice", ["purpose"])
    op.create_table(
        "reconsent_decision",
        sa.Column("decision_id", sa.LargeBinary(), nullable=False),
        sa.Column("purpose", sa.String(), nullable=False),
        sa.Column("purpose_version", sa.Integer(), nullable=False),
        sa.Column("purpose_hash", sa.LargeBinary(), nullable=False),
        sa.Column("outcome", sa.String(), nullable=False),
        sa.Column("people_lost", sa.BigInteger(), nullable=False),
        sa.Column("document_ref", sa.String(), nullable=False),
        sa.Column("decided_at", sa.BigInteger(), nullable=False),
        sa.Column("decided_by", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("decision_id"),
    )
    op.create_index("ix_reconsent_decision_purpose_hash", "reconsent_decision", ["purpose_hash"])
    _refuse_change()


def _refuse_change() -> None:
    """Let the database itself keep history; on PostgreSQL with the function of revision 0002."""
    sqlite = op.get_bind().dialect.name == "sqlite"
    for table in APPEND_ONLY:
        for act in ("UPDATE", "DELETE"):
            what = (
                f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
                if sqlite
                else "FOR EACH ROW EXECUTE FUNCTION varde_append_only()"
            )
            op.execute(f"CREATE TRIGGER {table}_no_{act.lower()} BEFORE {act} ON {table} {what}")
        if not sqlite:
            op.execute(
                f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table} "
                "FOR EACH STATEMENT EXECUTE FUNCTION varde_append_only()"
            )


def downgrade() -> None:
    op.drop_table("reconsent_decision")  # triggers go with their tables
    op.drop_table("notice")
