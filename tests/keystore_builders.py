"""Builders for the tests of the key store: a KEK that can be taken away, and keys by number."""

from collections.abc import Sequence

from sqlalchemy import Engine, text

from hub.database.unit import unit_of_work
from hub.kek.file import FileKek
from hub.keystore.store import SqlKeyStore
from privacy.terms import KeyId
from tests.builders import a_new_key, a_record, an_id

KEK = FileKek(b"\7" * 32)
OTHER = FileKek(b"\x08" * 32)


class Provider:
    """A KEK that counts its calls and can be taken away."""

    def __init__(self, kek: FileKek = KEK) -> None:
        self.kek, self.calls, self.secrets = kek, 0, set[bytes]()
        self.trouble: Exception | None = None

    @property
    def kek_id(self) -> str:
        return self.kek.kek_id

    def wrap(self, secrets: Sequence[bytes], aads: Sequence[bytes]) -> list[bytes]:
        self._called(secrets)
        return self.kek.wrap(secrets, aads)

    def unwrap(self, wrapped: Sequence[bytes], aads: Sequence[bytes]) -> list[bytes]:
        self._called([])
        return self.kek.unwrap(wrapped, aads)

    def _called(self, secrets: Sequence[bytes]) -> None:
        self.calls += 1
        self.secrets |= set(secrets)
        if self.trouble is not None:
            raise self.trouble


def ids(count: int, start: int = 1) -> list[KeyId]:
    return [KeyId(an_id(number)) for number in range(start, start + count)]


def add(store: SqlKeyStore, count: int, start: int = 1) -> None:
    store.add([a_new_key(number, a_record(number)) for number in range(start, start + count)])


def run(engine: Engine, statement: str, **values: object) -> None:
    with unit_of_work(engine) as session:
        session.execute(text(statement), values)
