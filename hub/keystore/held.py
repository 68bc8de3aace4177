"""Generation keys in memory: unwrapped by the KEK once, renewed every five minutes, held for a quarter of an hour.

Rules kept here:
- a generation key is never written anywhere, and is not shown;
- it is renewed by asking the KEK again, so that the key service sees who still holds it, and a right that was withdrawn
  is felt within `RENEW_AFTER`: where the service says no the held key is dropped at once;
- where the service does not answer, a held key goes on for `HOLD_AT_MOST` since it was last unwrapped, and not longer;
- while the service is silent it is asked once in `ASK_AGAIN_AFTER`, so that callers do not queue up behind time-outs.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from secrets import token_bytes
from threading import Lock
from typing import Final, NoReturn

from sqlalchemy import Engine

from hub.database.unit import RuleBroken, reading, unit_of_work
from hub.kek.context import GenerationContext
from hub.kek.label import label_of
from hub.kek.wrapping import WrappingKey
from hub.keystore.generation import WrappedGeneration, add_current, find_current, find_generation, generation_of
from privacy.errors import KekRefused, KekUnavailable, SealBroken
from privacy.keys import KEY_BYTES, KekProvider
from privacy.terms import random_id

RENEW_AFTER: Final = timedelta(minutes=5)
HOLD_AT_MOST: Final = timedelta(minutes=15)
ASK_AGAIN_AFTER: Final = timedelta(seconds=10)

Clock = Callable[[], datetime]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Held:
    key: WrappingKey | None  # None: the KEK did not answer, and nothing is held any more
    unwrapped_at: datetime
    silent_since: datetime | None = None

    def is_fresh(self, at: datetime) -> bool:
        """Say whether it was unwrapped just now; a clock that went back proves nothing."""
        return self.key is not None and timedelta(0) <= at - self.unwrapped_at < RENEW_AFTER

    def may_go_on(self, at: datetime) -> bool:
        return self.key is not None and timedelta(0) <= at - self.unwrapped_at < HOLD_AT_MOST

    def asked_just_now(self, at: datetime) -> bool:
        return self.silent_since is not None and timedelta(0) <= at - self.silent_since < ASK_AGAIN_AFTER


def _uncounted() -> None:
    """Count nothing."""


class HeldGenerations:
    """The generation keys of one key store, unwrapped as they are needed."""

    def __init__(
        self, engine: Engine, kek: KekProvider, *, instance: bytes, clock: Clock, asked: Callable[[], None] = _uncounted
    ) -> None:
        """Hold the generation keys of one instance; `asked` is told whenever the KEK is asked to unwrap one."""
        self._engine, self._kek, self._instance, self._clock = engine, kek, instance, clock
        self._asked = asked
        self._held: dict[bytes, _Held] = {}
        self._current: bytes | None = None
        self._lock = Lock()

    def __repr__(self) -> str:
        """Show how many, and nothing of them."""
        return f"HeldGenerations({len(self._held)})"

    def __reduce__(self) -> NoReturn:
        """Refuse to be pickled: a pickle is a file with the keys in clear."""
        raise TypeError("generation keys are never pickled")

    def current(self) -> tuple[bytes, WrappingKey]:
        """Return the generation that wraps new keys, and its key; the first is started here.

        It may have retired since: whoever adds keys asks `stays_current` in the transaction that adds them, and
        `forget_current` if not.

        Raises:
            KekUnavailable: the KEK is not at hand.
            SealBroken: the current generation's key was altered.

        """
        generation_id = self._looked_up()
        while True:
            try:
                return generation_id, self.get(generation_id)
            except SealBroken:  # retired, emptied and destroyed by somebody else since it was looked up?
                self.forget_current()
                again = self._looked_up()
                if again == generation_id:
                    raise
                generation_id = again

    def _looked_up(self) -> bytes:
        generation_id = self._current
        if generation_id is None:
            with reading(self._engine) as session:
                found = find_current(session)
            generation_id = self._current = self._started() if found is None else found.generation_id
        return generation_id

    def forget_current(self) -> None:
        """Look again which generation is current, at the next call."""
        self._current = None

    def start(self) -> bytes:
        """Start a new generation for keys from now on, and retire the one before; return its id.

        Raises:
            KekUnavailable: the KEK is not at hand; nothing was changed.
            RuleBroken: somebody else started one at the same moment; nothing was changed.

        """
        at = self._clock()
        new, key = self._drawn()
        with unit_of_work(self._engine) as session:
            add_current(session, new, at=at)
        self._held[new.generation_id] = _Held(key=key, unwrapped_at=at)
        self._current = new.generation_id
        return new.generation_id

    def note_asked(self) -> None:
        """Count that a KEK was asked to unwrap a generation's key elsewhere than here: generations that move."""
        self._asked()

    def get(self, generation_id: bytes) -> WrappingKey:
        """Return a generation's key.

        Raises:
            KekUnavailable: the KEK is not at hand.
            SealBroken: the generation was destroyed, altered, or never was.

        """
        held, at = self._held.get(generation_id), self._clock()
        if held is not None and held.key is not None and held.is_fresh(at):
            return held.key
        with self._lock:
            return self._renewed(generation_id, at)

    def unwrap(self, wrappers: Sequence[str], wrapped: Sequence[bytes], aads: Sequence[bytes]) -> list[bytes]:
        """Unwrap data keys, each by the generation or the KEK that its row names.

        Raises:
            KekUnavailable: the KEK is not at hand; `wanted` names another one that wrapped a key itself.
            SealBroken: a wrapped key was altered, moved, or names a generation that is no more.

        """
        secrets: list[bytes] = [b""] * len(wrapped)
        for wrapper in dict.fromkeys(wrappers):  # one, or two while keys are being rewrapped
            places = [place for place, each in enumerate(wrappers) if each == wrapper]
            mine, bound = [wrapped[place] for place in places], [aads[place] for place in places]
            for place, secret in zip(places, self._by(wrapper).unwrap(mine, bound), strict=True):
                secrets[place] = secret
        return secrets

    def _by(self, wrapper: str) -> WrappingKey | KekProvider:
        generation_id = generation_of(wrapper)
        if generation_id is not None:
            return self.get(generation_id)
        if wrapper != self._kek.kek_id:
            raise KekUnavailable("a data key was wrapped under another one than VARDE_KEK names", wanted=wrapper)
        return self._kek

    def _started(self) -> bytes:
        """Start the first generation; of two processes that do so at once one wins, and both use it."""
        try:
            return self.start()
        except RuleBroken:
            with reading(self._engine) as session:
                found = find_current(session)
            if found is None:
                raise
            return found.generation_id

    def _drawn(self) -> tuple[WrappedGeneration, WrappingKey]:
        generation_id, secret = random_id(), token_bytes(KEY_BYTES)
        (wrapped,) = self._kek.wrap([secret], [self.aad_of(generation_id)])
        kek_id, _ = label_of(wrapped)
        return WrappedGeneration(generation_id=generation_id, kek_id=kek_id, wrapped=wrapped), WrappingKey(secret)

    def aad_of(self, generation_id: bytes) -> bytes:
        """Return what a generation's key is bound to."""
        return GenerationContext(instance=self._instance, generation_id=generation_id).aad

    def _renewed(self, generation_id: bytes, at: datetime) -> WrappingKey:
        held = self._held.get(generation_id)
        if held is not None and held.key is not None and held.is_fresh(at):
            return held.key  # another thread was faster
        if held is not None and held.asked_just_now(at):
            return self._gone_on(generation_id, held, at)
        try:
            key = self._unwrapped(generation_id)
        except (KekRefused, SealBroken):
            self._held.pop(generation_id, None)
            raise
        except KekUnavailable as exc:
            if exc.wanted:  # an answer, though not the one hoped for
                raise
            silent = replace(held or _Held(key=None, unwrapped_at=at), silent_since=at)
            if not silent.may_go_on(at):
                self._held[generation_id] = replace(silent, key=None)
                raise
            return self._gone_on(generation_id, silent, at)
        self._held[generation_id] = _Held(key=key, unwrapped_at=at)
        return key

    def _gone_on(self, generation_id: bytes, held: _Held, at: datetime) -> WrappingKey:
        """Go on with a held key while the KEK is silent."""
        if held.key is None or not held.may_go_on(at):
            self._held[generation_id] = replace(held, key=None)
            raise KekUnavailable("it did not answer a moment ago; it is asked again in some seconds")
        self._held[generation_id] = held
        return held.key

    def _unwrapped(self, generation_id: bytes) -> WrappingKey:
        with reading(self._engine) as session:
            found = find_generation(session, generation_id)
        if found is None:
            raise SealBroken("a wrapped key names a generation that was destroyed, or never was")
        self._asked()
        (secret,) = self._kek.unwrap([found.wrapped], [self.aad_of(generation_id)])
        return WrappingKey(secret)
