import json
from dataclasses import fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from privacy.audit import MOST_BYTES, SHAPES, AuditFieldRefused, AuditFields, entry_bytes, parse_entry
from privacy.terms import (
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
from privacy.verifier import ProofRejected, leaf_hash
from tests.privacy_builders import on

LOG: dict[str, Any] = json.loads((Path(__file__).parents[1] / "vectors" / "audit_log.json").read_text(encoding="utf-8"))
ACTOR = PrincipalId(b"\xa0" * 16)
SALT = bytes(range(16))

FULL = AuditFields(
    principal=PrincipalId(b"p" * 16),
    role=Role.DPO,
    four_eyes=False,
    act_id=b"a" * 16,
    request=b"q" * 16,
    view="churn_signals",
    view_version=0,
    purpose="churn",
    legal_basis=LegalBasis.CONSENT,
    as_of=datetime(2025, 3, 1, 0, 0, 0, 1, tzinfo=UTC),
    model="0123456789abcdef" * 2,
    module="churn",
    epoch=12,
    domain_version=2,
    use="help_offered",
    prohibited_uses=("refusal",),
    rows=0,
    absent={"objected": 2, "k_group": 0},
    columns=("recency_days",),
    size_bytes=2**63 - 1,
    opened=3,
    attempts=1000,
    micro_epsilon=500_000,
    sha256="ab" * 32,
    batch=BatchId(b"b" * 16),
    source="erp",
    contract="erp_orders",
    records=(RecordId(b"1" * 16), RecordId(b"2" * 16)),
    entity=EntityId(b"e" * 16),
    key=KeyId(b"k" * 16),
    erasure=b"x" * 16,
    intent=41,
    log_number=1,
    log_size=7,
    log_root="33" * 32,
    act=ConsentAct.OBJECTED,
    channel=ActChannel.GPC,
    state=ConsentState.UNKNOWN,
    notice_version="privacy-2025-01",
    policy_hash="0a" * 32,
    view_hash="0b" * 32,
    purpose_hash="0c" * 32,
    software_version="0.1.0",
    reason="quota.exceeded",
    outcome="done",
)


def written(**values: Any) -> bytes:
    return entry_bytes("view.release", at=on(1), actor=ACTOR, fields=AuditFields(**values), salt=SALT)


def test_every_field_has_a_shape_and_no_shape_is_without_field() -> None:
    assert {field.name for field in fields(AuditFields)} == set(SHAPES)
    assert {name for name, _ in FULL} == set(SHAPES), "the example below must use every field"


def test_entry_comes_back_as_it_was_written() -> None:
    entry = entry_bytes("view.release", at=on(1), actor=ACTOR, fields=FULL, salt=SALT)
    parsed = parse_entry(entry)
    assert parsed.fields == FULL
    assert (parsed.action, parsed.at, parsed.actor, parsed.salt) == ("view.release", on(1), ACTOR, SALT)


def test_fields_that_are_not_set_leave_no_trace() -> None:
    assert json.loads(written(rows=0))["fields"] == {"rows": 0}
    assert written() == written(rows=None)


def test_entries_of_the_vectors_are_canonical_and_hash_to_their_leaves() -> None:
    for body, leaf in zip(LOG["bodies"], LOG["leaves"], strict=True):
        parsed = parse_entry(body.encode())
        again = entry_bytes(parsed.action, at=parsed.at, actor=parsed.actor, fields=parsed.fields, salt=parsed.salt)
        assert again == body.encode()
        assert leaf_hash(again).hex() == leaf


def test_salt_makes_equal_acts_unlike() -> None:
    one, other = (entry_bytes("a", at=on(1), actor=ACTOR, fields=FULL, salt=bytes([n] * 16)) for n in (1, 2))
    assert leaf_hash(one) != leaf_hash(other)


PERSONAL = [
    "ola.nordmann@example.com",
    "Ola Nordmann",
    "ola nordmann",
    "Ola",
    "åse",
    "+4722334455",
    "22334455",
    "tel22334455",
    "01010112345",
    "n01010112345",
    "https://example.com/x",
    "line\nbreak",
    "zebra\n",
    "x" * 65,
    "",
    "_x",
]
TEXT_FIELDS = [name for name, value in FULL if isinstance(value, str)]


@pytest.mark.parametrize("name", TEXT_FIELDS)
@pytest.mark.parametrize("value", PERSONAL)
def test_personal_data_fits_no_field(name: str, value: str) -> None:
    with pytest.raises(AuditFieldRefused) as refused:
        AuditFields(**{name: value})  # type: ignore[arg-type] # the name is chosen at run time
    assert refused.value.field == name
    assert not value.strip() or value.strip() not in str(refused.value)


@pytest.mark.parametrize("value", PERSONAL)
def test_personal_data_fits_no_list_of_words_and_no_action(value: str) -> None:
    for wrong in ({"columns": (value,)}, {"columns": ("sound", value)}, {"absent": {value: 1}}):
        with pytest.raises(AuditFieldRefused):
            AuditFields(**wrong)
    with pytest.raises(AuditFieldRefused, match="action"):
        entry_bytes(value, at=on(1), actor=ACTOR, fields=AuditFields(), salt=SALT)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("rows", -1),
        ("rows", 2**63),
        ("rows", True),
        ("rows", 1.0),
        ("rows", "1"),
        ("absent", {"objected": "many"}),
        ("absent", ["objected"]),
        ("columns", "recency"),
        ("columns", ["recency"]),
        ("records", (b"short",)),
        ("records", (b"1" * 16, "x" * 16)),
        ("entity", b"e" * 15),
        ("entity", "e" * 16),
        ("sha256", "AB" * 32),
        ("sha256", "ab" * 31),
        ("four_eyes", 1),
        ("as_of", datetime(2025, 3, 1)),  # noqa: DTZ001 - the naive instant is what must be refused
        ("as_of", 1740787200000000),
        ("role", "dpo"),
        ("model", "0" * 31),
        ("software_version", "1"),
        ("software_version", "1.0 by ola"),
    ],
)
def test_value_of_another_shape_is_refused(name: str, value: Any) -> None:
    with pytest.raises(AuditFieldRefused, match=name):
        AuditFields(**{name: value})


@pytest.mark.parametrize("version", ["0.1.0", "1.2", "2.0.0rc1", "0.1.0.dev12", "1.0+local.1"])
def test_version_numbers_pass(version: str) -> None:
    assert AuditFields(software_version=version).software_version == version


def test_actor_salt_and_instant_have_their_shapes() -> None:
    with pytest.raises(AuditFieldRefused, match="actor"):
        entry_bytes("a", at=on(1), actor=PrincipalId(b"ola"), fields=AuditFields(), salt=SALT)
    with pytest.raises(AuditFieldRefused, match="salt"):
        entry_bytes("a", at=on(1), actor=ACTOR, fields=AuditFields(), salt=b"salt")
    with pytest.raises(ValueError, match="time zone"):
        entry_bytes(
            "a",
            at=datetime(2025, 3, 1),  # noqa: DTZ001 - the naive instant is what must be refused
            actor=ACTOR,
            fields=AuditFields(),
            salt=SALT,
        )


def test_entry_has_a_greatest_length() -> None:
    many = tuple(RecordId(n.to_bytes(16)) for n in range(MOST_BYTES // 35 + 10))
    with pytest.raises(AuditFieldRefused, match="at most"):
        written(records=many)


SOUND = json.loads(written(rows=1, records=(RecordId(b"1" * 16),)))


def forged(**changes: Any) -> bytes:
    entry = {key: value for key, value in (SOUND | changes).items() if value is not ...}
    return json.dumps(entry, sort_keys=True, separators=(",", ":")).encode()


@pytest.mark.parametrize(
    "entry",
    [
        b"",
        b"\xff",
        b"[]",
        b"null",
        b"[" * 100_000,
        json.dumps(SOUND).encode(),
        forged(note="free text"),
        forged(fields={"rows": 1, "note": "free text"}),
        forged(fields={"rows": "1"}),
        forged(fields={"records": "31" * 16}),
        forged(fields={"records": [1]}),
        forged(fields={"columns": "recency"}),
        forged(fields={"rows": None}),
        forged(fields=[]),
        forged(at=...),
        forged(at="now"),
        forged(at=10**30),
        forged(at=1.5),
        forged(format=2),
        forged(actor="A0" * 16),
        forged(actor="a0"),
        forged(salt=5),
        forged(action="Free Text"),
        b" " + forged(),
        forged() + b"\n",
        forged().replace(b'"rows":1', b'"rows":1,"rows":1'),
        forged().replace(b'"rows":1', b'"rows":1e0'),
    ],
)
def test_bytes_that_we_could_not_have_written_are_no_entry(entry: bytes) -> None:
    with pytest.raises(ProofRejected, match="audit entry"):
        parse_entry(entry)


def test_the_forgeries_start_from_a_sound_entry() -> None:
    assert parse_entry(forged()).fields.rows == 1
