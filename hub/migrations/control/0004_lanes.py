"""Let the database itself allow one delivery at a time into a lane, and tell a retry from a delivery."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_ONE_AT_A_TIME = "state = 'staged'"
_IN_HEX = {"sqlite": "hex(batch_id)", "postgresql": "encode(batch_id, 'hex')"}


def upgrade() -> None:
    op.add_column("batch", sa.Column("lane", sa.String(), nullable=False, server_default=""))
    op.add_column("batch", sa.Column("retry_of", sa.LargeBinary(), nullable=True))
    op.execute(
        "UPDATE batch SET lane = CASE WHEN canonical_table IN ('people', 'organisations') "
        "THEN canonical_table || ':' || source ELSE 'events:' || contract END"
    )
    # Nobody delivers during a migration: what is staged was left by processes that died, and recovery aborts it.
    in_hex = _IN_HEX[op.get_bind().dialect.name]
    op.execute(f"UPDATE batch SET lane = 'left:' || {in_hex} WHERE {_ONE_AT_A_TIME}")  # noqa: S608 - constants
    op.create_index(
        "ux_batch_lane",
        "batch",
        ["lane"],
        unique=True,
        sqlite_where=sa.text(_ONE_AT_A_TIME),
        postgresql_where=sa.text(_ONE_AT_A_TIME),
    )


def downgrade() -> None:
    op.drop_index("ux_batch_lane", table_name="batch")
    op.drop_column("batch", "retry_of")
    op.drop_column("batch", "lane")
