"""Read a policy pack (a mapping, as YAML or JSON gives it) into a `Policy`, refusing whatever it does not know.

Every refusal is a `PolicyInvalid` with the path of the field, the rule and the remedy. Unknown fields are
refused, too: a misspelt `direct_markting` must not quietly mean false.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import TypeVar

from privacy.domain import DomainRecord, PseudonymAlgorithm, QuasiIdentifierTreatment, generated_domain
from privacy.errors import PolicyInvalid
from privacy.purposes import Policy, Purpose, PurposeText, version_hash
from privacy.reidentification import ReidentificationRules
from privacy.retention import RetentionRule, RetentionStart
from privacy.terms import DataCategory, DomainName, LegalBasis, PurposeId, Role

_Word = TypeVar("_Word", bound=StrEnum)

_POLICY = frozenset({"version", "minimum_redactor_version", "purposes", "domains", "retention"})
_PURPOSE = frozenset(Purpose.__dataclass_fields__) - {"id"}
_RULE = frozenset(RetentionRule.__dataclass_fields__)
_TEXT = frozenset(PurposeText.__dataclass_fields__)
_DOMAIN = frozenset(DomainRecord.__dataclass_fields__) - {"name", "purpose", "keys"}
_REIDENTIFICATION = frozenset(ReidentificationRules.__dataclass_fields__)


def policy_of(pack: Mapping[str, object]) -> Policy:
    """Check a policy pack field by field and return the policy it declares.

    `purposes` maps ids to their fields; optional are `accepted_notices` (default: today's notice),
    `recipients`, `lia_ref`, `dpia_ref`, `automated_decision`, `direct_marketing` (default: false),
    `domain` (default: the purpose's id) and `reidentification` (default: nobody may). `domains` maps a
    domain to the fields of its record, all optional but `members`. `retention` is a list of rules: table,
    data_category, days, optional starts and statutory.

    Raises:
        PolicyInvalid: a field is missing, unknown or of the wrong kind, or a rule is broken.

    """
    node = _Node("policy", pack)
    node.only(_POLICY)
    named, declared = _Node("purposes", node.need("purposes")), _Node("domains", node.fields.get("domains", {}))
    purposes = tuple(_purpose_of(name, named.child(name)) for name in named.fields)
    purpose_of = {purpose.domain: purpose.id for purpose in purposes}
    return Policy(
        version=node.number("version"),
        minimum_redactor_version=node.number("minimum_redactor_version", default=1),
        purposes=purposes,
        domains=tuple(
            _domain_of(DomainName(name), purpose_of.get(DomainName(name)), declared.child(name))
            for name in declared.fields
        ),
        retention=tuple(
            _retention_of(_Node(f"retention[{at}]", rule)) for at, rule in enumerate(node.items("retention"))
        ),
    )


def verify_versions(proposed: Policy, earlier: Iterable[Policy]) -> None:
    """Refuse a purpose whose rules are not those that its version has stood for: acts and audit entries name it.

    Texts and references may be mended under one version, and a policy that was in force may come back as it was.

    Raises:
        PolicyInvalid: names the purpose and the version.

    """
    stood = {(one.id, one.version): version_hash(one) for policy in earlier for one in policy.purposes}
    for purpose in proposed.purposes:
        rules = version_hash(purpose)
        if stood.get((purpose.id, purpose.version), rules) != rules:
            rule = f"rules changed under version {purpose.version}"
            raise PolicyInvalid(f"purposes.{purpose.id}", rule, "raise the version")


@dataclass(frozen=True, slots=True, init=False)
class _Node:
    """A mapping inside the pack together with its path, so that every refusal can name the place."""

    where: str
    fields: Mapping[str, object]

    def __init__(self, where: str, value: object) -> None:
        if not isinstance(value, Mapping) or not all(isinstance(key, str) for key in value):
            raise PolicyInvalid(where, "must be a mapping with text keys", "indent its fields below it")
        object.__setattr__(self, "where", where)
        object.__setattr__(self, "fields", value)

    def only(self, known: frozenset[str]) -> None:
        unknown = sorted(set(self.fields) - known)
        if unknown:
            raise PolicyInvalid(f"{self.where}.{unknown[0]}", "unknown field", f"known are {', '.join(sorted(known))}")

    def need(self, key: str) -> object:
        if key not in self.fields:
            raise PolicyInvalid(f"{self.where}.{key}", "missing", "add the field")
        return self.fields[key]

    def child(self, key: str) -> "_Node":
        return _Node(f"{self.where}.{key}", self.need(key))

    def number(self, key: str, *, default: int | None = None) -> int:
        value = self.fields.get(key, default) if default is not None else self.need(key)
        if not isinstance(value, int) or isinstance(value, bool) or value < 1:
            raise PolicyInvalid(f"{self.where}.{key}", "must be a whole number of 1 or more", "write it in digits")
        return value

    def flag(self, key: str) -> bool:
        value = self.fields.get(key, False)
        if not isinstance(value, bool):
            raise PolicyInvalid(f"{self.where}.{key}", "must be true or false", "write true or false without quotes")
        return value

    def text(self, key: str) -> str:
        return _text(f"{self.where}.{key}", self.need(key))

    def find_text(self, key: str) -> str | None:
        return None if self.fields.get(key) is None else self.text(key)

    def find_instant(self, key: str) -> datetime | None:
        """Read a date (its midnight in UTC) or an instant with its zone."""
        text = self.find_text(key)
        if text is None:
            return None
        try:
            at = datetime.fromisoformat(text)
        except ValueError:
            remedy = 'write "2026-01-31" or "2026-01-31T12:00:00Z", in quotes'
            raise PolicyInvalid(f"{self.where}.{key}", "must be a date or an instant", remedy) from None
        return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)

    def items(self, key: str) -> list[object]:
        value = self.fields.get(key, [])
        if not isinstance(value, list | tuple):
            raise PolicyInvalid(f"{self.where}.{key}", "must be a list", "write it as [a, b]")
        return list(value)

    def words(self, key: str) -> frozenset[str]:
        where = f"{self.where}.{key}"
        return frozenset(_text(where, word) for word in self.items(key))


def _purpose_of(name: str, node: _Node) -> Purpose:
    node.only(_PURPOSE)
    notice = node.text("notice_version")
    return Purpose(
        id=PurposeId(name),
        version=node.number("version"),
        legal_basis=_word(LegalBasis, f"{node.where}.legal_basis", node.text("legal_basis")),
        texts={language: _text_of(node.child("texts").child(language)) for language in node.child("texts").fields},
        data_categories=frozenset(
            _word(DataCategory, f"{node.where}.data_categories", word) for word in node.words("data_categories")
        ),
        tables=node.words("tables"),
        recipients=node.words("recipients"),
        retention_days=node.number("retention_days"),
        automated_decision=node.flag("automated_decision"),
        direct_marketing=node.flag("direct_marketing"),
        domain=DomainName(node.find_text("domain") or name),
        lia_ref=node.find_text("lia_ref"),
        dpia_ref=node.find_text("dpia_ref"),
        notice_version=notice,
        accepted_notices=node.words("accepted_notices") or frozenset({notice}),
        reidentification=_reidentification_of(node),
    )


def _reidentification_of(purpose: _Node) -> ReidentificationRules | None:
    if purpose.fields.get("reidentification") is None:
        return None
    node = purpose.child("reidentification")
    node.only(_REIDENTIFICATION)
    approvers = _roles_of(node, "approvers") or frozenset({Role.DPO})
    try:
        return ReidentificationRules(
            roles=_roles_of(node, "roles"),
            attributes=node.words("attributes"),
            reasons=node.words("reasons"),
            per_hour=node.number("per_hour"),
            second_person=node.flag("second_person"),
            approvers=approvers,
            within_minutes=node.number("within_minutes", default=60),
        )
    except PolicyInvalid as exc:
        if exc.where != "reidentification":
            raise
        raise PolicyInvalid(node.where, exc.rule, exc.remedy) from None


def _roles_of(node: _Node, key: str) -> frozenset[Role]:
    return frozenset(_word(Role, f"{node.where}.{key}", word) for word in node.words(key))


def _domain_of(name: DomainName, purpose: PurposeId | None, node: _Node) -> DomainRecord:
    node.only(_DOMAIN)
    if purpose is None:
        raise PolicyInvalid(node.where, "a domain serves a purpose", "declare the domain of a purpose")
    generated = generated_domain(name, purpose)
    treatment = node.find_text("quasi_identifiers") or generated.quasi_identifiers
    algorithm = node.find_text("algorithm") or generated.algorithm
    return DomainRecord(
        name=name,
        purpose=purpose,
        members=node.words("members"),
        algorithm=_word(PseudonymAlgorithm, f"{node.where}.algorithm", algorithm),
        quasi_identifiers=_word(QuasiIdentifierTreatment, f"{node.where}.quasi_identifiers", treatment),
        linkable_with=frozenset(DomainName(word) for word in node.words("linkable_with")),
        linking_ref=node.find_text("linking_ref"),
        valid_from=node.find_instant("valid_from"),
        valid_until=node.find_instant("valid_until"),
        risk_ref=node.find_text("risk_ref"),
    )


def _text_of(node: _Node) -> PurposeText:
    node.only(_TEXT)
    return PurposeText(name=node.text("name"), description=node.text("description"))


def _retention_of(node: _Node) -> RetentionRule:
    node.only(_RULE)
    return RetentionRule(
        table=node.text("table"),
        data_category=_word(DataCategory, f"{node.where}.data_category", node.text("data_category")),
        days=node.number("days"),
        starts=_word(RetentionStart, f"{node.where}.starts", node.find_text("starts") or "event_time"),
        statutory=node.find_text("statutory"),
    )


def _text(where: str, value: object) -> str:
    if not isinstance(value, str) or not value.strip():
        raise PolicyInvalid(where, "must be text that is not empty", "write it in quotes")
    return value


def _word(kind: Callable[[str], _Word], where: str, word: str) -> _Word:
    try:
        return kind(word)
    except ValueError as exc:
        raise PolicyInvalid(where, "not one of the known words", "see the glossary for the list") from exc
