"""Keep who was in which release and training, by random ordinals; note logins and denied attempts in bounded room."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    counter = op.create_table(
        "ordinal_counter",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("next", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.bulk_insert(counter, [{"id": 1, "next": 0}])
    op.add_column("crosswalk", sa.Column("ordinal", sa.BigInteger(), nullable=True))
    op.create_index("ix_crosswalk_ordinal", "crosswalk", ["ordinal"], unique=True)
    op.create_table(
        "release_members",
        sa.Column("intent_leaf", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("release_id", sa.LargeBinary(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("view", sa.String(), nullable=False),
        sa.Column("purpose", sa.String(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("module", sa.String(), nullable=True),
        sa.Column("grain", sa.String(), nullable=False),
        sa.Column("crosswalk_revision", sa.BigInteger(), nullable=False),
        sa.Column("members", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("intent_leaf"),
    )
    op.create_index("ix_release_members_release_id", "release_members", ["release_id"], unique=True)
    op.create_index("ix_release_members_at", "release_members", ["at"])
    op.add_column("model_version", sa.Column("members", sa.LargeBinary(), nullable=True))
    op.add_column("model_version", sa.Column("crosswalk_revision", sa.BigInteger(), nullable=False, server_default="0"))
    op.create_table(
        "login_note",
        sa.Column("principal_id", sa.LargeBinary(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("hour", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("principal_id", "channel"),
    )
    op.create_table(
        "denial_window",
        sa.Column("principal_id", sa.LargeBinary(), nullable=False),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("purpose", sa.String(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("untold", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("principal_id", "action", "reason", "purpose"),
    )


def downgrade() -> None:
    op.drop_table("denial_window")
    op.drop_table("login_note")
    op.drop_column("model_version", "crosswalk_revision")
    op.drop_column("model_version", "members")
    op.drop_table("release_members")
    op.drop_index("ix_crosswalk_ordinal", table_name="crosswalk")
    op.drop_column("crosswalk", "ordinal")
    op.drop_table("ordinal_counter")
