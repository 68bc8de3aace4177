from typing import Any

import pytest

from privacy.errors import PolicyInvalid, PurposeUnknown
from privacy.policy import policy_of, verify_versions
from privacy.purposes import LANGUAGES, Policy, PurposeText, policy_hash, purpose_hash, texts_hash
from privacy.retention import RetentionRule, RetentionStart
from privacy.terms import DataCategory, LegalBasis, PurposeId
from tests.privacy_builders import NOTICE, a_pack, a_purpose


def test_pack_becomes_the_policy_it_declares() -> None:
    policy = policy_of(a_pack())
    churn, winback = policy.purposes
    assert (policy.version, policy.minimum_redactor_version) == (3, 2)
    assert churn.legal_basis is LegalBasis.LEGITIMATE_INTERESTS
    assert churn.accepted_notices == {NOTICE, "privacy-2024-06"}
    assert churn.texts["nn"] == PurposeText("Churn", "Who may leave.")
    assert winback.domain == "winback"
    assert winback.accepted_notices == {NOTICE}
    assert not winback.recipients
    assert (winback.direct_marketing, winback.automated_decision) == (True, False)
    assert policy.retention[1] == RetentionRule(
        table="orders",
        data_category=DataCategory.BEHAVIOUR,
        days=1826,
        starts=RetentionStart.EVENT_TIME,
        statutory="bokføringsloven § 13",
    )


def test_purpose_is_found_by_id_or_refused_without_repeating_what_was_asked() -> None:
    policy = policy_of(a_pack())
    assert policy.purpose("winback").id == "winback"
    with pytest.raises(PurposeUnknown, match="no such purpose") as refused:
        policy.purpose("nothing")
    assert "nothing" not in str(refused.value)  # whoever types a name for a purpose must not find it in a log


def changed(path: str, value: Any) -> dict[str, Any]:
    """Return the pack with one field set, or dropped where the value is `...`."""
    pack = a_pack()
    node: Any = pack
    *way, last = path.split("/")
    for step in way:
        node = node[int(step)] if isinstance(node, list) else node[step]
    if value is ...:
        del node[last]
    else:
        node[last] = value
    return pack


@pytest.mark.parametrize(
    ("path", "value", "where"),
    [
        ("version", ..., "policy.version"),
        ("version", 0, "policy.version"),
        ("version", True, "policy.version"),
        ("minimum_redactor_version", "two", "policy.minimum_redactor_version"),
        ("owner", "me", "policy.owner"),
        ("purposes", ..., "policy.purposes"),
        ("purposes", ["churn"], "purposes"),
        ("purposes/churn", None, "purposes.churn"),
        ("purposes/churn/direct_markting", True, "purposes.churn.direct_markting"),
        ("purposes/churn/direct_marketing", "no", "purposes.churn.direct_marketing"),
        ("purposes/churn/legal_basis", "because", "purposes.churn.legal_basis"),
        ("purposes/churn/data_categories", ["gossip"], "purposes.churn.data_categories"),
        ("purposes/churn/data_categories", "behaviour", "purposes.churn.data_categories"),
        ("purposes/churn/tables", [7], "purposes.churn.tables"),
        ("purposes/churn/notice_version", " ", "purposes.churn.notice_version"),
        ("purposes/churn/texts/nb", {"name": "x"}, "purposes.churn.texts.nb.description"),
        ("purposes/churn/texts/nb/tone", "warm", "purposes.churn.texts.nb.tone"),
        ("purposes/churn/texts", {1: {}}, "purposes.churn.texts"),
        ("retention", {"table": "usage"}, "policy.retention"),
        ("retention/0", "usage", "retention[0]"),
        ("retention/0/starts", "someday", "retention[0].starts"),
        ("retention/0/colour", "red", "retention[0].colour"),
    ],
)
def test_pack_is_refused_at_the_field_that_is_wrong(path: str, value: Any, where: str) -> None:
    pack = a_pack()
    if path == "retention/0":
        pack["retention"][0] = value
    else:
        pack = changed(path, value)
    with pytest.raises(PolicyInvalid) as refused:
        policy_of(pack)
    assert refused.value.where == where


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"id": PurposeId("*")}, "slugs"),
        ({"tables": frozenset({"Orders"})}, "slugs"),
        ({"version": 0}, "count from 1"),
        ({"retention_days": 0}, "at least a day"),
        ({"tables": frozenset()}, "tables"),
        ({"data_categories": frozenset()}, "data categories"),
        ({"texts": {}}, "lack nb, nn, sv, en, de"),
        ({"accepted_notices": frozenset({"older"})}, "today's notice"),
        ({"legal_basis": LegalBasis.PUBLIC_TASK, "automated_decision": True}, r"Art\. 22\(2\)"),
        ({"automated_decision": True, "dpia_ref": None}, r"Art\. 35"),
        ({"data_categories": frozenset({DataCategory.REDACTED_TEXT}), "dpia_ref": None}, r"Art\. 35"),
    ],
)
def test_purpose_that_breaks_a_rule_cannot_be_made(changes: dict[str, Any], rule: str) -> None:
    with pytest.raises(PolicyInvalid, match=rule):
        a_purpose(**changes)


def test_two_purposes_never_share_a_domain() -> None:
    with pytest.raises(PolicyInvalid, match="serves one purpose: winback"):
        Policy(version=1, purposes=(a_purpose(), a_purpose(id=PurposeId("churn"))))


def test_two_retention_rules_never_share_a_table_and_category() -> None:
    rule = RetentionRule(table="usage", data_category=DataCategory.BEHAVIOUR, days=3)
    with pytest.raises(PolicyInvalid, match="usage/behaviour"):
        Policy(version=1, purposes=(), retention=(rule, rule))


TEXTS = {language: PurposeText("other", "words") for language in LANGUAGES}
RULES: dict[str, Any] = {
    "version": 2,
    "legal_basis": LegalBasis.CONTRACT,
    "data_categories": frozenset({DataCategory.QUASI_IDENTIFIER}),
    "tables": frozenset({"usage"}),
    "recipients": frozenset({"sales"}),
    "retention_days": 7,
    "automated_decision": True,
    "direct_marketing": True,
    "domain": "other",
    "accepted_notices": frozenset({NOTICE, "older"}),
}
PAPER: dict[str, Any] = {"lia_ref": "LIA-9", "dpia_ref": "DPIA-9", "texts": TEXTS}


@pytest.mark.parametrize("name", RULES)
def test_purpose_hash_binds_every_rule(name: str) -> None:
    assert purpose_hash(a_purpose(**{name: RULES[name]})) != purpose_hash(a_purpose())


@pytest.mark.parametrize("name", [name for name in RULES if name != "version"])
def test_one_version_of_a_purpose_stands_for_one_set_of_rules(name: str) -> None:
    first, second = a_purpose(), a_purpose(version=2, **{name: RULES[name]})
    history = [
        Policy(version=1, purposes=(first,)),
        Policy(version=2, purposes=()),
        Policy(version=3, purposes=(second,)),
    ]
    for changes in ({name: RULES[name]}, {"version": 2}):  # neither may take the version of the other, gone or not
        with pytest.raises(
            PolicyInvalid, match=r"purposes\.winback: rules changed under version \d; raise the version"
        ):
            verify_versions(Policy(version=4, purposes=(a_purpose(**changes),)), history)
    for back in (first, second, a_purpose(version=3, **{name: RULES[name]}), a_purpose(**PAPER)):
        verify_versions(Policy(version=4, purposes=(back,)), history)


@pytest.mark.parametrize("name", PAPER)
def test_purpose_hash_does_not_bind_paper(name: str) -> None:
    assert purpose_hash(a_purpose(**{name: PAPER[name]})) == purpose_hash(a_purpose())


def test_texts_are_hashed_apart() -> None:
    assert texts_hash(a_purpose(texts=TEXTS)) != texts_hash(a_purpose())
    assert texts_hash(a_purpose(version=2)) == texts_hash(a_purpose())


def test_policy_hash_binds_everything_and_no_order() -> None:
    policy = policy_of(a_pack())
    turned = Policy(
        version=policy.version,
        purposes=policy.purposes[::-1],
        retention=policy.retention[::-1],
        minimum_redactor_version=policy.minimum_redactor_version,
    )
    assert policy_hash(turned) == policy_hash(policy)
    hashes = {policy_hash(policy)}
    for path, value in (
        ("version", 4),
        ("minimum_redactor_version", 3),
        ("purposes/churn/version", 3),
        ("purposes/churn/lia_ref", "LIA-2"),
        ("purposes/churn/texts/nb/name", "Frafall"),
        ("retention/0/days", 3),
    ):
        hashes.add(policy_hash(policy_of(changed(path, value))))
    assert len(hashes) == 7


def test_hashes_are_stable_across_releases() -> None:
    """Approvals bind these hashes: a new field or another order of JSON would close every approved view."""
    assert purpose_hash(a_purpose()) == "a7b5e262f5ee65cf94c1939e159cad8c21fb5af164012efc32107530f118aba0"
    assert texts_hash(a_purpose()) == "3356e4952b2f1da55fcda3e2f469935bfd9ccbd61340d538a8dfa529c7e99b11"
    assert policy_hash(policy_of(a_pack())) == "b3721d866d0ace95046e2e8fb6684679092e125964dce0f1e878b55086d58ce4"
