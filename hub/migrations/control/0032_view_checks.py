"""Keep what a check of a view found, what its approval bound beside the spec, and which reads count."""

import sqlalchemy as sa
from alembic import op

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None

APPROVAL = {
    "review_at": sa.BigInteger,
    "approved_reach_hash": sa.LargeBinary,
    "approved_check": sa.LargeBinary,
    "unchecked_because": sa.String,
    "refused_at": sa.BigInteger,
    "refused_because": sa.String,
}


def upgrade() -> None:
    for name, kind in APPROVAL.items():
        op.add_column("view_version", sa.Column(name, kind(), nullable=True))
    op.add_column("view_release", sa.Column("instants", sa.Integer(), server_default="1", nullable=False))
    op.add_column("view_release", sa.Column("counted", sa.Boolean(), server_default=sa.true(), nullable=False))
    op.create_table(
        "view_check",
        sa.Column("check_id", sa.LargeBinary(), nullable=False),
        sa.Column("view", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("spec_hash", sa.LargeBinary(), nullable=False),
        sa.Column("purpose_hash", sa.LargeBinary(), nullable=False),
        sa.Column("reach_hash", sa.LargeBinary(), nullable=False),
        sa.Column("as_of", sa.BigInteger(), nullable=False),
        sa.Column("checked_at", sa.BigInteger(), nullable=False),
        sa.Column("checked_by", sa.LargeBinary(), nullable=False),
        sa.Column("epoch", sa.BigInteger(), nullable=False),
        sa.Column("figures", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("check_id"),
    )
    op.create_index("ix_view_check_view", "view_check", ["view"])
    for act in ("UPDATE", "DELETE"):
        _refuse("view_check", act)
    if op.get_bind().dialect.name != "sqlite":
        op.execute(
            "CREATE TRIGGER view_check_no_truncate BEFORE TRUNCATE ON view_check "
            "FOR EACH STATEMENT EXECUTE FUNCTION varde_append_only()"
        )


def downgrade() -> None:
    op.drop_table("view_check")
    for name in ("counted", "instants"):
        op.drop_column("view_release", name)
    for name in reversed(APPROVAL):
        op.drop_column("view_version", name)


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
