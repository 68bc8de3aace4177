"""Secrets as values: bytes and text that work wherever they are needed and show nothing where they are not.

A field that holds one may be turned over by whoever dumps objects whole: `repr` of a dict of fields, a traceback with
locals, `dataclasses.asdict` (which copies deeply), pickle. None of them sees more than that there is a secret. Handing
one on by name still works: encoding, comparing, keying a cipher.
"""

from typing import Final, NoReturn

_SHOWN: Final = "<secret>"


class Secret(bytes):
    """Bytes that are not shown, pickled or copied deeply."""

    __slots__ = ()

    def __repr__(self) -> str:
        return _SHOWN

    __str__ = __repr__

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        """Refuse to be pickled: a pickle is a file with the secret in clear."""
        raise TypeError("a secret is never pickled")


class SecretText(str):
    """Text that is not shown by `repr`, pickled or copied deeply; `str` and formatting hand it on, as headers need."""

    __slots__ = ()

    def __repr__(self) -> str:
        return _SHOWN

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        """Refuse to be pickled: a pickle is a file with the secret in clear."""
        raise TypeError("a secret is never pickled")
