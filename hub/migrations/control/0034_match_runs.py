"""Keep the tokens of matching in runs of sorted blocks: a row each was written at a place by chance.

Both ways they are written from `match_form`, which holds the tokens of every record, some thousand records at a time.
What a delivery staged that does not count is left out: no such delivery outlives a migration, and its run would belong
to no batch, so that nobody swept it.
"""

import secrets
from collections.abc import Iterator
from typing import Any

import numpy as np
import sqlalchemy as sa
from alembic import op

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None

AT_ONCE = 20_000
IN_A_BLOCK, TOKEN_BITS, BLOCK_BITS, NUMBER_BITS = 512, 62, 24, 38
FORMS = (
    "SELECT s.kind, f.key_version, f.form_version, f.record_id, f.revision, f.tokens FROM match_form f "
    "JOIN source_record s ON s.record_id = f.record_id JOIN batch b ON b.batch_id = f.batch_id "
    "WHERE b.state IN ('visible', 'settled') ORDER BY s.kind, f.key_version, f.form_version"
)


def upgrade() -> None:
    op.create_table(
        "match_run",
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("key_version", sa.Integer(), nullable=False),
        sa.Column("form_version", sa.Integer(), nullable=False),
        sa.Column("bits", sa.Integer(), nullable=False),
        sa.Column("entry_count", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("changes", sa.Integer(), nullable=False),
        sa.Column("batch_id", sa.LargeBinary(), nullable=True),
        sa.Column("merging_until", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("number"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_match_run_batch_id", "match_run", ["batch_id"])
    op.create_table(
        "match_block",
        sa.Column("place", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("tokens", sa.LargeBinary(), nullable=False),
        sa.Column("records", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("place"),
    )
    for found, forms in _forms():
        _write_run(found, forms)
    op.drop_table("match_token")


def downgrade() -> None:
    op.create_table(
        "match_token",
        sa.Column("token", sa.BigInteger(), nullable=False),
        sa.Column("record_id", sa.LargeBinary(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("key_version", sa.Integer(), nullable=False),
        sa.Column("form_version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("token", "record_id", "revision"),
        sqlite_with_rowid=False,
    )
    table = sa.table("match_token", *map(sa.column, ("token", "record_id", "revision", "key_version", "form_version")))
    for (_, key, form), forms in _forms():
        rows = [
            {"token": token, "record_id": record, "revision": revision, "key_version": key, "form_version": form}
            for record, revision, tokens in forms
            for token in np.frombuffer(tokens, dtype=">i8").tolist()
        ]
        op.bulk_insert(table, rows)
    op.drop_table("match_block")
    op.drop_index("ix_match_run_batch_id", table_name="match_run")
    op.drop_table("match_run")


def _forms() -> Iterator[tuple[tuple[str, int, int], list[tuple[bytes, int, bytes]]]]:
    """Yield kind and versions with some forms of theirs: record, revision, tokens."""
    for chunk in op.get_bind().execute(sa.text(FORMS), execution_options={"yield_per": AT_ONCE}).partitions():
        for found in dict.fromkeys((row[0], row[1], row[2]) for row in chunk):
            yield found, [(bytes(row[3]), row[4], bytes(row[5])) for row in chunk if tuple(row[:3]) == found]


def _write_run(found: tuple[str, int, int], forms: list[tuple[bytes, int, bytes]]) -> None:
    """Write the tokens of some forms as one run, each record and token once."""
    told = ((record, np.frombuffer(joined, dtype=">i8").tolist()) for record, _, joined in forms)
    several = sorted({(token, record) for record, tokens in told for token in tokens})
    bits = max(len(several) - 1, 0).bit_length() - IN_A_BLOCK.bit_length() + 1 if len(several) > IN_A_BLOCK else 0
    number = secrets.randbits(NUMBER_BITS)
    blocks: dict[int, list[tuple[int, bytes]]] = {}
    for token, record in several:
        blocks.setdefault(token >> (TOKEN_BITS - bits), []).append((token, record))
    head = dict(zip(("kind", "key_version", "form_version"), found, strict=True))
    rest: dict[str, Any] = {"number": number, "bits": bits, "entry_count": len(several), "state": "ready", "changes": 0}
    names = (*head, *rest)
    op.bulk_insert(sa.table("match_run", *map(sa.column, names)), [{**head, **rest}])
    rows = [
        {
            "place": (number << BLOCK_BITS) + block,
            "tokens": np.array([token for token, _ in entries], dtype="<i8").tobytes(),
            "records": b"".join(record for _, record in entries),
        }
        for block, entries in blocks.items()
    ]
    op.bulk_insert(sa.table("match_block", *map(sa.column, ("place", "tokens", "records"))), rows)
