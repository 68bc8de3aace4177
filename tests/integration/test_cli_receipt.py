"""`varde receipt`: anybody checks a receipt by public keys alone, without a home."""

import json
from pathlib import Path
from typing import Any

import pytest

from hub.compose import open_hub
from hub.receipts import signed_receipt
from hub.settings import Settings
from privacy.receipt import verify_receipt
from privacy.store.receipt import recorded_acts
from tests.integration.cli_desk import Desk, tick
from tests.integration.test_cli_subject_token import desk

__all__ = ["desk"]


def receipts(desk: Desk, who: str = "shop:1") -> list[str]:
    """Sign the receipts of all that a customer has said."""
    from hub.consents import find_subject

    hub = open_hub(Settings.load({}, desk.home), clock=tick)
    try:
        records = find_subject(hub, who).records
        with hub.reading() as session:
            acts = recorded_acts(session, records)
            return [signed_receipt(hub, session, records, act.receipt_id) for act in acts]
    finally:
        hub.engine.dispose()


def test_receipt_of_an_agents_entry_is_verified_without_a_home(desk: Desk, tmp_path: Path) -> None:
    desk.run("consent", "object", "shop:1", "churn", role="agent")
    (compact,) = receipts(desk)
    file, keys = desk.file("receipt.jws", compact + "\n"), desk.file("keys.json", desk.run("receipt", "keys").stdout)
    ended = desk.run("--home", str(tmp_path / "nowhere"), "receipt", "verify", file, "--key", keys)
    assert ended.exit_code == 0, ended.stderr
    told: dict[str, Any] = json.loads(ended.stdout)
    assert told == verify_receipt(compact, json.loads(Path(keys).read_text()))
    assert told["dpv:hasRecordOfActivity"]["dpv:hasRelatedActivity"]["dpv:hasIndicationMethod"] == "agent"


@pytest.mark.parametrize(
    ("receipt", "keys", "code"),
    [
        ("changed", "good", 2),
        ("not a receipt", "good", 2),
        ("good", "{}", 2),
        ("good", "[]", 2),
        ("good", "{", 2),
        ("bø", "good", 2),
    ],
)
def test_what_does_not_verify_is_refused_and_not_repeated(desk: Desk, receipt: str, keys: str, code: int) -> None:
    desk.run("consent", "object", "shop:1", "churn", role="agent")
    (compact,) = receipts(desk)
    texts = {"good": compact, "changed": compact[:-2] + ("AA" if compact[-2:] != "AA" else "BB")}
    known = desk.run("receipt", "keys").stdout if keys == "good" else keys
    file, key = desk.file("receipt.jws", texts.get(receipt, receipt)), desk.file("keys.json", known)
    ended = desk.run("receipt", "verify", file, "--key", key)
    assert (ended.exit_code, ended.stdout) == (code, "")
    assert compact[:40] not in ended.stderr


def test_scientist_may_not_take_keys_out(desk: Desk) -> None:
    assert desk.run("receipt", "keys", role="scientist").exit_code == 4


def test_missing_file_is_usage(desk: Desk) -> None:
    assert desk.run("receipt", "verify", desk.path("none"), "--key", desk.path("none")).exit_code == 2
