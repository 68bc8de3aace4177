"""Read a policy pack (a mapping, as YAML or JSON gives it) into a `Policy`, refusing whatever it does not know.

Every refusal is a `PolicyInvalid` with the path of the field, the rule and the remedy. Unknown fields are
refused, too: a misspelt `direct_markting` must not quietly mean false.
"""

from collections.abc import Iterable, Mapping

from privacy.domain import DomainRecord, PseudonymAlgorithm, QuasiIdentifierTreatment, generated_domain
from privacy.errors import PolicyInvalid
from privacy.pack_node import Node, word_of
from privacy.purposes import Policy, Purpose, PurposeText, version_hash
from privacy.reidentification import ReidentificationRules
from privacy.retention_pack import SECTIONS, bookkeeping_of, contacts_of, holds_of, rules_of
from privacy.risk import RiskCriterion
from privacy.terms import DataCategory, DomainName, LegalBasis, PurposeId, Role
from privacy.uses import PROHIBITED, Use

_POLICY = frozenset({"version", "minimum_redactor_version", "purposes", "domains"}) | SECTIONS
_PURPOSE = frozenset(Purpose.__dataclass_fields__) - {"id"}
_TEXT = frozenset(PurposeText.__dataclass_fields__)
_DOMAIN = frozenset(DomainRecord.__dataclass_fields__) - {"name", "purpose", "keys"}
_REIDENTIFICATION = frozenset(ReidentificationRules.__dataclass_fields__)


def policy_of(pack: Mapping[str, object]) -> Policy:
    """Check a policy pack field by field and return the policy it declares.

    `purposes` maps ids to their fields; optional are `accepted_notices` (default: today's notice),
    `recipients`, `lia_ref`, `dpia_ref`, `automated_decision`, `direct_marketing` (default: false),
    `domain` (default: the purpose's id), `prohibited_uses` (default: price, refusal, terms), `lia_date`,
    `lia_review_by`, `risk_criteria` and `reidentification` (default: nobody may). `domains` maps a
    domain to the fields of its record, all optional but `members`. What is kept how long (`retention`,
    `statutory_holds`, `bookkeeping`, `contact_events`) is read by `privacy.retention_pack`.

    Raises:
        PolicyInvalid: a field is missing, unknown or of the wrong kind, or a rule is broken.

    """
    node = Node("policy", pack)
    node.only(_POLICY)
    named, declared = Node("purposes", node.need("purposes")), Node("domains", node.fields.get("domains", {}))
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
        retention=rules_of(node),
        statutory_holds=holds_of(node),
        bookkeeping=bookkeeping_of(node),
        contact_events=contacts_of(node),
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


def _purpose_of(name: str, node: Node) -> Purpose:
    node.only(_PURPOSE)
    notice = node.text("notice_version")
    return Purpose(
        id=PurposeId(name),
        version=node.number("version"),
        legal_basis=word_of(LegalBasis, f"{node.where}.legal_basis", node.text("legal_basis")),
        texts={language: _text_of(node.child("texts").child(language)) for language in node.child("texts").fields},
        data_categories=frozenset(
            word_of(DataCategory, f"{node.where}.data_categories", word) for word in node.words("data_categories")
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
        lia_date=node.find_date("lia_date"),
        lia_review_by=node.find_date("lia_review_by"),
        risk_criteria=frozenset(
            word_of(RiskCriterion, f"{node.where}.risk_criteria", word) for word in node.words("risk_criteria")
        ),
        prohibited_uses=_prohibited_of(node),
    )


def _prohibited_of(node: Node) -> frozenset[Use]:
    """Read the uses that a purpose forbids; only a list that is written, be it empty, takes the default away."""
    if "prohibited_uses" not in node.fields:
        return PROHIBITED
    where = f"{node.where}.prohibited_uses"
    return frozenset(word_of(Use, where, word) for word in node.words("prohibited_uses"))


def _reidentification_of(purpose: Node) -> ReidentificationRules | None:
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


def _roles_of(node: Node, key: str) -> frozenset[Role]:
    return frozenset(word_of(Role, f"{node.where}.{key}", word) for word in node.words(key))


def _domain_of(name: DomainName, purpose: PurposeId | None, node: Node) -> DomainRecord:
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
        algorithm=word_of(PseudonymAlgorithm, f"{node.where}.algorithm", algorithm),
        quasi_identifiers=word_of(QuasiIdentifierTreatment, f"{node.where}.quasi_identifiers", treatment),
        linkable_with=frozenset(DomainName(word) for word in node.words("linkable_with")),
        linking_ref=node.find_text("linking_ref"),
        valid_from=node.find_instant("valid_from"),
        valid_until=node.find_instant("valid_until"),
        risk_ref=node.find_text("risk_ref"),
    )


def _text_of(node: Node) -> PurposeText:
    node.only(_TEXT)
    return PurposeText(name=node.text("name"), description=node.text("description"))
