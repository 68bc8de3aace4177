"""Keep studies of the voice of the customer, and what people said of what they propose."""

import sqlalchemy as sa
from alembic import op

revision = "0039"
down_revision = "0038"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "voice_study",
        sa.Column("study_id", sa.LargeBinary(), nullable=False),
        sa.Column("as_of", sa.BigInteger(), nullable=False),
        sa.Column("made_at", sa.BigInteger(), nullable=False),
        sa.Column("made_by", sa.LargeBinary(), nullable=False),
        sa.Column("told", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("study_id"),
    )
    op.create_index("ix_voice_study_made_at", "voice_study", ["made_at"])
    op.create_table(
        "finding_verdict",
        sa.Column("verdict_id", sa.LargeBinary(), nullable=False),
        sa.Column("finding", sa.String(), nullable=False),
        sa.Column("levels", sa.Text(), nullable=False),
        sa.Column("verdict", sa.String(), nullable=False),
        sa.Column("evidence", sa.LargeBinary(), nullable=False),
        sa.Column("said_at", sa.BigInteger(), nullable=False),
        sa.Column("said_by", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("verdict_id"),
    )
    op.create_index("ix_finding_verdict_finding", "finding_verdict", ["finding"])


def downgrade() -> None:
    op.drop_table("finding_verdict")
    op.drop_table("voice_study")
