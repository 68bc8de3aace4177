"""At which revision a database stands, and which is the newest: told without Alembic, for every command asks.

Rules kept here:
- migrations are one line, and their numbers are the first word of their file names (a test compares with Alembic);
- only a migration itself imports Alembic, and with it every migration there ever was (`hub.database.schema`).
"""

from pathlib import Path
from typing import Final, Literal

from sqlalchemy import Engine, column, inspect, select, table

from hub.database.unit import reading
from hub.errors import HomeUnsafe

Target = Literal["control", "keystore"]
MIGRATIONS: Final = Path(__file__).parent.parent / "migrations"
_VERSION: Final = table("alembic_version", column("version_num"))


def current_revision(engine: Engine) -> str | None:
    """Return the revision a database stands at, None if it is empty."""
    with reading(engine) as session:
        if not inspect(session.connection()).has_table(_VERSION.name):
            return None
        found = session.execute(select(_VERSION.c.version_num)).scalar_one_or_none()
    return None if found is None else str(found)


def newest_revision(target: Target) -> str:
    """Return the newest revision that this version of Varde knows."""
    return max(_known(target))


def verify_newest(engine: Engine, target: Target) -> None:
    """Raise unless a database stands at the newest revision.

    Raises:
        HomeUnsafe: it is behind, or a newer version of Varde has been here.

    """
    revision, known = current_revision(engine), _known(target)
    if revision == max(known):
        return
    if revision not in {None, *known}:
        raise ahead(target)
    remedy = "Run `varde migrate`" if revision else "Run `varde init`"
    raise HomeUnsafe(f"the {target} database", f"its schema is at {revision or 'nothing'}", remedy)


def ahead(target: Target) -> HomeUnsafe:
    """Return what is told of a database that a newer version of Varde has made."""
    return HomeUnsafe(f"the {target} database", "it was made by a newer version of Varde", "Install that version")


def _known(target: Target) -> frozenset[str]:
    """Read the numbers of the migrations from the names of their files: four digits, so that they sort as text."""
    return frozenset(path.name.partition("_")[0] for path in (MIGRATIONS / target).glob("[0-9]*_*.py"))
