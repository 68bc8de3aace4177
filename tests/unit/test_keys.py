"""Whatever holds a secret: one length, nothing printed, nothing pickled, nothing copied by accident."""

import copy
import hmac
import logging
import pickle
import traceback
from collections.abc import Callable

import pytest
from sqlalchemy import create_engine

from hub.kek.file import FileKek
from hub.kek.wrapping import WrappingKey
from hub.keystore.held import HeldGenerations
from hub.settings import Settings
from privacy.blind_index import BlindIndex
from privacy.errors import (
    KekUnavailable,
    KeyNotFound,
    PolicyInvalid,
    PurposeUnknown,
    SealBroken,
    WrongSecretLength,
)
from privacy.keys import KEY_BYTES, Key, KeyKind, NewKey
from privacy.pseudonym import PseudonymisationDomain
from privacy.store.principal import NewPrincipal, Principal
from privacy.terms import DomainName, KeyId, PersonId, PrincipalId, Role
from tests.builders import FixedClock, a_key, an_id

SECRET = b"Zq7" * 10 + b"Zq"
TOKEN = "Zq7" * 4


def a_domain(secret: bytes = SECRET) -> PseudonymisationDomain:
    return PseudonymisationDomain(DomainName("churn"), 1, secret)


def a_new_principal() -> NewPrincipal:
    principal = Principal(
        principal_id=PrincipalId(an_id(1)),
        person_id=PersonId(an_id(2)),
        role=Role.OWNER,
        purposes=frozenset("*"),
        views=frozenset("*"),
    )
    return NewPrincipal(principal=principal, token=TOKEN, label_index=b"i", label_sealed=b"s")


def the_settings() -> Settings:
    environment = {"VARDE_TOKEN": TOKEN, "VARDE_DATABASE_URL": "postgresql://u:Zq7Zq7@host/name"}
    return Settings.load(environment)


def generations_in_memory() -> HeldGenerations:
    """Generations without a database: their KEK is what they hold from the start."""
    return HeldGenerations(create_engine("sqlite://"), FileKek(SECRET), instance=an_id(1), clock=FixedClock())


HOLDERS: dict[str, Callable[[], object]] = {
    "key": lambda: a_key(secret=SECRET),
    "new key": lambda: NewKey(key=a_key(secret=SECRET), owner=an_id(1)),
    "domain": a_domain,
    "blind index": lambda: BlindIndex(a_key(secret=SECRET), "email"),
    "kek": lambda: FileKek(SECRET),
    "wrapping key": lambda: WrappingKey(SECRET),
    "generations": generations_in_memory,
    "new principal": a_new_principal,
    "settings": the_settings,
}


def fail_with(holder: object) -> None:
    raise LookupError(holder)


@pytest.mark.parametrize("make", HOLDERS.values(), ids=HOLDERS)
def test_a_holder_of_a_secret_prints_nothing_of_it(
    make: Callable[[], object], caplog: pytest.LogCaptureFixture
) -> None:
    holder = make()
    try:
        fail_with(holder)
    except LookupError as error:
        logging.getLogger("test").exception("failed with %r and %s", holder, [holder])
        trace = traceback.TracebackException.from_exception(error, capture_locals=True)
    said = caplog.text + "".join(trace.format()) + f"{holder!r} {holder!s} {[holder]} {holder}"
    assert "Zq7" not in said
    assert SECRET.hex() not in said


@pytest.mark.parametrize("name", ["key", "new key", "domain", "blind index", "kek", "wrapping key", "generations"])
def test_a_holder_of_a_key_is_neither_pickled_nor_copied_to_bytes(name: str) -> None:
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        with pytest.raises(TypeError):
            pickle.dumps(HOLDERS[name](), protocol)
    with pytest.raises(TypeError):
        copy.deepcopy(HOLDERS[name]())


@pytest.mark.parametrize("length", [0, 1, 16, KEY_BYTES - 1, KEY_BYTES + 1, 64])
def test_a_secret_has_exactly_32_bytes(length: int) -> None:
    with pytest.raises(WrongSecretLength) as caught:
        Key(key_id=KeyId(an_id(1)), kind=KeyKind.INDEX, secret=bytes(length))
    assert caught.value.length == length
    with pytest.raises(WrongSecretLength):
        a_domain(bytes(length))
    with pytest.raises(KekUnavailable):
        FileKek(bytes(length))


def test_a_secret_with_a_nul_behind_it_is_refused() -> None:
    """HMAC pads a short key with zeros: k and k + NUL would give the same index. Random inputs do not find it."""
    short = b"k" * (KEY_BYTES - 1)
    assert hmac.digest(short, b"a", "sha256") == hmac.digest(short + b"\0", b"a", "sha256"), "the trap itself"
    with pytest.raises(WrongSecretLength):
        a_key(secret=short)
    with pytest.raises(WrongSecretLength):
        a_key(secret=short + b"\0\0")


def test_the_words_of_key_kinds_never_change() -> None:
    """They are part of every wrapped key's associated data."""
    assert [kind.value for kind in KeyKind] == ["record", "file", "golden", "domain", "index", "instance", "signing"]


def test_errors_say_what_happened_and_keep_their_fields() -> None:
    assert "0001" in str(SealBroken("altered", key_id=b"\x00\x01"))
    assert str(SealBroken("altered")) == "sealed value refused: altered"
    assert KeyNotFound(an_id(1)).key_id == an_id(1)
    assert KekUnavailable("gone").because == "gone"
    assert PurposeUnknown("sales").purpose == "sales"
    assert (PolicyInvalid("a", "b", "c").where, PolicyInvalid("a", "b", "c").rule) == ("a", "b")
