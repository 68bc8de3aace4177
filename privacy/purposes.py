"""Purposes and the policy that declares them (GDPR Art. 5(1)(b), 6, 9, 13, 22, 35).

Rules kept here:
- a purpose that breaks the law's own preconditions cannot be made: the checks are in its constructor;
- one purpose has one pseudonymisation domain, and no two share it;
- a hash binds what a decision can reach; the plain-language texts are hashed apart, so mending a sentence
  closes no view.
"""

import hashlib
import json
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

from privacy.domain import DomainRecord, document_of, generated_domain
from privacy.errors import PolicyInvalid, PurposeUnknown
from privacy.reidentification import ReidentificationRules, plain_reidentification
from privacy.retention import CONTACT_EVENTS, NO_BOOKS, Bookkeeping, ContactEvent, RetentionRule, StatutoryHold
from privacy.risk import RiskCriterion, is_high_risk
from privacy.terms import DataCategory, DomainName, LegalBasis, PurposeId
from privacy.uses import PROHIBITED, Use

LANGUAGES: Final = ("nb", "nn", "sv", "en", "de")
SLUG: Final = re.compile(r"[a-z0-9][a-z0-9_.-]{0,63}")

_AUTOMATED_BASES: Final = frozenset({LegalBasis.CONSENT, LegalBasis.CONTRACT, LegalBasis.LEGAL_OBLIGATION})
_NEEDS_DPIA: Final = frozenset({DataCategory.SPECIAL, DataCategory.REDACTED_TEXT, DataCategory.FREE_TEXT})


@dataclass(frozen=True, slots=True)
class PurposeText:
    """How a purpose is put to the person in one language: a name and one plain sentence or two (Art. 12(1))."""

    name: str
    description: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Purpose:
    """Why data is used, on which basis, and what follows from it.

    - `notice_version` is the text shown today; `accepted_notices` are the texts under which a consent still
      counts;
    - `retention_days` is how long what was made for the purpose (scores, snapshots) is kept;
    - `lia_ref`, `dpia_ref` name the legitimate-interests and data-protection impact assessments in the
      files of the DPO; `lia_date`, `lia_review_by` say when the first was made and when it is due again;
    - `risk_criteria` are those of Article 35 that the use meets; `prohibited_uses` what its rows are never for;
    - `reidentification` says who may lead its pseudonyms back to a person; None: nobody may.

    Raises:
        PolicyInvalid: a rule of the regulation or of this house is broken; the error names it and the remedy.

    """

    id: PurposeId
    version: int
    legal_basis: LegalBasis
    texts: Mapping[str, PurposeText]
    data_categories: frozenset[DataCategory]
    tables: frozenset[str]
    recipients: frozenset[str]
    retention_days: int
    automated_decision: bool
    direct_marketing: bool
    domain: DomainName
    lia_ref: str | None
    dpia_ref: str | None
    notice_version: str
    accepted_notices: frozenset[str]
    reidentification: ReidentificationRules | None = None
    lia_date: date | None = None
    lia_review_by: date | None = None
    risk_criteria: frozenset[RiskCriterion] = frozenset()
    prohibited_uses: frozenset[Use] = PROHIBITED

    def __post_init__(self) -> None:
        for broken, rule, remedy in (*_shape(self), *_law(self)):
            if broken:
                raise PolicyInvalid(f"purposes.{self.id}", rule, remedy)


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """All purposes, domains and retention rules in force at once, under one version.

    `minimum_redactor_version`: no view reads text that an older redactor cleaned. `domains` are those that the pack
    declares; a purpose whose domain it does not gets a record without links and without end. Of `statutory_holds` those
    of the countries in `bookkeeping` bind.

    Raises:
        PolicyInvalid: two purposes share an id or a domain, two retention rules a table, category and purpose, a
            declared domain serves no purpose, or one side only says that two are linkable.

    """

    version: int
    purposes: tuple[Purpose, ...]
    retention: tuple[RetentionRule, ...] = ()
    minimum_redactor_version: int = 1
    domains: tuple[DomainRecord, ...] = ()
    statutory_holds: tuple[StatutoryHold, ...] = ()
    bookkeeping: Bookkeeping = NO_BOOKS
    contact_events: tuple[ContactEvent, ...] = CONTACT_EVENTS

    def __post_init__(self) -> None:
        _once("purposes", "a purpose is declared once", [p.id for p in self.purposes])
        _once("purposes", "a pseudonymisation domain serves one purpose", [p.domain for p in self.purposes])
        kinds = ["/".join(rule.name.split(".")) for rule in self.retention]
        _once("retention", "a table and data category have one rule, and one a purpose", kinds)
        _once("statutory_holds", "a law is declared once", [hold.name for hold in self.statutory_holds])
        _once("domains", "a domain is declared once", [each.name for each in self.domains])
        _verify_domains(self)

    def purpose(self, purpose_id: str) -> Purpose:
        """Return the purpose of that id.

        Raises:
            PurposeUnknown: the policy does not declare it.

        """
        for purpose in self.purposes:
            if purpose.id == purpose_id:
                return purpose
        raise PurposeUnknown(purpose_id)

    def domain_of(self, purpose: Purpose) -> DomainRecord:
        """Return the record of a purpose's domain as this policy has it: declared, else generated."""
        declared = (each for each in self.domains if each.name == purpose.domain)
        return next(declared, None) or generated_domain(purpose.domain, purpose.id)


def policy_hash(policy: Policy) -> str:
    """Return the SHA-256 (hex) of the whole policy in canonical JSON, texts included."""
    retention = sorted(map(_plain_rule, policy.retention), key=str)
    purposes = {p.id: [_rules_of(p), _paper_of(p), _texts_of(p)] for p in policy.purposes}
    # Sections that a pack leaves out are left out here, too: a policy of an earlier release keeps its hash.
    domains = [sorted(document_of(each) for each in policy.domains)] if policy.domains else []
    revealed = {p.id: plain_reidentification(p.reidentification) for p in policy.purposes if p.reidentification}
    more = [*domains, *([revealed] if revealed else []), *_plain_keeping(policy)]
    return _sha256_of([policy.version, policy.minimum_redactor_version, purposes, retention, *more])


def _plain_rule(rule: RetentionRule) -> list[object]:
    """Write a rule down; what a rule of an earlier release could not say is left out where it is not said."""
    later = {"months": rule.months, "until": rule.until and rule.until.isoformat()}
    later |= {"purpose": rule.purpose, "source": rule.source}
    said = {name: value for name, value in later.items() if value is not None}
    plain: list[object] = [rule.table, rule.data_category, rule.days, rule.starts, rule.statutory]
    return [*plain, said] if said else plain


def _plain_keeping(policy: Policy) -> list[object]:
    """Write statutory holds, books and contact events down, where the policy has any of its own."""
    holds = sorted(
        [h.name, h.country, sorted(h.tables), h.months, h.after, h.purpose, h.source] for h in policy.statutory_holds
    )
    books = [sorted(policy.bookkeeping.countries), policy.bookkeeping.financial_year_starts]
    contacts = sorted([c.table, c.column or "", sorted(c.values)] for c in policy.contact_events)
    said = {
        "holds": holds,
        "books": books if policy.bookkeeping != NO_BOOKS else [],
        "contacts": contacts if policy.contact_events != CONTACT_EVENTS else [],
    }
    return [said] if any(said.values()) else []


def purpose_hash(purpose: Purpose) -> str:
    """Return the SHA-256 (hex) of the rules a decision or release can reach: what a view's approval binds."""
    return _sha256_of(_rules_of(purpose))


def version_hash(purpose: Purpose) -> str:
    """Return the SHA-256 (hex) of all rules that a purpose's version stands for: also who may re-identify."""
    if purpose.reidentification is None:
        return purpose_hash(purpose)
    return _sha256_of([_rules_of(purpose), plain_reidentification(purpose.reidentification)])


def texts_hash(purpose: Purpose) -> str:
    """Return the SHA-256 (hex) of the plain-language texts, versioned apart from the rules."""
    return _sha256_of(_texts_of(purpose))


def _rules_of(purpose: Purpose) -> dict[str, object]:
    # The default is left out: a purpose of an earlier release, which could not say otherwise, keeps its hash.
    own = {} if purpose.prohibited_uses == PROHIBITED else {"prohibited_uses": sorted(purpose.prohibited_uses)}
    return own | {
        "id": purpose.id,
        "version": purpose.version,
        "legal_basis": purpose.legal_basis,
        "data_categories": sorted(purpose.data_categories),
        "tables": sorted(purpose.tables),
        "recipients": sorted(purpose.recipients),
        "retention_days": purpose.retention_days,
        "automated_decision": purpose.automated_decision,
        "direct_marketing": purpose.direct_marketing,
        "domain": purpose.domain,
        "accepted_notices": sorted(purpose.accepted_notices),
    }


def _paper_of(purpose: Purpose) -> dict[str, object]:
    paper = {"lia": purpose.lia_ref, "dpia": purpose.dpia_ref, "notice": purpose.notice_version}
    days = {"lia_date": purpose.lia_date, "lia_review_by": purpose.lia_review_by}
    said = {name: day.isoformat() for name, day in days.items() if day is not None}
    return paper | said | ({"risk": sorted(purpose.risk_criteria)} if purpose.risk_criteria else {})


def _texts_of(purpose: Purpose) -> dict[str, list[str]]:
    return {language: [text.name, text.description] for language, text in purpose.texts.items()}


def _sha256_of(value: object) -> str:
    canonical = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(canonical.encode()).hexdigest()


def _shape(purpose: Purpose) -> list[tuple[bool, str, str]]:
    """List what a purpose must look like: (broken, rule, remedy)."""
    slugs = [purpose.id, purpose.domain, purpose.notice_version, *purpose.accepted_notices, *purpose.tables]
    missing = [language for language in LANGUAGES if language not in purpose.texts]
    return [
        (
            not all(SLUG.fullmatch(word) for word in slugs),
            "id, domain, tables and notices are slugs",
            "use at most 64 of a-z 0-9 _ . -",
        ),
        (purpose.version < 1, "versions count from 1", "set version: 1"),
        (purpose.retention_days < 1, "results are kept for at least a day", "set retention_days"),
        (not purpose.tables, "a purpose names the tables it reads", "list tables"),
        (not purpose.data_categories, "a purpose names its data categories", "list data_categories"),
        (bool(missing), f"texts lack {', '.join(missing)}", "add a name and a description in each language"),
        (
            purpose.notice_version not in purpose.accepted_notices,
            "a consent under today's notice counts",
            "add notice_version to accepted_notices",
        ),
    ]


def _law(purpose: Purpose) -> list[tuple[bool, str, str]]:
    """List what the regulation asks of a purpose before any person is looked at: (broken, rule, remedy)."""
    basis, special = purpose.legal_basis, DataCategory.SPECIAL in purpose.data_categories
    return [
        (
            special and basis is not LegalBasis.CONSENT,
            "special categories need explicit consent (Art. 9(2)(a))",
            "set legal_basis: consent or drop the category",
        ),
        (
            basis is LegalBasis.LEGITIMATE_INTERESTS and purpose.lia_ref is None,
            "legitimate interests are weighed before use (Art. 6(1)(f))",
            "name the assessment in lia_ref",
        ),
        (
            purpose.automated_decision and basis not in _AUTOMATED_BASES,
            "automated decisions rest on consent, contract or law (Art. 22(2))",
            "change legal_basis or set automated_decision: false",
        ),
        (
            purpose.dpia_ref is None
            and (purpose.automated_decision or not _NEEDS_DPIA.isdisjoint(purpose.data_categories)),
            "automated decisions, special categories and text need an impact assessment (Art. 35)",
            "name it in dpia_ref",
        ),
        (
            purpose.dpia_ref is None and is_high_risk(purpose.risk_criteria),
            "a use that meets two risk criteria needs an impact assessment (Art. 35)",
            "name it in dpia_ref",
        ),
        (
            (purpose.lia_review_by or date.max) <= (purpose.lia_date or date.min),
            "a balancing test is reviewed after it was made",
            "set lia_review_by to a later day than lia_date",
        ),
    ]


def _verify_domains(policy: Policy) -> None:
    """Refuse a declared domain that no purpose has, and a link that one side only speaks of."""
    purposes = {purpose.domain: purpose.id for purpose in policy.purposes}
    links = {each.name: each.linkable_with for each in policy.domains}
    for each in policy.domains:
        if purposes.get(each.name) != each.purpose:
            raise PolicyInvalid(f"domains.{each.name}", "a domain serves a purpose", "declare the domain of a purpose")
        for other in sorted(each.linkable_with):
            if each.name not in links.get(other, frozenset()):
                rule = "two domains are linkable where both say so"
                raise PolicyInvalid(f"domains.{each.name}.linkable_with", rule, "add this one there, or drop it here")


def _once(where: str, rule: str, words: list[str]) -> None:
    twice = sorted(word for word, count in Counter(words).items() if count > 1)
    if twice:
        raise PolicyInvalid(where, f"{rule}: {', '.join(twice)}", "remove or rename one of them")
