"""What stands in the blocks of matching, whoever looks into them: for tests that ask what is left of somebody."""

from sqlalchemy import text
from sqlmodel import Session

from ingest.match.entries import Entries


def carried_keys(session: Session) -> set[tuple[int, bytes]]:
    """Return every token with each record that carries it."""
    rows = session.execute(text("SELECT tokens, records FROM match_block")).all()
    entries = Entries.unpacked([bytes(row[0]) for row in rows], [bytes(row[1]) for row in rows])
    return set(zip(entries.tokens.tolist(), entries.ids(), strict=True))
