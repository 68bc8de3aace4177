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
    newer = "SELECT 1 FROM match_form o WHERE o.record_id = match_form.record_id AND o.revision = match_form.revision"
    later = "(o.key_version, o.form_version) > (match_form.key_version, match_form.form_version)"
    op.execute(f"DELETE FROM match_form WHERE EXISTS ({newer} AND {later})")  # noqa: S608 - our names
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
