"""Keep forms of several versions beside one another while matching moves from one to the next, and say which serves."""

import sqlalchemy as sa
from alembic import op

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None

COLUMNS = "record_id, revision, batch_id, tokens, number, country, key_version, form_version"


def upgrade() -> None:
    op.create_table(
        "match_serving",
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("key_version", sa.Integer(), nullable=False),
        sa.Column("form_version", sa.Integer(), nullable=False),
        sa.Column("batch_id", sa.LargeBinary(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("number"),
    )
    _write_forms_anew("record_id", "revision", "key_version", "form_version")


def downgrade() -> None:
    """Keep what everybody is found by: in the middle of a move some have rows of the version to come, and some not."""
    serving = {"person": (1, 1), "organisation": (1, 1)}
    newest = sa.text("SELECT kind, key_version, form_version FROM match_serving ORDER BY number")
    serving |= {kind: (key, form) for kind, key, form in op.get_bind().execute(newest)}
    for table in ("match_form", "match_token"):
        other = f"DELETE FROM {table} WHERE (key_version, form_version) <> (:key, :form)"  # noqa: S608 - our names
        mine = "record_id IN (SELECT record_id FROM source_record WHERE kind = :kind)"
        for kind, (key, form) in serving.items():
            told = {"kind": kind, "key": key, "form": form}
            op.get_bind().execute(sa.text(f"{other} AND {mine}"), told)
    _write_forms_anew("record_id", "revision")
    op.drop_table("match_serving")


def _write_forms_anew(*key: str) -> None:
    """Write the table under another primary key: SQLite cannot alter one."""
    op.create_table(
        "match_form_anew",
        sa.Column("record_id", sa.LargeBinary(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("batch_id", sa.LargeBinary(), nullable=False),
        sa.Column("tokens", sa.LargeBinary(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=True),
        sa.Column("country", sa.String(), nullable=False),
        sa.Column("key_version", sa.Integer(), nullable=False),
        sa.Column("form_version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint(*key),
        sqlite_with_rowid=False,
    )
    op.execute(f"INSERT INTO match_form_anew ({COLUMNS}) SELECT {COLUMNS} FROM match_form ORDER BY record_id")  # noqa: S608 - our names
    op.drop_index("ix_match_form_batch_id", table_name="match_form")
    op.drop_table("match_form")
    op.rename_table("match_form_anew", "match_form")
    op.create_index("ix_match_form_batch_id", "match_form", ["batch_id"])
