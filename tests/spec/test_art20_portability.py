"""Article 20: what people provided, used on consent or contract by automated means, is theirs to take elsewhere."""

import io
import json
import zipfile

import pytest

from hub.requests.export import Form, export
from hub.requests.portable import DERIVED, PORTABLE_BASES, portable_tables
from privacy.request import Right, StepRefused
from privacy.terms import LegalBasis
from tests.request_builders import Office


def test_art20_1_it_comes_structured_and_machine_readable(desk: Office) -> None:
    """The copy is JSON with a schema, and CSV beside it."""
    archive = zipfile.ZipFile(io.BytesIO(desk.exported("shop:k1", Form.PORTABLE)))
    assert json.loads(archive.read("data.json"))["identity"]
    assert json.loads(archive.read("schema.json"))["$schema"].startswith("https://json-schema.org/")
    assert "identity.csv" in archive.namelist()


def test_art20_1_only_what_rests_on_consent_or_contract_and_was_not_derived(desk: Office) -> None:
    """The copy holds the tables that such a purpose reads; never what the hub worked out."""
    policy = desk.hub.policy()
    assert {LegalBasis.CONSENT, LegalBasis.CONTRACT} == PORTABLE_BASES
    assert not portable_tables(policy) & DERIVED
    fit = {table for each in policy.purposes if each.legal_basis in PORTABLE_BASES for table in each.tables}
    assert portable_tables(policy) <= fit


def test_art20_4_a_request_for_it_opens_nothing_else(desk: Office) -> None:
    """A portability request gives no access export, which tells more, and nothing of others."""
    request = desk.started("shop:k1", Right.PORTABILITY)
    with pytest.raises(StepRefused, match="another_right"):
        export(desk.hub, request.request_id, Form.JSON, desk.dpo)
    content = export(desk.hub, request.request_id, Form.PORTABLE, desk.dpo).content
    assert b"Per Nordmann" not in zipfile.ZipFile(io.BytesIO(content)).read("data.json")
