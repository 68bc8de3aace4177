"""Old key versions: which there are, what still needs each, and which may be destroyed now.

Rules kept here:
- a key generation is needed while a key is wrapped under it;
- an old version of a domain's key is needed while its pseudonyms may be led back (the window of its rotation);
- an old version of matching's key is needed while somebody is found by it, or tokens under it still lie there;
- each is needed while it is kept for backups;
- the current ones are not old, and a version above the current one belongs to a rotation that broke off: it goes on.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from sqlmodel import Session

from hub.compose import Hub
from hub.keystore.generation import Generation, GenerationState, all_generations, wrapper_of
from hub.keystore.matching import MATCHING
from hub.keystore.named import NamedKey, named_keys, versions_of
from hub.rotation.keeping import kept_until, version_ref
from ingest.store.match_form import has_forms_under
from ingest.store.match_merge import has_runs_under
from ingest.store.match_serving import serving_version
from privacy.domain import DomainKeys
from privacy.keys import KeyKind
from privacy.store.domain import domain_history
from privacy.terms import DomainName, EntityKind

_DOMAIN = "domain"


class Need(StrEnum):
    """Why an old key is still needed."""

    KEYS = "keys_wrapped_under_it"  # `varde keys rotate-kek` moves them
    WINDOW = "old_pseudonyms_led_back"
    PEOPLE = "people_found_by_it"  # `varde match rebuild` moves them on
    ORGANISATIONS = "organisations_found_by_it"  # `varde match rebuild --kind organisation` does
    BACKUP = "kept_for_backups"


_FOUND: Final = {EntityKind.PERSON: Need.PEOPLE, EntityKind.ORGANISATION: Need.ORGANISATIONS}


@dataclass(frozen=True, slots=True, kw_only=True)
class OldKey:
    """An old key generation, or an old version (`version`) of a domain's or of matching's key.

    `until` is when its last need ends.

    `until` is None if nothing needs the key, or if something does whose end is no date.
    """

    kind: str  # generation | domain | matching
    name: str
    version: int | None
    key_id: bytes
    needs: tuple[Need, ...]
    until: datetime | None

    @property
    def ref(self) -> str:
        """Return how a date kept for backups names it."""
        return wrapper_of(self.key_id) if self.version is None else version_ref(self.kind, self.name, self.version)

    @property
    def is_due(self) -> bool:
        """Say whether it may be destroyed now."""
        return not self.needs


def old_keys(hub: Hub) -> list[OldKey]:
    """List the old keys that are still there, generations first."""
    engine, at = hub.keystore.engine, hub.clock()
    with hub.reading() as session:
        kept = kept_until(session)
    retiring = [each for each in all_generations(engine) if each.state is GenerationState.RETIRING]
    generations = [_generation(each, _after(kept, wrapper_of(each.generation_id), at)) for each in retiring]
    return [*generations, *_domains(hub, kept, at), *_matching(hub, kept, at)]


def keys_of_domain(hub: Hub, name: str) -> DomainKeys:
    """Return which versions of a domain's key are live, whether or not a purpose in force has it."""
    with hub.reading() as session:
        history = domain_history(session, name)
    return history[-1].record.keys if history else DomainKeys()


def _generation(each: Generation, kept: datetime | None) -> OldKey:
    needs = [(Need.KEYS, each.keys > 0), (Need.BACKUP, kept is not None)]
    return OldKey(
        kind="generation",
        name=each.generation_id.hex(),
        version=None,
        key_id=each.generation_id,
        needs=tuple(need for need, stands in needs if stands),
        until=None if each.keys else kept,
    )


def _domains(hub: Hub, kept: Mapping[str, datetime], at: datetime) -> list[OldKey]:
    there = [each for each in named_keys(hub.keystore.engine) if each.kind is KeyKind.DOMAIN]
    keys = {name: keys_of_domain(hub, name) for name in dict.fromkeys(each.name for each in there)}
    old = [each for each in there if each.version < keys[each.name].current]
    return [
        _domain(each, keys[each.name], _after(kept, version_ref(_DOMAIN, each.name, each.version), at), at)
        for each in old
    ]


def _matching(hub: Hub, kept: Mapping[str, datetime], at: datetime) -> list[OldKey]:
    versions = versions_of(hub.keystore.engine, KeyKind.INDEX, MATCHING)
    newest = max((each.version for each in versions), default=1)
    found = []
    with hub.reading() as session:
        for each in versions:
            if each.version < newest:  # one at a time: there are two at most while a kind is moved on
                found_by = [need for kind, need in _FOUND.items() if _is_found_by(session, kind, each.version)]
                until = _after(kept, version_ref(MATCHING, MATCHING, each.version), at)
                backup = [Need.BACKUP] if until is not None else []
                found.append(
                    OldKey(
                        kind=MATCHING,
                        name=MATCHING,
                        version=each.version,
                        key_id=each.key_id,
                        needs=(*found_by, *backup),
                        until=None if found_by else until,
                    )
                )
    return found


def _is_found_by(session: Session, kind: EntityKind, key_version: int) -> bool:
    """Say whether somebody of a kind is found by a version of matching's key, or its rows wait to be swept."""
    return (
        serving_version(session, kind)[0] == key_version
        or has_forms_under(session, kind, key_version)
        or has_runs_under(session, kind, key_version)
    )


def _domain(each: NamedKey, keys: DomainKeys, kept: datetime | None, at: datetime) -> OldKey:
    window = next((until for version, until in keys.retiring if version == each.version and at < until), None)
    needs = {Need.WINDOW: window, Need.BACKUP: kept}
    ends = [until for until in needs.values() if until is not None]
    return OldKey(
        kind=_DOMAIN,
        name=DomainName(each.name),
        version=each.version,
        key_id=each.key_id,
        needs=tuple(need for need, until in needs.items() if until is not None),
        until=max(ends, default=None),
    )


def _after(kept: Mapping[str, datetime], ref: str, at: datetime) -> datetime | None:
    """Return until when a key is kept for backups, None if that is over or was never said."""
    until = kept.get(ref)
    return until if until is not None and at < until else None
