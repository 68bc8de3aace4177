"""One mapping of a view's YAML, read strictly: every key is typed, and a key that nobody asked for is refused.

A misspelt key that is silently skipped would widen a window or drop a filter without the approver noticing.
"""

from collections.abc import Iterator, Mapping

from hub.views.errors import SpecRefused


class Section:
    """A mapping with its place in the spec; `done` refuses what is left over."""

    def __init__(self, view: str, where: str, content: object) -> None:
        """Hold a mapping.

        Raises:
            SpecRefused: the content is no mapping with text keys (`wrong_type`).

        """
        self.view = view
        self.where = where
        if not isinstance(content, Mapping) or not all(isinstance(key, str) for key in content):
            raise self.refused("", "wrong_type", "write a mapping of names to values here")
        self._left: dict[str, object] = dict(content)

    def refused(self, key: str, rule: str, remedy: str) -> SpecRefused:
        """Build the refusal of one key of this section."""
        return SpecRefused(self.view, ".".join(part for part in (self.where, key) if part), rule, remedy)

    def has(self, key: str) -> bool:
        """Say whether a key is still to be taken."""
        return key in self._left

    @property
    def names(self) -> tuple[str, ...]:
        """Return the keys that are still to be taken, in the order of the text."""
        return tuple(self._left)

    def take(self, key: str) -> object:
        """Take a value that must be there.

        Raises:
            SpecRefused: the key is missing (`missing_key`).

        """
        if key not in self._left:
            raise self.refused(key, "missing_key", f"add `{key}`")
        return self._left.pop(key)

    def text(self, key: str, default: str | None = None) -> str:
        """Take a text that is not empty."""
        value = default if default is not None and key not in self._left else self.take(key)
        if not isinstance(value, str) or not (value.strip() or value == default):
            raise self.refused(key, "wrong_type", "write a text")
        return value

    def texts(self, key: str) -> tuple[str, ...]:
        """Take a list of texts; none when the key is absent."""
        value = self._left.pop(key, [])
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise self.refused(key, "wrong_type", "write a list of texts")
        return tuple(value)

    def whole(self, key: str, default: int | None = None) -> int:
        """Take a whole number."""
        value = default if default is not None and key not in self._left else self.take(key)
        if isinstance(value, bool) or not isinstance(value, int):
            raise self.refused(key, "wrong_type", "write a whole number")
        return value

    def whole_or_none(self, key: str) -> int | None:
        """Take a whole number; None when the key is absent or null."""
        return None if self._left.get(key) is None and self._drop(key) else self.whole(key)

    def number_or_none(self, key: str) -> float | int | None:
        """Take a number; None when the key is absent or null."""
        value = self._left.pop(key, None)
        if value is None or (isinstance(value, int | float) and not isinstance(value, bool)):
            return value
        raise self.refused(key, "wrong_type", "write a number")

    def numbers(self, key: str) -> tuple[float, ...]:
        """Take a list of numbers; none when the key is absent."""
        value = self._left.pop(key, [])
        if not isinstance(value, list):
            raise self.refused(key, "wrong_type", "write a list of numbers")
        if not all(isinstance(item, int | float) and not isinstance(item, bool) for item in value):
            raise self.refused(key, "wrong_type", "write a list of numbers")
        return tuple(float(item) for item in value)

    def truth(self, key: str, *, default: bool) -> bool:
        """Take a yes or no."""
        value = self._left.pop(key, default)
        if not isinstance(value, bool):
            raise self.refused(key, "wrong_type", "write true or false")
        return value

    def section(self, key: str) -> "Section":
        """Take a mapping; an empty one when the key is absent."""
        return Section(self.view, f"{self.where}.{key}".strip("."), self._left.pop(key, {}))

    def sections(self, key: str) -> "Iterator[Section]":
        """Take a list of mappings; a single mapping counts as a list of one, an absent key as none."""
        value = self._left.pop(key, [])
        for number, item in enumerate(value if isinstance(value, list) else [value]):
            yield Section(self.view, f"{self.where}.{key}[{number}]".strip("."), item)

    def done(self) -> None:
        """Refuse what nobody took.

        Raises:
            SpecRefused: a key is left (`unknown_key`).

        """
        for key in self._left:
            raise self.refused(key, "unknown_key", "remove it or correct its spelling")

    def _drop(self, key: str) -> bool:
        """Forget a null; always true, so that it can stand in a condition."""
        self._left.pop(key, None)
        return True
