"""What the records of a `varde match` command are of: persons, or organisations with `--kind organisation`."""

from typing import Annotated, Final

import typer

from hub.compose import Hub
from hub.errors import SettingsInvalid
from hub.keystore.matching import matching_of
from ingest.pipeline.ports import Matching
from privacy.terms import EntityKind

KindOption = Annotated[EntityKind, typer.Option("--kind", help="What the records are of.")]
SEVERAL: Final = {EntityKind.PERSON: "persons", EntityKind.ORGANISATION: "organisations"}
"""How several of a kind are called; one is called as the kind is."""
OWN: Final = {EntityKind.PERSON: "a person", EntityKind.ORGANISATION: "an organisation"}
"""One of a kind, in a sentence."""


def matching_set(hub: Hub, kind: EntityKind) -> Matching:
    """Return how records of a kind are matched here.

    Raises:
        SettingsInvalid: they are joined by exact rules.

    """
    found = matching_of(hub.keystore, hub.reading, hub.settings, kind)
    if found is None:
        raise SettingsInvalid(
            "VARDE_MATCHING", "this home joins by exact rules", "Set it to model, then run `varde match rebuild`"
        )
    return found


def rebuild_command(kind: EntityKind) -> str:
    """Return the command that matches everybody of a kind anew."""
    return "varde match rebuild" if kind is EntityKind.PERSON else f"varde match rebuild --kind {kind.value}"
