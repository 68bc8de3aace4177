"""Keep subject requests with every step, balancing tests of objections, and what humans said of scores."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

HISTORY = ("subject_request_step", "balancing_test", "score_review")


def upgrade() -> None:
    op.create_table(
        "subject_request",
        sa.Column("request_id", sa.LargeBinary(), nullable=False),
        sa.Column("right", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("arrival", sa.String(), nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("received_at", sa.BigInteger(), nullable=False),
        sa.Column("due_on", sa.String(), nullable=True),
        sa.Column("record_id", sa.LargeBinary(), nullable=True),
        sa.Column("duplicate_of", sa.LargeBinary(), nullable=True),
        sa.Column("closed_at", sa.BigInteger(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("request_id"),
    )
    op.create_index("ix_subject_request_state", "subject_request", ["state"])
    op.create_index("ix_subject_request_record_id", "subject_request", ["record_id"])
    op.create_table(
        "subject_request_step",
        sa.Column("request_id", sa.LargeBinary(), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("actor", sa.LargeBinary(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("request_id", "number"),
    )
    op.create_table(
        "balancing_test",
        sa.Column("request_id", sa.LargeBinary(), nullable=False),
        sa.Column("purpose", sa.String(), nullable=False),
        sa.Column("outcome", sa.String(), nullable=False),
        sa.Column("ground", sa.String(), nullable=False),
        sa.Column("document_ref", sa.String(), nullable=False),
        sa.Column("decided_by", sa.LargeBinary(), nullable=False),
        sa.Column("decided_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("request_id", "purpose"),
    )
    op.create_table(
        "score_review",
        sa.Column("review_id", sa.LargeBinary(), nullable=False),
        sa.Column("request_id", sa.LargeBinary(), nullable=False),
        sa.Column("record_id", sa.LargeBinary(), nullable=False),
        sa.Column("module", sa.String(), nullable=False),
        sa.Column("model_id", sa.LargeBinary(), nullable=False),
        sa.Column("scored_at", sa.BigInteger(), nullable=False),
        sa.Column("outcome", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("reviewed_by", sa.LargeBinary(), nullable=False),
        sa.Column("reviewer_person", sa.LargeBinary(), nullable=False),
        sa.Column("reviewed_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("review_id"),
    )
    op.create_index("ix_score_review_request_id", "score_review", ["request_id"])
    op.create_index("ix_score_review_record_id", "score_review", ["record_id"])
    for table in HISTORY:
        for act in ("UPDATE", "DELETE"):
            _refuse(table, act)
        if op.get_bind().dialect.name != "sqlite":
            op.execute(
                f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table} "
                "FOR EACH STATEMENT EXECUTE FUNCTION varde_append_only()"
            )


def downgrade() -> None:
    for table in (*reversed(HISTORY), "subject_request"):
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
