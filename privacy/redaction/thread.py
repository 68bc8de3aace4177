"""Placeholders within a thread: the same value has the same number in each of its messages, and no value is kept.

The number is a keyed digest of thread, kind and value, cut to six digits. Without the key nobody can try values out; in
another thread the same value has another number. Two values of one thread share a number once in a million pairs.
A name is known by its first word ("Kari" and "Kari Nordmann" are one), and the writer's own name by any of its parts.
"Nordmann" alone, in a message that says no "Kari", has a number of its own: to know better, names had to be kept.
"""

from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

from privacy.redaction.own import Attribute
from privacy.redaction.placeholder import Kind, Numbers, name_words

FIRST: Final = 100_000
_COUNT: Final = 900_000
_OWN: Final = "own"

Tokens = Callable[[Sequence[str]], list[bytes]]
"""Keyed digests of texts: `BlindIndex.tokens_of`."""


class Threads(NamedTuple):
    """The thread of each text (None for one in no thread), and the key under which numbers are drawn.

    `writers` says whose each text is, by an id that tells nothing: two customers of one thread are two people.
    """

    ids: Sequence[int | None]
    tokens: Tokens
    writers: Sequence[bytes | None] | None = None

    def part(self, rows: slice) -> "Threads":
        """Return the threads of some of the texts."""
        return Threads(self.ids[rows], self.tokens, self.writers[rows] if self.writers is not None else None)

    def numbers_of(self, row: int, text: str, own: Sequence[Attribute]) -> Numbers:
        """Return the numbers of one text: those of its thread, or its own."""
        thread = self.ids[row]
        if thread is None:
            return Numbers(text)
        writer = self.writers[row] if self.writers is not None else None
        return _ThreadNumbers(text, f"{thread}:", self.tokens, _Writer(own, writer))


class _Writer(NamedTuple):
    """Who wrote a text: what is searched for in it, and the id that the person is known by."""

    own: Sequence[Attribute]
    known_by: bytes | None


class _ThreadNumbers(Numbers):
    """Numbers by keyed digest; what one text shows to be one person is one number in it all the same."""

    def __init__(self, text: str, thread: str, tokens: Tokens, writer: _Writer) -> None:
        super().__init__(text)
        self._thread = thread
        self._tokens = tokens
        names = (attribute.needles for attribute in writer.own if attribute.kind is Kind.NAME)
        self._own = {needle for needles in names for needle, _ in needles}
        self._writer = f"{_OWN}{writer.known_by.hex() if writer.known_by else ''}"

    def drawn(self, kind: Kind, keys: Sequence[str]) -> int:
        """Draw the number of a value from its first key, the name's first word or the whole of another value."""
        value = keys[0]
        if kind is Kind.NAME:
            words = name_words(value)
            value = self._writer if self._own.intersection(words) else next(iter(words), value)
        (token,) = self._tokens([f"{self._thread}{kind}:{value}"])
        return FIRST + int.from_bytes(token[:8]) % _COUNT
