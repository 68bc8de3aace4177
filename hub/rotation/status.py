"""All keys as they may be shown: what each is, how old, when it is due, what needs attention; never a secret.

Data keys are counted, not listed. Of the hub's own keys a domain's, matching's and the suppression list's can be
rotated; the index key would have to be put to every identifier again, and witnesses know the log by its signing key.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from hub.compose import Hub
from hub.domains import find_domain
from hub.errors import HubError
from hub.kek.provider import kek_of
from hub.keystore.generation import Generation, GenerationState, all_generations, direct_wrappers, wrapper_of
from hub.keystore.named import NamedKey, named_keys
from hub.rotation.due import OldKey, keys_of_domain, old_keys
from hub.rotation.kek import is_broken_off
from hub.settings import KekScheme
from privacy.errors import PrivacyError
from privacy.keys import KeyKind
from privacy.store.domain import domain_history
from privacy.store.suppression import newest_key_version
from privacy.suppression_index import SUPPRESSION
from privacy.terms import DomainName

GENERATION_LIFE: Final = timedelta(days=30)
"""A key that an erasure destroyed opens from an old copy until its generation is gone: Art. 12(3) gives a month."""
SOON: Final = timedelta(days=30)
DOMAIN_LIFE: Final = timedelta(days=365)
"""Who sees pseudonyms for longer can follow a person for longer: a new set of them once a year at least."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyShown:
    """One key, or a class of them: `keys` counts the data keys under it, `due` is when to rotate or retire it."""

    what: str
    name: str
    version: int | None = None
    state: str
    since: datetime | None = None
    keys: int | None = None
    due: datetime | None = None
    note: str = ""

    def age_days(self, at: datetime) -> int | None:
        """Return whole days since it was made."""
        return None if self.since is None else (at - self.since).days


def all_keys(hub: Hub) -> list[KeyShown]:
    """List the KEK, the generations, keys that the KEK wrapped itself, and the hub's own keys."""
    generations = all_generations(hub.keystore.engine)
    old = {(each.name, each.version): each for each in old_keys(hub)}
    direct = [
        KeyShown(what="kek_direct", name=kek, state="to_move", keys=count, note="`varde keys rotate-kek` moves them")
        for kek, count in direct_wrappers(hub.keystore.engine).items()
    ]
    made = generations[0].created_at if generations else None
    own = [_own(hub, each, old, made) for each in named_keys(hub.keystore.engine)]
    return [_kek(hub, generations), *(_generation(each, old) for each in generations), *direct, *own]


def warnings(hub: Hub, shown: list[KeyShown]) -> list[str]:
    """Say what should be done about the keys, each with its remedy."""
    at = hub.clock()
    late = [each for each in shown if each.due is not None and each.due <= at]
    said = [_late(each) for each in late]
    if is_broken_off(hub):
        said.append("a rotation broke off: every key is readable; `varde keys rotate-kek` finishes it")
    if hub.settings.kek.scheme is KekScheme.ENVIRONMENT:
        said.append("the key-encryption key is in a variable: for development only")
    if other := _other_kek(hub, shown):
        said.append(other)
    said += _list_ahead(hub)
    there = {(each.name, each.version) for each in shown if each.what == KeyKind.DOMAIN}
    for name in sorted({purpose.domain for purpose in hub.policy().purposes}):
        current = keys_of_domain(hub, name).current
        if (name, current) not in there:
            said.append(f"domain {name}: the key of its current version {current} is missing; restore the key store")
        said += _ending(hub, name)
    return said


def _list_ahead(hub: Hub) -> list[str]:
    """Say that the key store is older than the suppression list: deliveries are refused until it is not."""
    with hub.reading() as session:
        newest = newest_key_version(session)
    there = sum(each.name == SUPPRESSION for each in named_keys(hub.keystore.engine))
    if newest <= there:
        return []
    return [f"suppression list: the key store lacks version {newest} of its key; put a newer copy of it back"]


def _ending(hub: Hub, name: DomainName) -> list[str]:
    """Say that a domain ends: from then on nothing is released, scored or revealed in it."""
    with hub.reading() as session:
        found = find_domain(session, name)
    end = None if found is None else found.record.valid_until
    if end is None or hub.clock() < end - SOON:
        return []
    return [f"domain {name}: valid until {end:%Y-%m-%d} only; look at its risks again and set a later valid_until"]


def _other_kek(hub: Hub, shown: list[KeyShown]) -> str | None:
    """Say that VARDE_KEK is not what wraps the current generation: whatever starts with it opens nothing."""
    used = next((each.name for each in shown if each.what == "kek"), "")
    try:
        ours = kek_of(hub.settings.kek).kek_id
    except (HubError, PrivacyError) as exc:
        return f"the key-encryption key that VARDE_KEK names cannot be looked at: {exc}"
    if not used or _without_version(used) == _without_version(ours):
        return None
    return f"generations are under {used}, and VARDE_KEK names {ours}: what starts with it opens nothing; set it right"


def _without_version(kek_id: str) -> str:
    """Leave Vault's version out: a newer one of the same key opens what the older one wrapped."""
    name, _, version = kek_id.rpartition(":v")
    return name if version.isdecimal() else kek_id


def _late(each: KeyShown) -> str:
    name = each.name if each.version is None else f"{each.name} version {each.version}"
    if each.state == "due":
        return f"{each.what} {name}: nothing needs it any more; `varde keys retire` destroys it"
    act = "rotate-kek" if each.what == "generation" else "rotate-domain"
    return f"{each.what} {name}: due since {each.due:%Y-%m-%d}; `varde keys {act}`"


def _kek(hub: Hub, generations: list[Generation]) -> KeyShown:
    current = next((each.kek_id for each in generations if each.state is GenerationState.CURRENT), "")
    return KeyShown(what="kek", name=current, state="in_use", note=f"provider {hub.settings.kek.scheme.value}")


def _generation(each: Generation, old: dict[tuple[str, int | None], OldKey]) -> KeyShown:
    waits = old.get((each.generation_id.hex(), None))
    current = each.state is GenerationState.CURRENT
    return KeyShown(
        what="generation",
        name=wrapper_of(each.generation_id),
        state="due" if waits is not None and waits.is_due else each.state.value,
        since=each.created_at,
        keys=each.keys,
        due=each.created_at + GENERATION_LIFE if current else _due(waits, each.retired_at),
        note=f"under {each.kek_id}" if waits is None else _needs(waits),
    )


def _own(hub: Hub, each: NamedKey, old: dict[tuple[str, int | None], OldKey], made: datetime | None) -> KeyShown:
    if each.kind is not KeyKind.DOMAIN:
        return _of_the_hub(each, old.get((each.name, each.version)), made)
    since, waits = _since(hub, DomainName(each.name), each.version), old.get((each.name, each.version))
    current = keys_of_domain(hub, each.name).current
    if each.version > current:
        return KeyShown(
            what=each.kind, name=each.name, version=each.version, state="unused", note="the next rotation takes it"
        )
    is_current = each.version == current
    state = "current" if is_current else "due" if waits is not None and waits.is_due else "retiring"
    return KeyShown(
        what=each.kind,
        name=each.name,
        version=each.version,
        state=state,
        since=since or made,
        due=_plus(since or made, DOMAIN_LIFE) if is_current else _due(waits, since),
        note="" if waits is None else _needs(waits),
    )


def _of_the_hub(each: NamedKey, waits: OldKey | None, made: datetime | None) -> KeyShown:
    if waits is None:
        return KeyShown(what=each.kind, name=each.name, version=each.version, state="current", since=made)
    state = "due" if waits.is_due else "retiring"
    due, note = _due(waits, made), _needs(waits)
    return KeyShown(what=each.kind, name=each.name, version=each.version, state=state, since=made, due=due, note=note)


def _due(waits: OldKey | None, since: datetime | None) -> datetime | None:
    """Return when an old key may go: when its last need ends; since it retired if nothing needs it."""
    if waits is None:
        return None
    return since if waits.is_due else waits.until


def _needs(waits: OldKey) -> str:
    return ", ".join(waits.needs) or "nothing needs it"


def _plus(since: datetime | None, life: timedelta) -> datetime | None:
    return None if since is None else since + life


def _since(hub: Hub, name: DomainName, version: int) -> datetime | None:
    """Return since when a domain uses a version: when the first record that names it as current was kept."""
    with hub.reading() as session:
        history = domain_history(session, name)
    return next((each.recorded_at for each in history if each.record.keys.current == version), None)
