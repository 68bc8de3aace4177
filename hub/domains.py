"""Domains opened with their secrets: the one place where a pseudonym's key is taken out, and only while it may be.

A domain that is not valid now, or whose link nobody approved, gives out no secret: no pseudonym is derived in it.
Leading back goes through every live version, because a pseudonym carries none.
"""

from collections.abc import Callable, Collection, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlmodel import Session

from hub.errors import AccessRefused
from privacy.domain import ClosedBecause, QuasiIdentifierTreatment
from privacy.keys import Key, KeyKind
from privacy.pseudonym import PseudonymisationDomain
from privacy.purposes import Policy, Purpose
from privacy.store.domain import RecordedDomain, governing_domain
from privacy.store.policy import find_policy
from privacy.terms import DomainName, Role

NamedKey = Callable[[KeyKind, str, int], Key]
_REMEDIES: Final[Mapping[ClosedBecause, str]] = {
    ClosedBecause.NOT_YET: "Wait for valid_from, or change it in the policy pack: `varde domain show` tells it",
    ClosedBecause.EXPIRED: "Have its risks looked at again and set a later valid_until: `varde policy apply`",
    ClosedBecause.NOT_APPROVED: "Somebody else than who applied the policy approves it: `varde domain approve`",
}
_MEMBERS: Final = "The policy pack lists its members: `varde domain show`"


@dataclass(frozen=True, slots=True, kw_only=True)
class Domains:
    """Where domains come from: records in the control database, secrets in the key store."""

    read_only: Callable[[], AbstractContextManager[Session]]
    named_key: NamedKey

    def current(self, name: DomainName, *, at: datetime) -> PseudonymisationDomain:
        """Return a domain with its current secret.

        Raises:
            AccessRefused: it is not valid at that instant, or its link was not approved.
            KeyNotFound: the key store has no such key.

        """
        record = self._open(name, at).record
        return self.with_secret(name, record.keys.current)

    def live(self, name: DomainName, *, at: datetime) -> list[PseudonymisationDomain]:
        """Return a domain under each version whose pseudonyms may still be led back, the current one first.

        Raises:
            AccessRefused: as in `current`.
            KeyNotFound: likewise.

        """
        record = self._open(name, at).record
        return [self.with_secret(name, version) for version in record.keys.live(at)]

    def _open(self, name: DomainName, at: datetime) -> RecordedDomain:
        with self.read_only() as session:
            found = find_domain(session, name)
        if found is None:
            raise unknown()
        verify_usable(found, at=at)
        return found

    def with_secret(self, name: DomainName, version: int) -> PseudonymisationDomain:
        """Return a domain under a version of its key, valid or not: to tell a recipient what it must forget.

        Raises:
            KeyNotFound: the key store has no such key.

        """
        return PseudonymisationDomain(name, version, self.named_key(KeyKind.DOMAIN, name, version).secret)


def find_domain(session: Session, name: str) -> RecordedDomain | None:
    """Find the record of a domain that a purpose in force has."""
    policy = find_policy(session)
    purpose = None if policy is None else _purpose_with(policy, name)
    return None if policy is None or purpose is None else governing_domain(session, policy, purpose)


def verify_usable(domain: RecordedDomain, *, at: datetime) -> None:
    """Refuse a domain in which nothing may be derived at an instant.

    Raises:
        AccessRefused: names the rule and how to mend it.

    """
    because = domain.closed_because(at)
    if because is not None:
        raise AccessRefused(because, _REMEDIES[because])


@dataclass(frozen=True, slots=True)
class Recipient:
    """To whom rows would be released: the role of who reads, and the prediction module if it reads for one."""

    role: Role
    module: str | None = None


def verify_release(
    session: Session, purpose: Purpose, to: Recipient, quasi_identifiers: Collection[str], *, at: datetime
) -> None:
    """Refuse a release into a purpose's domain: not usable, to no member of it, or with columns it does not take.

    Whoever reads for a module must be a member, and so must the module.

    Raises:
        AccessRefused: names the rule and how to mend it.

    """
    domain = find_domain(session, purpose.domain)
    if domain is None:
        raise unknown()
    verify_recipient(domain, to, quasi_identifiers, at=at)


def verify_recipient(
    domain: RecordedDomain, to: Recipient, quasi_identifiers: Collection[str], *, at: datetime
) -> None:
    """Refuse a release into a domain that was found before, as `verify_release` does; raises what that raises."""
    verify_usable(domain, at=at)
    if not domain.record.has_role(to.role):
        raise AccessRefused("role_not_member_of_domain", _MEMBERS)
    if to.module is not None and not domain.record.has_module(to.module):
        raise AccessRefused("module_not_member_of_domain", _MEMBERS)
    if quasi_identifiers and domain.record.quasi_identifiers is QuasiIdentifierTreatment.NONE_RELEASED:
        raise AccessRefused("quasi_identifiers_not_of_domain", "Take them out of the view, or change the domain")


def unknown() -> AccessRefused:
    """Make the refusal of a domain that no purpose in force has."""
    return AccessRefused("domain_unknown", "No purpose of the policy in force has it: see `varde domain list`")


def _purpose_with(policy: Policy, name: str) -> Purpose | None:
    return next((purpose for purpose in policy.purposes if purpose.domain == name), None)
