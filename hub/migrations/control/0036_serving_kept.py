"""Let no row be changed or taken out that says which version of matching served: the database refuses it."""

from alembic import op

revision = "0036"
down_revision = "0035"
branch_labels = None
depends_on = None

TABLE = "match_serving"
ACTS = ("UPDATE", "DELETE")


def upgrade() -> None:
    for act in ACTS:
        _refuse(act)
    if op.get_bind().dialect.name != "sqlite":
        op.execute(
            f"CREATE TRIGGER {TABLE}_no_truncate BEFORE TRUNCATE ON {TABLE} "
            "FOR EACH STATEMENT EXECUTE FUNCTION varde_append_only()"
        )


def downgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        for act in ACTS:
            op.execute(f"DROP TRIGGER {TABLE}_no_{act.lower()}")
        return
    for act in (*ACTS, "TRUNCATE"):
        op.execute(f"DROP TRIGGER {TABLE}_no_{act.lower()} ON {TABLE}")


def _refuse(act: str) -> None:
    if op.get_bind().dialect.name == "sqlite":
        op.execute(
            f"CREATE TRIGGER {TABLE}_no_{act.lower()} BEFORE {act} ON {TABLE} "
            f"BEGIN SELECT RAISE(ABORT, '{TABLE} is append-only'); END"
        )
        return
    op.execute(
        f"CREATE TRIGGER {TABLE}_no_{act.lower()} BEFORE {act} ON {TABLE} "
        "FOR EACH ROW EXECUTE FUNCTION varde_append_only()"
    )
