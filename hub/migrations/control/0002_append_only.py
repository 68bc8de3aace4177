"""Let the database itself refuse to change history (Article 7(1): consent must be demonstrable)."""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

NEVER_UPDATED = ("consent_event", "audit_leaf", "audit_checkpoint", "audit_body")
NEVER_DELETED = ("consent_event", "audit_leaf", "audit_checkpoint")  # audit bodies are pruned by retention


def upgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        for table, act in _refusals():
            op.execute(
                f"CREATE TRIGGER {table}_no_{act.lower()} BEFORE {act} ON {table} "
                f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
            )
        return
    op.execute(
        "CREATE FUNCTION varde_append_only() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME "
        # named as a constraint, so that the error tells its rule as SQLite's does
        "USING ERRCODE = 'restrict_violation', CONSTRAINT = TG_TABLE_NAME || ' is append-only'; END $$"
    )
    for table, act in _refusals():
        op.execute(
            f"CREATE TRIGGER {table}_no_{act.lower()} BEFORE {act} ON {table} "
            "FOR EACH ROW EXECUTE FUNCTION varde_append_only()"
        )
    for table in NEVER_UPDATED:  # bodies are pruned row by row, never all at once
        op.execute(
            f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION varde_append_only()"
        )


def downgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        for table, act in _refusals():
            op.execute(f"DROP TRIGGER {table}_no_{act.lower()}")
        return
    for table, act in _refusals():
        op.execute(f"DROP TRIGGER {table}_no_{act.lower()} ON {table}")
    for table in NEVER_UPDATED:
        op.execute(f"DROP TRIGGER {table}_no_truncate ON {table}")
    op.execute("DROP FUNCTION varde_append_only")


def _refusals() -> list[tuple[str, str]]:
    return [(table, "UPDATE") for table in NEVER_UPDATED] + [(table, "DELETE") for table in NEVER_DELETED]
