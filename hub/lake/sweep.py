"""Clear up after writers that died: files of expired intents go, unknown files are set aside for a person to see.

Only an intent of this instance that has expired is a licence to delete. Do not run it after a restore before the
catalogue and the files are known to belong together: everything newer than the backup would be unknown.
"""

from dataclasses import dataclass

from hub.lake import catalogue
from hub.lake.lake import Lake
from hub.lake.storage import TEMPORARY
from hub.lake.terms import FileState, Step, name_of

_KNOWN = [FileState.STAGED, FileState.LIVE, FileState.REMOVED, FileState.LOST]


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepOutcome:
    """How many expired intents were cleared (with key and file, if they had come so far), and which files set aside."""

    intents: int
    set_aside: tuple[str, ...]


def sweep(lake: Lake) -> SweepOutcome:
    """Remove what dead writers left, move what nobody knows to lost+found."""
    present = list(lake.files.names())  # before the catalogue is read: what is written later has its intent by then
    with lake.unit_of_work() as session:
        expired = catalogue.claim_expired(session, instance_id=lake.instance_id, at=lake.clock(session))
    lake.reached(Step.SWEEP_CLAIMED)
    if expired:
        lake.keys.shred([intent.key_id for intent in expired])
        lake.files.delete([name_of(intent.table, intent.file_id) for intent in expired])
        lake.reached(Step.SWEEP_REMOVED)
        with lake.unit_of_work() as session:
            catalogue.end_intents(session, [intent.file_id for intent in expired])
    swept = {name_of(intent.table, intent.file_id) for intent in expired}
    unknown = [name for name in unknown_names(lake, present) if name.removesuffix(TEMPORARY) not in swept]
    for name in unknown:
        lake.files.set_aside(name)
    return SweepOutcome(intents=len(expired), set_aside=tuple(unknown))


def unknown_names(lake: Lake, present: list[str]) -> list[str]:
    """Return those of the names that neither an intent nor a catalogue row accounts for.

    `present` must have been listed before this is called; intents are read before files because staging moves a file
    from the one to the other.
    """
    with lake.read_only() as session:
        known = {name_of(intent.table, intent.file_id) for intent in catalogue.open_intents(session)}
        known |= {name_of(file.table, file.file_id) for file in catalogue.files_of(session, states=_KNOWN)}
    return [name for name in present if name.removesuffix(TEMPORARY) not in known]
