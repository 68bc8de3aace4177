"""Say in homes that have organisations by which form they are found: a home made from now on begins with form 2.

Form 2 reads more ways of writing an organisation's number. Who was taken in before is found by form 1 until
`varde match rebuild --kind organisation` has moved everybody on; who is taken in meanwhile is kept in both.
"""

import sqlalchemy as sa
from alembic import op

revision = "0044"
down_revision = "0043"
branch_labels = None
depends_on = None

BEFORE, NOW = 1, 2
OURS = bytes(16)
"""No rebuild let these rows serve; they say what serves already, or that nobody has to be moved."""
NEWEST = "SELECT key_version, form_version FROM match_serving WHERE kind = 'organisation' ORDER BY number DESC LIMIT 1"
SOME = (
    "SELECT 1 FROM source_record WHERE kind = 'organisation' "
    "UNION ALL SELECT 1 FROM batch WHERE canonical_table = 'organisations' AND state <> 'aborted' LIMIT 1"
)
SERVE = (
    "INSERT INTO match_serving (number, kind, key_version, form_version, batch_id, at) SELECT "
    "(SELECT coalesce(max(number), 0) + 1 FROM match_serving), 'organisation', :key, :form, :batch, created_at "
    "FROM instance"
)
FORMS = (
    "DELETE FROM match_form WHERE form_version = 2 AND record_id IN "
    "(SELECT record_id FROM source_record WHERE kind = 'organisation')"
)
RUNS = "match_run WHERE kind = 'organisation' AND form_version = 2"
BLOCKS = f"DELETE FROM match_block WHERE place / 16777216 IN (SELECT number FROM {RUNS})"  # noqa: S608 - our names


def upgrade() -> None:
    serving = op.get_bind().execute(sa.text(NEWEST)).first()
    there = op.get_bind().execute(sa.text(SOME)).first() is not None
    if serving is None and there:
        _serve(1, BEFORE)
    elif serving is not None and not there:
        _serve(serving[0], NOW)


def downgrade() -> None:
    """Take away what the program before cannot read; whom nothing else finds then, its own rebuild forms anew."""
    for statement in (FORMS, BLOCKS, f"DELETE FROM {RUNS}"):  # noqa: S608 - our names
        op.execute(statement)
    serving = op.get_bind().execute(sa.text(NEWEST)).first()
    if serving is not None and serving[1] == NOW:
        _serve(serving[0], BEFORE)


def _serve(key: int, form: int) -> None:
    op.get_bind().execute(sa.text(SERVE), {"key": key, "form": form, "batch": OURS})
