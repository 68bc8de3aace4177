"""Whatever holds a secret shows nothing of it, however it is turned over; found by reflection, so that new ones join.

Rules kept here:
- a class holds a secret if one of its fields or constructor's parameters is named or typed as one, or is of a class
  that does;
- each has an example in `HOLDERS`, or stands in `HARMLESS` with the reason why nothing can be shown of it;
- each example shows nothing: repr, str, format, logging, tracebacks with locals (plain and rich), copies, pickles,
  `dataclasses.asdict`, `vars`;
- nobody in the four packages dumps an object whole.
"""

import ast
import base64
import copy
import dataclasses
import inspect
import io
import logging
import pickle
import traceback
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any, Final, cast

import pytest
from rich.console import Console
from rich.traceback import Traceback

from hub.api.identify import IdentifiedAnswer
from hub.api.row_lane import _Asking
from hub.api.service import Service
from hub.api.subject_tokens import TokenAnswer
from hub.api.vouched import TokenBody
from hub.calling import Line
from hub.cli.launch import Invocation
from hub.client import Client
from hub.identification.code import Codes
from hub.identification.grant import Granted
from hub.identification.id_token import Proof
from hub.kek.file import FileKek
from hub.kek.vault_transit import VaultServer
from hub.kek.wrapping import WrappingKey
from hub.mail import MailServer
from hub.outbox.letter import Address
from hub.recipients.roster import Endpoint
from hub.recipients.webhook import Webhook
from hub.settings import KekSetting, Settings
from hub.subject_tokens import NewToken
from hub.winback.addressee import Addressee
from hub.witness.witness import Witness
from ingest.pipeline.ports import Indexes
from privacy.blind_index import BlindIndex
from privacy.keys import Key, KeyColumn, KeyKind, NewKey
from privacy.pseudonym import PseudonymisationDomain
from privacy.secret import Secret, SecretText
from privacy.store.principal import NewPrincipal, Principal
from privacy.store.subject_token import SubjectScope, SubjectToken
from privacy.suppression_index import SuppressionIndex
from privacy.terms import DomainName, KeyId, PersonId, PrincipalId, RecordId, Role
from tests.architecture.test_logs_and_errors import modules, trees

SECRET: Final = bytes(range(100, 132))
TOKEN: Final = "t0ken-that-nobody-may-see"  # noqa: S105 - the canary of this test
PASSWORD: Final = "s3cret-of-the-database"  # noqa: S105 - likewise
_KEY: Final = Key(key_id=KeyId(b"k" * 16), kind=KeyKind.INDEX, secret=SECRET)
_WHO: Final = Principal(
    principal_id=PrincipalId(b"p" * 16),
    person_id=PersonId(b"q" * 16),
    role=Role.OWNER,
    purposes=frozenset(),
    views=frozenset(),
)
_ENVIRONMENT: Final = {
    "VAULT_ADDR": "https://vault.example",
    "VAULT_TOKEN": TOKEN,
    "VARDE_TOKEN": TOKEN,
    "VARDE_WINBACK_TOKEN": TOKEN,
    "VARDE_DATABASE_URL": f"postgresql://varde:{PASSWORD}@localhost/varde",
}
_ENDS: Final = datetime(2025, 6, 1, tzinfo=UTC)
HOLDERS: Final[dict[str, object]] = {
    "Key": _KEY,
    "NewKey": NewKey(key=_KEY, owner=b"o" * 16),
    "KeyColumn": KeyColumn(
        kind=KeyKind.RECORD, key_ids=[KeyId(b"k" * 16)], owners=[b"o" * 16], secrets=Secret(SECRET), batch_id=None
    ),
    "PseudonymisationDomain": PseudonymisationDomain(DomainName("churn"), 1, SECRET),
    "FileKek": FileKek(SECRET),
    "BlindIndex": BlindIndex(_KEY, "attribute:email"),
    "Indexes": Indexes(_KEY),
    "SuppressionIndex": SuppressionIndex((_KEY,)),
    "Settings": Settings.load(_ENVIRONMENT, Path("nowhere")),
    "KekSetting": KekSetting.of("env:VARDE_TOKEN", _ENVIRONMENT),
    "Invocation": Invocation(environment=_ENVIRONMENT),
    "WrappingKey": WrappingKey(SECRET),
    "VaultServer": VaultServer(KekSetting.of("vault:transit/k", _ENVIRONMENT).environment),
    "MailServer": MailServer(host="localhost", user="varde", password=SecretText(PASSWORD)),
    "Witness": Witness(folder=Path("nowhere"), name="witness.example/w", key=_KEY),
    "Client": Client("https://hub.example", TOKEN),
    "Line": Line("https://hub.example", TOKEN),
    "Address": Address(RecordId(b"r" * 16), SecretText(TOKEN), _KEY),
    "Addressee": Addressee(RecordId(b"r" * 16), SecretText(TOKEN), SecretText(PASSWORD), _KEY),
    "Endpoint": Endpoint(SecretText(TOKEN), Secret(SECRET)),
    "Webhook": Webhook(webhook_id="msg_1", at=_ENDS, body=b"{}", secret=Secret(SECRET)),
    "Codes": Codes(SecretText(TOKEN), SecretText(PASSWORD)),
    "Proof": Proof(SecretText(TOKEN)),
    "Granted": Granted(token=SecretText(TOKEN), scope=SubjectScope.VERIFIED, expires_at=_ENDS),
    "IdentifiedAnswer": IdentifiedAnswer(token=TOKEN, scope=SubjectScope.VERIFIED, expires_at=_ENDS),
    "TokenBody": TokenBody(token=TOKEN),
    "_Asking": _Asking(cast(Service, None), TOKEN, ("churn_signals", b"p" * 16, "churn")),
    "NewToken": NewToken(
        SecretText(TOKEN),
        SubjectToken(
            record_id=RecordId(b"r" * 16), scope=SubjectScope.OPT_OUT, purposes=frozenset({"*"}), expires_at=_ENDS
        ),
    ),
    "TokenAnswer": TokenAnswer(
        token=TOKEN, scope=SubjectScope.OPT_OUT, purposes=["*"], expires_at=_ENDS, link=f"https://hub.example/u/{TOKEN}"
    ),
    "NewPrincipal": NewPrincipal(principal=_WHO, token=TOKEN, label_index=b"i" * 16, label_sealed=b"s"),
}


def _shown(secret: bytes) -> tuple[str, ...]:
    """Spell a secret as Python and people do."""
    plain = secret.decode("latin-1")
    return (
        plain,
        repr(secret)[2:-1],
        secret.hex(),
        base64.b64encode(secret).decode().rstrip("="),
        str(list(secret))[1:-1],
    )


def _reveals(text: str) -> bool:
    return any(form in text for secret in (SECRET, TOKEN.encode(), PASSWORD.encode()) for form in _shown(secret))


def test_a_shown_secret_would_be_seen() -> None:
    assert all(_reveals(text) for text in (repr(SECRET), SECRET.hex(), f"Key(secret={SECRET!r})", f"token={TOKEN}"))


HOLDING: Final = {"secret", "token", "password", "environment"}
"""Names under which a field or a parameter holds a secret."""
SECRET_TYPES: Final = frozenset({"Key", "NewKey", "AESGCM", "Secret", "SecretText", "Ed25519PrivateKey"})
"""Types whose values are secrets, as annotations write them; classes that hold one become such types themselves."""
HARMLESS: Final = {
    "RecordIndex": "its token is a keyed digest, which is kept in the database",
    "CategoryValue": "likewise",
    "MatchFrequency": "likewise",
    "SuppressionEntry": "likewise",
    "NewEntry": "likewise",
    "Domains": "it holds the way to a key, not a key",
}


@cache
def classes() -> dict[str, type]:
    """Find every class that we define, by name."""
    return {
        kind.__name__: kind
        for module in modules()
        for kind in vars(module).values()
        if inspect.isclass(kind) and kind.__module__ == module.__name__
    }


def said_of(kind: type) -> dict[str, str]:
    """Return what a class takes and holds: name to annotation, of its fields and its constructor."""
    fields = dict(vars(kind).get("__annotations__", {}))
    if "__init__" in vars(kind) and not dataclasses.is_dataclass(kind):
        parameters = inspect.signature(kind.__init__).parameters.values()
        fields |= {each.name: each.annotation for each in parameters if each.name != "self"}
    return {name: inspect.formatannotation(annotation) for name, annotation in fields.items()}


def words_of(annotation: str) -> set[str]:
    return {node.id if isinstance(node, ast.Name) else node.attr for node in _names(annotation)}


def _names(annotation: str) -> Iterator[ast.Name | ast.Attribute]:
    text = annotation.strip("'\"")
    try:
        tree = ast.parse(text, mode="eval")
    except SyntaxError:
        return iter(())
    return (node for node in ast.walk(tree) if isinstance(node, ast.Name | ast.Attribute))


def holds(kind: type, types: frozenset[str]) -> bool:
    fields = said_of(kind)
    return bool(HOLDING & fields.keys()) or any(types & words_of(text) for text in fields.values())


@cache
def found() -> frozenset[str]:
    """Return the classes that hold a secret themselves, by a named field or a typed one."""
    return frozenset(name for name, kind in classes().items() if not _is_protocol(kind) and holds(kind, SECRET_TYPES))


def _is_protocol(kind: type) -> bool:
    return bool(getattr(kind, "_is_protocol", False)) or issubclass(kind, BaseException)


def test_every_class_that_holds_a_secret_has_an_example() -> None:
    missing = found() - HARMLESS.keys() - HOLDERS.keys()
    assert not missing, f"make an example of each in HOLDERS: {sorted(missing)}"
    assert HARMLESS.keys() <= found()
    assert len(found()) > 10


def logged(holder: object) -> str:
    stream = io.StringIO()
    log = logging.getLogger("tests.holders")
    handler = logging.StreamHandler(stream)
    log.addHandler(handler)
    try:
        log.error("%s %r", holder, [holder])
    finally:
        log.removeHandler(handler)
    return stream.getvalue()


def raised(holder: object) -> RuntimeError:
    try:
        _fail(holder)
    except RuntimeError as exc:
        return exc
    raise AssertionError


def _fail(holder: object) -> None:
    raise RuntimeError(type(holder).__name__)


def plain_traceback(holder: object) -> str:
    return "".join(traceback.TracebackException.from_exception(raised(holder), capture_locals=True).format())


def rich_traceback(holder: object) -> str:
    exc = raised(holder)
    console = Console(file=io.StringIO(), width=200)
    console.print(Traceback.from_exception(type(exc), exc, exc.__traceback__, show_locals=True))
    return console.file.getvalue()  # type: ignore[attr-defined]  # a StringIO


def copied(holder: object) -> str:
    """A shallow copy is refused, or shows no more than its original."""
    try:
        twin = copy.copy(holder)
    except TypeError:
        return ""
    return f"{twin!r}{twin!s}"


def as_dict(holder: object) -> str:
    if not dataclasses.is_dataclass(holder) or isinstance(holder, type):
        return ""
    try:
        return repr(dataclasses.asdict(holder))
    except TypeError:
        return ""


def own_variables(holder: object) -> str:
    return repr(vars(holder)) if hasattr(holder, "__dict__") else ""


def slots(holder: object) -> str:
    names = [name for kind in type(holder).__mro__ for name in getattr(kind, "__slots__", ())]
    return repr({name: getattr(holder, name, None) for name in names})


BY_NAME: Final = {
    (
        "Line",
        own_variables,
    ): "who reads a view holds their own token only; the client imports nothing of ours",
}
"""Ways in which a holder does show its secret, each with the reason why that is borne."""

WAYS: Final[tuple[Callable[[Any], str], ...]] = (
    *(repr, str, format, logged, plain_traceback, rich_traceback, copied, as_dict, own_variables, slots),
)


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
@pytest.mark.parametrize("name", HOLDERS)
def test_nothing_of_the_secret_is_shown(name: str, way: Callable[[Any], str]) -> None:
    assert _reveals(way(HOLDERS[name])) == ((name, way) in BY_NAME)


@pytest.mark.parametrize("name", HOLDERS)
def test_no_protocol_pickles_it_and_no_deep_copy_is_made(name: str) -> None:
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        with pytest.raises(TypeError):
            pickle.dumps(HOLDERS[name], protocol)
    with pytest.raises(TypeError):
        copy.deepcopy(HOLDERS[name])


DUMPS: Final = {
    "hub/backup/manifest.py": "digests and instants of a backup",
    "hub/backup/saving.py": "key generations as the key-encryption key wrapped them, for their own backup",
    "hub/cli/source.py": "a profile of a file: names of columns and counts",
    "hub/cli/view_check.py": "counts and shares of a check; no row, no secret",
    "hub/erasure/portrait.py": "counts and names of tables, kept with an erasure",
    "hub/keystore/generation.py": "key generations as the key-encryption key wrapped them, for a restore",
    "hub/requests/dossier.py": "reads and scores of a person, written for that person; no secret",
    "hub/views/spec.py": "a view's spec, whose canonical form is hashed",
    "privacy/reach.py": "retention rules of a policy, which are hashed",
    "privacy/decision.py": "asdict of a standing: seven states and five flags, no secret",
}
"""Modules that turn an object over as a whole, each with what it is."""


def test_nobody_dumps_an_object_whole() -> None:
    dumping = {"asdict", "astuple", "dataclasses.asdict", "dataclasses.astuple", "copy.deepcopy", "deepcopy"}
    found = {
        path
        for path, tree in trees().items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and ast.unparse(node.func) in dumping
    }
    assert found == DUMPS.keys()
