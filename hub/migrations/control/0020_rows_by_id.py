"""Keep records, entities and revisions in the order of their ids alone, and find blind indexes by token alone.

SQLite keeps a table by a row number of its own and its primary key in a second tree beside it, unless told otherwise.
What a batch brought is found by the tokens of its revisions; `swept_at` says which aborted batches leave nothing to
look for.
"""

import sqlalchemy as sa
from alembic import op

from hub.migrations.without_rowid import keep_by_key, keep_by_row_number

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

TABLES = ("source_record", "entity", "crosswalk", "record_revision")
GIVEN = sa.text("ordinal IS NOT NULL")


def upgrade() -> None:
    op.drop_index("ix_crosswalk_ordinal", table_name="crosswalk")
    op.create_index(
        "ux_crosswalk_ordinal", "crosswalk", ["ordinal"], unique=True, sqlite_where=GIVEN, postgresql_where=GIVEN
    )
    op.drop_index("ix_record_index_batch_id", table_name="record_index")
    op.add_column("batch", sa.Column("swept_at", sa.BigInteger(), nullable=True))
    for table in TABLES:
        keep_by_key(op.get_bind(), table)


def downgrade() -> None:
    for table in TABLES:
        keep_by_row_number(op.get_bind(), table)
    op.drop_column("batch", "swept_at")
    op.create_index("ix_record_index_batch_id", "record_index", ["batch_id"], unique=False)
    op.drop_index("ux_crosswalk_ordinal", table_name="crosswalk", sqlite_where=GIVEN, postgresql_where=GIVEN)
    op.create_index("ix_crosswalk_ordinal", "crosswalk", ["ordinal"], unique=True)
