"""Audit entries: what was done, when, by whom, in words that cannot carry anything about a person.

Rules kept here:
- a field is on the allow-list of `AuditFields` or it cannot be written; there is no field for free text;
- every value has a shape: a random id, a hash, a count, an instant, a flag, or a word that is too narrow for an e-mail
  address, a telephone or a national identity number;
- the exact bytes are stored and hashed (leaf = SHA-256(0x00, bytes)); 16 random bytes of salt are part of them, so that
  a leaf whose body was pruned cannot be guessed back;
- whoever parses an entry gets the very bytes back by writing it again, or a refusal.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from enum import StrEnum
from operator import attrgetter
from typing import Any, Final

from privacy.errors import PrivacyError
from privacy.instant import instant_of, microseconds_of
from privacy.terms import (
    ID_BYTES,
    ActChannel,
    BatchId,
    ConsentAct,
    ConsentState,
    EntityId,
    KeyId,
    LegalBasis,
    PrincipalId,
    RecordId,
    Role,
)
from privacy.verifier import ProofRejected

SALT_BYTES: Final = 16
MOST_BYTES: Final = 1 << 20
"""An entry is at most 1 MiB (about 30,000 record ids); members of a release are kept as a bitmap elsewhere."""

MAY_WAIT: Final = frozenset(("suppression.note", "view.row", *(f"consent.{act.value}" for act in ConsentAct)))
"""Actions whose entry may get its place in the tree after the commit: the durable entry itself is enough for them.

Every other one has its place in the transaction of its act: reads in bulk, reveals, erasures, policy, roles, keys.
"""

_FORMAT: Final = 1
_WORD: Final = re.compile(r"[a-z][a-z0-9_.:-]{0,63}")
_DIGITS: Final = re.compile(r"[0-9]{7}")  # no telephone or identity number is shorter
_HASH: Final = re.compile(r"[0-9a-f]{64}")
_HEX: Final = re.compile(r"[0-9a-f]{32}([0-9a-f]{32})?")
_RELEASE: Final = re.compile(r"[0-9]{1,4}(\.[0-9]{1,4}){1,3}([a-z+.-]{0,8}[0-9]{0,4}){0,3}")
_MOST_COUNT: Final = (1 << 63) - 1
_MALFORMED: Final = (
    PrivacyError,
    ValueError,
    TypeError,
    LookupError,
    AttributeError,
    OverflowError,
    RecursionError,
)
"""Whatever reading forged bytes can raise: an entry in the database is not trusted before its leaf is verified."""


class AuditFieldRefused(PrivacyError):
    """A value does not have the shape of its field; the value itself is not told."""

    def __init__(self, field: str, rule: str) -> None:
        super().__init__(f"audit field {field!r}: must be {rule}")
        self.field = field
        self.rule = rule


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditFields:
    """All that an entry may say beside action, instant and actor; None is left out of the bytes.

    - who, by which right: `principal` (acted upon), `role`, `four_eyes`, `act_id`, `request` (approved one's);
    - use: `view`, `view_version`, `purpose`, `legal_basis`, `as_of`, `model`, `module`, `epoch`, `domain_version`,
      `use` (stated), `prohibited_uses` (told with the rows);
    - how much: `rows`, `absent` (rule to count), `columns`, `size_bytes`, `opened` (count), `attempts`, `sha256`,
      `micro_epsilon` (of a privacy budget);
    - about what: `batch`, `source`, `contract`, `records`, `entity`, `key`, `erasure`, `intent` (its leaf index);
    - consent: `act`, `channel`, `state`, `notice_version`;
    - under which rules: `policy_hash`, `view_hash`, `purpose_hash`, `software_version`;
    - how it went: `reason` and `outcome`, as codes;
    - which log goes on here, or was lost (`log_number`): `log_size` and `log_root` of its last known checkpoint.

    Raises:
        AuditFieldRefused: a value has not the shape of its field.

    """

    principal: PrincipalId | None = None
    role: Role | None = None
    four_eyes: bool | None = None
    act_id: bytes | None = None
    request: bytes | None = None
    view: str | None = None
    view_version: int | None = None
    purpose: str | None = None
    legal_basis: LegalBasis | None = None
    as_of: datetime | None = None
    model: str | None = None
    module: str | None = None
    epoch: int | None = None
    domain_version: int | None = None
    use: str | None = None
    prohibited_uses: tuple[str, ...] | None = None
    rows: int | None = None
    absent: Mapping[str, int] | None = None
    columns: tuple[str, ...] | None = None
    size_bytes: int | None = None
    opened: int | None = None
    attempts: int | None = None
    sha256: str | None = None
    micro_epsilon: int | None = None
    batch: BatchId | None = None
    source: str | None = None
    contract: str | None = None
    records: tuple[RecordId, ...] | None = None
    entity: EntityId | None = None
    key: KeyId | None = None
    erasure: bytes | None = None
    intent: int | None = None
    act: ConsentAct | None = None
    channel: ActChannel | None = None
    state: ConsentState | None = None
    notice_version: str | None = None
    policy_hash: str | None = None
    view_hash: str | None = None
    purpose_hash: str | None = None
    software_version: str | None = None
    reason: str | None = None
    outcome: str | None = None
    log_number: int | None = None
    log_size: int | None = None
    log_root: str | None = None

    def __post_init__(self) -> None:
        for name, value in self:
            if not SHAPES[name].admits(value):
                raise AuditFieldRefused(name, SHAPES[name].rule)

    def __iter__(self) -> Iterator[tuple[str, Any]]:
        """Yield the fields that are set, by name."""
        return ((name, value) for name, value in zip(_NAMES, _VALUES_OF(self), strict=True) if value is not None)


_NAMES: Final = tuple(f.name for f in fields(AuditFields))
_VALUES_OF: Final = attrgetter(*_NAMES)  # asked field by field, forty of them cost more than the rest of an entry


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEntry:
    """One entry as parsed from its bytes."""

    action: str
    at: datetime
    actor: PrincipalId
    fields: AuditFields
    salt: bytes


def entry_bytes(action: str, *, at: datetime, actor: PrincipalId, fields: AuditFields, salt: bytes) -> bytes:
    """Write an entry as canonical JSON (ASCII, sorted keys, no spaces): the exact bytes to store and to hash.

    `action` is a word such as `view.release.intent`; `salt` is 16 fresh random bytes.

    Raises:
        AuditFieldRefused: action, actor or salt have another shape, or the entry is longer than `MOST_BYTES`.

    """
    if not _is_word(action):
        raise AuditFieldRefused("action", _A_WORD.rule)
    if not _is_id(actor):
        raise AuditFieldRefused("actor", _AN_ID.rule)
    if len(salt) != SALT_BYTES:
        raise AuditFieldRefused("salt", f"{SALT_BYTES} random bytes")
    entry = {
        "action": action,
        "actor": actor.hex(),
        "at": microseconds_of(at),
        "fields": {name: SHAPES[name].written(value) for name, value in fields},
        "format": _FORMAT,
        "salt": salt.hex(),
    }
    encoded = json.dumps(entry, sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode("ascii")
    if len(encoded) > MOST_BYTES:
        raise AuditFieldRefused("fields", f"at most {MOST_BYTES} bytes in all")
    return encoded


def parse_entry(entry: bytes) -> AuditEntry:
    """Read an entry back; only bytes that `entry_bytes` could have written are one.

    Raises:
        ProofRejected: anything else.

    """
    try:
        parsed = _entry_of(json.loads(entry))
        again = entry_bytes(parsed.action, at=parsed.at, actor=parsed.actor, fields=parsed.fields, salt=parsed.salt)
    except _MALFORMED as exc:
        raise ProofRejected("audit entry: malformed") from exc
    if again != entry:
        raise ProofRejected("audit entry: not in canonical form")
    return parsed


def _entry_of(written: dict[str, Any]) -> AuditEntry:
    return AuditEntry(
        action=written["action"],
        at=instant_of(written["at"]),
        actor=PrincipalId(bytes.fromhex(written["actor"])),
        fields=AuditFields(**{name: SHAPES[name].read(value) for name, value in written["fields"].items()}),
        salt=bytes.fromhex(written["salt"]),
    )


@dataclass(frozen=True, slots=True)
class Shape:
    """What a field admits, said in words, and how it is written to and read from JSON."""

    rule: str
    admits: Callable[[Any], bool]
    written: Callable[[Any], Any] = lambda value: value
    read: Callable[[Any], Any] = lambda value: value


def _is_word(value: object) -> bool:
    return isinstance(value, str) and bool(_WORD.fullmatch(value)) and not _DIGITS.search(value)


def _is_id(value: object) -> bool:
    return isinstance(value, bytes) and len(value) == ID_BYTES


def _is_count(value: object) -> bool:
    return type(value) is int and 0 <= value <= _MOST_COUNT  # True is an int to isinstance


def _each(admits: Callable[[object], bool]) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, tuple) and all(map(admits, value))


def _is_tally(value: object) -> bool:
    return isinstance(value, Mapping) and all(_is_word(rule) and _is_count(n) for rule, n in value.items())


def _matches(pattern: re.Pattern[str]) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, str) and bool(pattern.fullmatch(value))


def _one_of(kind: type[StrEnum]) -> Shape:
    return Shape(f"a {kind.__name__}", lambda value: isinstance(value, kind), str, kind)


def _is_instant(value: object) -> bool:
    return isinstance(value, datetime) and value.tzinfo is not None


_is_hex: Final = _matches(_HEX)

_A_WORD: Final = Shape("a word: at most 64 of a-z 0-9 _ . : -, a letter first, never 7 digits in a row", _is_word)
_AN_ID: Final = Shape(f"{ID_BYTES} random bytes", _is_id, bytes.hex, bytes.fromhex)
_A_COUNT: Final = Shape("a whole number from 0 to 2^63-1", _is_count)
_A_HASH: Final = Shape("a SHA-256 in lower-case hex", _matches(_HASH))
_A_FLAG: Final = Shape("true or false", lambda value: isinstance(value, bool))

SHAPES: Final[Mapping[str, Shape]] = {
    **dict.fromkeys(("principal", "act_id", "request", "batch", "entity", "key", "erasure"), _AN_ID),
    **dict.fromkeys(("view", "purpose", "source", "contract", "module", "use"), _A_WORD),
    **dict.fromkeys(("notice_version", "reason", "outcome"), _A_WORD),
    **dict.fromkeys(("view_version", "domain_version", "epoch", "rows", "size_bytes", "opened", "attempts"), _A_COUNT),
    **dict.fromkeys(("intent", "log_number", "log_size", "micro_epsilon"), _A_COUNT),
    **dict.fromkeys(("sha256", "policy_hash", "view_hash", "purpose_hash", "log_root"), _A_HASH),
    "role": _one_of(Role),
    "legal_basis": _one_of(LegalBasis),
    "act": _one_of(ConsentAct),
    "channel": _one_of(ActChannel),
    "state": _one_of(ConsentState),
    "model": Shape("a word, or an id or hash in lower-case hex", lambda value: _is_word(value) or _is_hex(value)),
    "four_eyes": _A_FLAG,
    "as_of": Shape("an instant with a time zone", _is_instant, microseconds_of, instant_of),
    "absent": Shape("words to whole numbers", _is_tally, dict),
    **dict.fromkeys(("columns", "prohibited_uses"), Shape("words", _each(_is_word), list, tuple)),
    "records": Shape(
        "random ids",
        _each(_is_id),
        lambda ids: [record.hex() for record in ids],
        lambda ids: tuple(RecordId(bytes.fromhex(record)) for record in ids),
    ),
    "software_version": Shape("a version number", _matches(_RELEASE)),
}
"""The allow-list: the shape of each field of `AuditFields`, and of nothing else."""
