"""A PostgreSQL role that owns nothing, as a deployment should have one: it can be refused what a superuser may."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from sqlalchemy import Engine, text


@contextmanager
def limited(owner: Engine) -> Iterator[str]:
    """Make a role that may read and write every row and change no table; yield its URL, drop it afterwards."""
    name = _name(owner)
    run(owner, f"CREATE ROLE {name} LOGIN")
    run(owner, f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {name}")
    run(owner, f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {name}")
    try:
        yield owner.url.set(username=name, drivername="postgresql").render_as_string(hide_password=False)
    finally:
        run(owner, f"DROP OWNED BY {name}")
        run(owner, f"DROP ROLE {name}")


@contextmanager
def revoked(owner: Engine, privileges: Sequence[str]) -> Iterator[None]:
    """Take privileges (`INSERT ON audit_leaf`) from the role of `limited` for as long as the block lasts."""
    for privilege in privileges:
        run(owner, f"REVOKE {privilege} FROM {_name(owner)}")
    try:
        yield
    finally:
        for privilege in privileges:
            run(owner, f"GRANT {privilege} TO {_name(owner)}")


def run(owner: Engine, statement: str) -> None:
    with owner.begin() as connection:
        connection.execute(text(statement))


def _name(owner: Engine) -> str:
    return f"varde_{owner.url.database}"
