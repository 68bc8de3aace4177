"""Keep blind indexes in the order of their tokens; a record's own are found by the tokens of its revisions."""

from collections.abc import Iterable, Iterator
from itertools import groupby, islice

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

BY_TOKEN = ("token", "field", "record_id", "batch_id")
BY_RECORD = ("record_id", "field", "token", "batch_id")
_COLUMNS = "record_id, field, token, batch_id, standardiser_version, key_version"
_AT_ONCE = 1000


def upgrade() -> None:
    empty = sa.text("x''" if op.get_bind().dialect.name == "sqlite" else "''")
    op.add_column("record_revision", sa.Column("tokens", sa.LargeBinary(), nullable=False, server_default=empty))
    _keep_tokens(op.get_bind())
    op.drop_index("ix_record_index_token", table_name="record_index")
    op.drop_index("ix_source_record_source", table_name="source_record")  # nobody looks for a few records of a source
    _order(BY_TOKEN, sqlite_with_rowid=False)


def downgrade() -> None:
    _order(BY_RECORD)
    op.create_index("ix_record_index_token", "record_index", ["token"], unique=False)
    op.create_index("ix_source_record_source", "source_record", ["source"], unique=False)
    op.drop_column("record_revision", "tokens")


def _keep_tokens(connection: sa.Connection) -> None:
    """Give each revision the tokens that its batch has of its record."""
    update = sa.text("UPDATE record_revision SET tokens = :tokens WHERE record_id = :record AND batch_id = :batch")
    query = sa.text("SELECT DISTINCT record_id, batch_id, token FROM record_index ORDER BY record_id, batch_id, token")
    kept = _kept(
        (bytes(record), bytes(batch), bytes(token)) for record, batch, token in connection.execute(query).all()
    )
    while some := list(islice(kept, _AT_ONCE)):
        connection.execute(update, some)


def _kept(rows: Iterable[tuple[bytes, bytes, bytes]]) -> Iterator[dict[str, bytes]]:
    for (record, batch), together in groupby(rows, key=lambda row: row[:2]):
        yield {"record": record, "batch": batch, "tokens": b"".join(token for _, _, token in together)}


def _order(key: tuple[str, ...], **storage: bool) -> None:
    """Give the table another primary key: SQLite keeps its rows in that order, so it is written anew."""
    if op.get_bind().dialect.name != "sqlite":
        op.drop_constraint("record_index_pkey", "record_index", type_="primary")
        op.create_primary_key("record_index_pkey", "record_index", list(key))
        return
    op.create_table(
        "record_index_new",
        sa.Column("record_id", sa.LargeBinary(), nullable=False),
        sa.Column("field", sa.String(), nullable=False),
        sa.Column("token", sa.LargeBinary(), nullable=False),
        sa.Column("batch_id", sa.LargeBinary(), nullable=False),
        sa.Column("standardiser_version", sa.Integer(), nullable=False),
        sa.Column("key_version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint(*key),
        **storage,
    )
    op.execute(
        f"INSERT INTO record_index_new ({_COLUMNS}) SELECT {_COLUMNS} FROM record_index ORDER BY {', '.join(key)}"  # noqa: S608 - constants
    )
    op.drop_table("record_index")
    op.rename_table("record_index_new", "record_index")
    op.create_index("ix_record_index_batch_id", "record_index", ["batch_id"], unique=False)
