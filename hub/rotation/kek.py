"""Rotating what data keys are wrapped under, while writers and readers go on.

A new generation is started, every key moves over to it in batches, and the emptied ones are destroyed. Whatever is
killed in between leaves every key readable, under its old wrapper or the new one; rotating again finishes what broke
off before anything new is begun.

Moving to another KEK touches generations only. Those that no key needs go first, the current one last and in one
transaction: before it the home opens under the old KEK, after it under the new one, and at no moment under neither.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from secrets import token_bytes
from typing import Final

from hub.compose import Hub
from hub.database.unit import RuleBroken
from hub.errors import SettingsInvalid
from hub.keystore.generation import GenerationState, all_generations, direct_wrappers, wrapper_of
from hub.keystore.rewrap import rewrap_batch, rewrap_generations
from hub.rotation.destruction import Retired, destroy
from hub.rotation.due import OldKey, old_keys
from hub.rotation.keeping import Keeping, keep
from privacy.audit import AuditFields
from privacy.errors import KekUnavailable, SealBroken
from privacy.keys import KEY_BYTES, KekProvider
from privacy.store.principal import Principal
from privacy.terms import random_id

Watch = Callable[[int], None]
_WALKS: Final = 5  # one is enough: nothing arrives under an old generation; what looks again finds that so


@dataclass(frozen=True, slots=True, kw_only=True)
class Rotated:
    """How a rotation went: whether it finished one that had broken off, keys moved, generations destroyed or kept."""

    resumed: bool
    moved: int
    retired: Retired


@dataclass(frozen=True, slots=True)
class Move:
    """From one KEK to another."""

    old: KekProvider
    new: KekProvider


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """How a move to another KEK went: the KEK from now on, and how many generations it wraps since this run."""

    kek_id: str
    generations: int


def waiting(hub: Hub) -> int:
    """Count the keys that a rotation would move now."""
    engine = hub.keystore.engine
    broken_off = is_broken_off(hub)
    moving = {GenerationState.RETIRING} if broken_off else {GenerationState.RETIRING, GenerationState.CURRENT}
    wrapped = sum(each.keys for each in all_generations(engine) if each.state in moving)
    return wrapped + sum(direct_wrappers(engine).values())


def is_broken_off(hub: Hub) -> bool:
    """Say whether a rotation was begun and not finished: an old generation still wraps keys, or could be gone."""
    return any(map(_unfinished, old_keys(hub)))


def rotate_kek(hub: Hub, by: Principal, watch: Watch, *, keep_until: datetime | None = None) -> Rotated:
    """Start a new key generation, move every key to it, destroy the emptied ones; or finish what broke off.

    `watch` is told how many keys have moved; what `keep_until` names is emptied, and destroyed by `retire` later.

    Raises:
        KekUnavailable: the KEK is not at hand; every key is readable, rotating again goes on.

    """
    resumed = is_broken_off(hub)
    act = _begin(hub, by, "resumed" if resumed else "started", keep_until)
    hub.reached("rotation_intended")
    if not resumed:
        _start(hub)
    moved = _emptied(hub, watch)
    generations = [each for each in old_keys(hub) if each.version is None]
    retired = destroy(hub, by, generations)
    fields = AuditFields(act_id=act, rows=moved, outcome="done")
    with hub.unit_of_work() as session:
        hub.audit(session, "keys.rotate_kek.complete", by.principal_id, fields)
    return Rotated(resumed=resumed, moved=moved, retired=retired)


def move_kek(hub: Hub, by: Principal, move: Move, watch: Watch) -> Moved:
    """Put the key generations under another KEK; `watch` is told of keys that have to move to a generation first.

    Afterwards the hub opens under the new KEK only: whoever runs has five minutes to be started again with it.

    Raises:
        KekUnavailable: one of the two KEKs is not at hand, or the new one does not open what it wrapped.

    """
    _verify_usable(hub, move.new)
    hub.keystore.generations.current()  # held from here on, so that this process can still sign what it has done
    act = _begin(hub, by, "moved", None)
    _emptied(hub, watch)  # what the old KEK wrapped itself, and what a rotation that broke off left behind
    hub.reached("move_intended")
    count = rewrap_generations(hub.keystore.engine, hub.keystore.generations, move.old, move.new)
    fields = AuditFields(act_id=act, rows=count, outcome="moved")
    with hub.unit_of_work() as session:
        hub.audit(session, "keys.rotate_kek.complete", by.principal_id, fields)
    hub.keystore.truncate_journal()
    return Moved(kek_id=move.new.kek_id, generations=count)


def _unfinished(old: OldKey) -> bool:
    """Say whether a generation has retired and was not dealt with; one that is empty and kept for backups was."""
    return old.version is None and (old.is_due or old.until is None)


def _begin(hub: Hub, by: Principal, outcome: str, keep_until: datetime | None) -> bytes:
    """Tell the log what begins and which generations are kept, in one transaction; return the act's id."""
    act, at = random_id(), hub.clock()
    standing = [each for each in all_generations(hub.keystore.engine) if each.state is not GenerationState.DESTROYED]
    with hub.unit_of_work() as session:
        if keep_until is not None:
            refs = [wrapper_of(each.generation_id) for each in standing]
            keep(session, refs, Keeping(keep_until, by.principal_id), at=at)
        hub.audit(
            session, "keys.rotate_kek.intent", by.principal_id, AuditFields(act_id=act, role=by.role, outcome=outcome)
        )
    return act


def _start(hub: Hub) -> None:
    try:
        hub.keystore.generations.start()
    except RuleBroken:  # somebody else started one at this moment: the keys move to that one
        hub.keystore.generations.forget_current()
    hub.reached("generation_started")


def _emptied(hub: Hub, watch: Watch) -> int:
    """Move every key that is not under the current generation; return how many were changed."""
    moved = 0
    for _ in range(_WALKS):
        wrappers = _others(hub)
        if not wrappers:
            break
        for wrapper in wrappers:
            moved = _walk(hub, wrapper, moved, watch)
    return moved


def _others(hub: Hub) -> list[str]:
    engine = hub.keystore.engine
    retiring = [each for each in all_generations(engine) if each.state is GenerationState.RETIRING and each.keys]
    return [*(wrapper_of(each.generation_id) for each in retiring), *direct_wrappers(engine)]


def _walk(hub: Hub, wrapper: str, moved: int, watch: Watch) -> int:
    """Move the keys of one wrapper; `moved` counts those of the wrappers before, too."""
    position: bytes | None = b""
    while position is not None:
        batch = rewrap_batch(hub.keystore.engine, hub.keystore.generations, wrapper, after=position)
        hub.reached("batch_rewrapped")
        moved += batch.changed
        watch(moved)
        position = batch.position
    return moved


def _verify_usable(hub: Hub, new: KekProvider) -> None:
    """Wrap and open something of no worth: a right to encrypt without one to decrypt would lock the home for good."""
    secret, aad = token_bytes(KEY_BYTES), hub.keystore.generations.aad_of(random_id())
    hub.keystore.generations.note_asked()
    try:
        (opened,) = new.unwrap(new.wrap([secret], [aad]), [aad])
    except SealBroken:
        raise KekUnavailable("the new one does not open what it wrapped; nothing was changed") from None
    if opened != secret:
        raise SettingsInvalid("--to", "the new KEK does not open what it wrapped", "See docs/guides/keys.md")
