"""Pseudonymisation domains as records: who uses a pseudonym, under which key, until when (EDPB Guidelines 01/2025).

Rules kept here:
- a record holds no secret: a domain's occupants never do, and whoever reads the record learns how, not which;
- one domain serves one purpose; it is linkable with no other unless both say so and name the assessment;
- a domain is used only while it is valid; outside that no pseudonym is derived in it;
- keys are versioned. Pseudonyms carry no version: an old one is led back under each version that is still live.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final

from privacy.errors import PolicyInvalid
from privacy.terms import DomainName, PurposeId, Role

ROLE_MEMBER: Final = "role"
MODULE_MEMBER: Final = "module"


class PseudonymAlgorithm(StrEnum):
    """How pseudonyms are derived; the words stand in records, so they are permanent."""

    AES_256_PERMUTATION = "aes_256_permutation_v1"  # ADR 4


class QuasiIdentifierTreatment(StrEnum):
    """What happens to quasi-identifiers before a row enters the domain."""

    NONE_RELEASED = "none_released"  # a view that has any is refused
    K_GROUPS = "k_groups"  # banded, and hidden in groups below the view's k


class ClosedBecause(StrEnum):
    """Why nothing is derived in a domain now; a refusal is named after it."""

    NOT_YET = "domain_not_yet_valid"
    EXPIRED = "domain_expired"
    NOT_APPROVED = "domain_link_not_approved"


@dataclass(frozen=True, slots=True, kw_only=True)
class DomainKeys:
    """Which key versions are live: the current one, and old ones, each until an instant.

    Raises:
        PolicyInvalid: versions do not count from 1, or an old one is not older than the current.

    """

    current: int = 1
    retiring: tuple[tuple[int, datetime], ...] = ()

    def __post_init__(self) -> None:
        if self.current < 1 or any(not 1 <= version < self.current for version, _ in self.retiring):
            raise PolicyInvalid("domains", "key versions count from 1, the current is highest", "restore the record")

    def live(self, at: datetime) -> tuple[int, ...]:
        """Return the versions under which a pseudonym may be led back at an instant, the current one first."""
        return (self.current, *(version for version, until in reversed(self.retiring) if at < until))

    def rotated(self, *, until: datetime) -> "DomainKeys":
        """Return the keys after a rotation: one more version, the one before live until an instant."""
        return DomainKeys(current=self.current + 1, retiring=(*self.retiring, (self.current, until)))

    def ended(self, version: int) -> "DomainKeys":
        """Return the keys without an old version: after its secret was destroyed."""
        return replace(self, retiring=tuple(each for each in self.retiring if each[0] != version))


@dataclass(frozen=True, slots=True, kw_only=True)
class DomainRecord:
    """A domain as it may be shown to anybody.

    - `members`: `role:...` and `module:...`, among whom the pseudonyms are used;
    - `linkable_with`: other domains with which rows may be joined, by the policy that `linking_ref` names;
    - `valid_from` (inclusive), `valid_until` (exclusive): None is without limit;
    - `risk_ref` names the risk assessment in the files of the DPO.

    Raises:
        PolicyInvalid: a rule is broken; the error names it and the remedy.

    """

    name: DomainName
    purpose: PurposeId
    members: frozenset[str]
    algorithm: PseudonymAlgorithm = PseudonymAlgorithm.AES_256_PERMUTATION
    quasi_identifiers: QuasiIdentifierTreatment = QuasiIdentifierTreatment.K_GROUPS
    linkable_with: frozenset[DomainName] = frozenset()
    linking_ref: str | None = None
    valid_from: datetime | None = None
    valid_until: datetime | None = None
    risk_ref: str | None = None
    keys: DomainKeys = field(default_factory=DomainKeys)

    def __post_init__(self) -> None:
        for broken, rule, remedy in _shape(self):
            if broken:
                raise PolicyInvalid(f"domains.{self.name}", rule, remedy)

    @property
    def needs_approval(self) -> bool:
        """Say whether a second person must approve the record before it is used."""
        return bool(self.linkable_with)

    def has_role(self, role: Role) -> bool:
        """Say whether whoever acts in a role is a member."""
        return f"{ROLE_MEMBER}:{role}" in self.members

    def has_module(self, module: str) -> bool:
        """Say whether a prediction module is a member: whether rows may be read for it."""
        return f"{MODULE_MEMBER}:{module}" in self.members

    def closed_because(self, at: datetime) -> ClosedBecause | None:
        """Say why nothing may be derived at an instant; None while the domain is valid."""
        if self.valid_from is not None and at < self.valid_from:
            return ClosedBecause.NOT_YET
        if self.valid_until is not None and at >= self.valid_until:
            return ClosedBecause.EXPIRED
        return None


def generated_domain(name: DomainName, purpose: PurposeId) -> DomainRecord:
    """Return the record of a purpose whose policy declares none: every reading role, no links, no end."""
    roles = (Role.OWNER, Role.SCIENTIST, Role.SERVICE, Role.SUCCESS)
    members = frozenset({f"{MODULE_MEMBER}:{purpose}", *(f"{ROLE_MEMBER}:{role}" for role in roles)})
    return DomainRecord(name=name, purpose=purpose, members=members)


def document_of(record: DomainRecord) -> str:
    """Write a record as canonical JSON, its keys' versions included."""
    return json.dumps(
        {
            "name": record.name,
            "purpose": record.purpose,
            "members": sorted(record.members),
            "algorithm": record.algorithm,
            "quasi_identifiers": record.quasi_identifiers,
            "linkable_with": sorted(record.linkable_with),
            "linking_ref": record.linking_ref,
            "valid_from": _written(record.valid_from),
            "valid_until": _written(record.valid_until),
            "risk_ref": record.risk_ref,
            "key_version": record.keys.current,
            "retiring_keys": [[version, _written(until)] for version, until in record.keys.retiring],
        },
        sort_keys=True,
        separators=(",", ":"),
        ensure_ascii=False,
    )


def record_of(document: str) -> DomainRecord:
    """Read a record back from its document."""
    said: Mapping[str, Any] = json.loads(document)
    return DomainRecord(
        name=DomainName(said["name"]),
        purpose=PurposeId(said["purpose"]),
        members=frozenset(said["members"]),
        algorithm=PseudonymAlgorithm(said["algorithm"]),
        quasi_identifiers=QuasiIdentifierTreatment(said["quasi_identifiers"]),
        linkable_with=frozenset(DomainName(name) for name in said["linkable_with"]),
        linking_ref=said["linking_ref"],
        valid_from=_read(said["valid_from"]),
        valid_until=_read(said["valid_until"]),
        risk_ref=said["risk_ref"],
        keys=DomainKeys(
            current=said["key_version"],
            retiring=tuple((version, datetime.fromisoformat(until)) for version, until in said["retiring_keys"]),
        ),
    )


def domain_hash(record: DomainRecord) -> bytes:
    """Return the SHA-256 of a record's document: what an approval binds."""
    return hashlib.sha256(document_of(record).encode()).digest()


def _shape(record: DomainRecord) -> list[tuple[bool, str, str]]:
    """List what a domain must look like: (broken, rule, remedy)."""
    after = record.valid_from is not None and record.valid_until is not None and record.valid_until <= record.valid_from
    return [
        (not record.members, "a domain has members", "list role:... and module:..."),
        (not all(map(_is_member, record.members)), "members are role:ROLE or module:NAME", "see `varde domain show`"),
        (after, "a domain ends after it begins", "set valid_until after valid_from"),
        (record.name in record.linkable_with, "a domain is not linked with itself", "take it out of linkable_with"),
        (
            bool(record.linkable_with) != (record.linking_ref is not None),
            "linking rests on a policy of its own",
            "name it in linking_ref, or set linkable_with: []",
        ),
    ]


def _is_member(word: str) -> bool:
    kind, _, name = word.partition(":")
    return (kind == ROLE_MEMBER and name in set(Role)) or (kind == MODULE_MEMBER and name.replace("_", "").isalnum())


def _written(at: datetime | None) -> str | None:
    """Write an instant as UTC, so that one instant has one form."""
    return None if at is None else at.astimezone(UTC).isoformat()


def _read(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
