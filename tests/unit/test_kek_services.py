"""What is AWS KMS's alone and Vault's alone: what is sent, and what each of their answers means."""

import base64
import os
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError, NoCredentialsError
from botocore.stub import Stubber
from hypothesis import given
from hypothesis import strategies as st
from moto import mock_aws

from hub.errors import SettingsInvalid
from hub.kek.aws_kms import AwsKms
from hub.kek.context import GenerationContext, encryption_context
from hub.kek.label import label_of, labelled
from hub.kek.vault_transit import VaultTransit
from privacy.errors import KekRefused, KekUnavailable, SealBroken
from tests.builders import an_id
from tests.vault_fake import KEY, MOUNT, TOKEN, VaultFake

ARN = "arn:aws:kms:eu-north-1:111122223333:key/0a1b"
CONTEXT = GenerationContext(instance=an_id(7), generation_id=an_id(9))
AAD = CONTEXT.aad
WORDS = {
    "varde:purpose": "key-generation",
    "varde:instance": an_id(7).hex(),
    "varde:generation": an_id(9).hex(),
}


@pytest.fixture(autouse=True)
def _credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")


@pytest.fixture
def stubbed() -> Iterator[tuple[AwsKms, Stubber]]:
    client = boto3.client("kms", region_name="eu-north-1")
    with Stubber(client) as stubber:
        yield AwsKms(client, ARN), stubber


@pytest.fixture
def vault() -> Iterator[VaultFake]:
    fake = VaultFake()
    fake.start()
    yield fake
    fake.stop()


def transit(fake: VaultFake, **environment: str) -> VaultTransit:
    return VaultTransit.of(f"{MOUNT}/{KEY}", fake.environment | environment)


def test_a_generation_is_spelled_in_words_that_a_key_policy_can_demand() -> None:
    assert encryption_context(AAD) == WORDS


@given(st.lists(st.binary(max_size=40), min_size=2, max_size=2, unique=True))
def test_different_data_are_different_words(pair: list[bytes]) -> None:
    assert encryption_context(pair[0]) != encryption_context(pair[1])


@given(st.binary(max_size=20), st.binary(max_size=20), st.binary(max_size=20), st.binary(max_size=20))
def test_different_generations_are_different_words(one: bytes, two: bytes, three: bytes, four: bytes) -> None:
    first = GenerationContext(instance=one, generation_id=two)
    second = GenerationContext(instance=three, generation_id=four)
    same = first == second
    assert (first.aad == second.aad) is same
    assert (encryption_context(first.aad) == encryption_context(second.aad)) is same


def test_kms_is_sent_the_key_and_the_context_each_time(stubbed: tuple[AwsKms, Stubber]) -> None:
    kek, stubber = stubbed
    secret = os.urandom(32)
    encrypt = {"KeyId": ARN, "Plaintext": secret, "EncryptionContext": WORDS}
    stubber.add_response("encrypt", {"CiphertextBlob": b"blob", "KeyId": ARN}, encrypt)
    decrypt = {"KeyId": ARN, "CiphertextBlob": b"blob", "EncryptionContext": WORDS}
    stubber.add_response("decrypt", {"Plaintext": secret, "KeyId": ARN}, decrypt)
    assert kek.unwrap(kek.wrap([secret], [AAD]), [AAD]) == [secret]
    stubber.assert_no_pending_responses()


def test_kms_itself_refuses_without_the_context() -> None:
    """The context is no decoration of ours: who copies the blob out and asks KMS alone gets nothing."""
    with mock_aws():
        client = boto3.client("kms", region_name="eu-north-1")
        kek = AwsKms(client, client.create_key()["KeyMetadata"]["Arn"])
        _, payload = label_of(kek.wrap([bytes(32)], [AAD])[0])
        for context in ({}, WORDS | {"varde:instance": an_id(8).hex()}):
            with pytest.raises(ClientError, match="InvalidCiphertext"):
                client.decrypt(CiphertextBlob=payload, EncryptionContext=context)
        assert client.decrypt(CiphertextBlob=payload, EncryptionContext=WORDS)["Plaintext"] == bytes(32)


def test_an_alias_or_id_is_known_by_the_arn_behind_it() -> None:
    with mock_aws():
        client = boto3.client("kms", region_name="eu-north-1")
        made = client.create_key()["KeyMetadata"]
        client.create_alias(AliasName="alias/varde", TargetKeyId=made["KeyId"])
        names = ("alias/varde", made["KeyId"], made["Arn"])
        keks = [AwsKms.of(f"{name}?region=eu-north-1") for name in names]
        assert {kek.kek_id for kek in keks} == {f"aws-kms:{made['Arn']}"}
        (wrapped,) = keks[0].wrap([bytes(32)], [AAD])
        assert [kek.unwrap([wrapped], [AAD]) for kek in keks] == [[bytes(32)]] * 3


@pytest.mark.parametrize(
    ("code", "meaning"),
    [
        ("InvalidCiphertextException", SealBroken),
        *((code, KekRefused) for code in ("AccessDeniedException", "DisabledException", "KMSInvalidStateException")),
        *((code, KekRefused) for code in ("NotFoundException", "ExpiredTokenException", "UnrecognizedClientException")),
        *((code, KekUnavailable) for code in ("KMSInternalException", "ThrottlingException", "IncorrectKeyException")),
        *((code, KekUnavailable) for code in ("DependencyTimeoutException", "SomethingNew")),
    ],
)
def test_each_answer_of_kms_means_one_thing(stubbed: tuple[AwsKms, Stubber], code: str, meaning: type) -> None:
    kek, stubber = stubbed
    stubber.add_client_error("decrypt", code, service_message="arn of Zq7")
    with pytest.raises((SealBroken, KekUnavailable)) as caught:
        kek.unwrap([labelled(f"aws-kms:{ARN}", b"blob")], [AAD])
    assert type(caught.value) is meaning
    assert "Zq7" not in str(caught.value)


def test_kms_without_credentials_is_unavailable(monkeypatch: pytest.MonkeyPatch) -> None:
    class Poor:
        def encrypt(self, **_: Any) -> None:
            raise NoCredentialsError

    with pytest.raises(KekUnavailable, match="NoCredentialsError"):
        AwsKms(Poor(), ARN).wrap([bytes(32)], [AAD])


@pytest.mark.parametrize("place", ["", "?region=eu-north-1", "key?regon=eu-north-1", "key?region=not a region"])
def test_a_kms_key_that_cannot_be_read_is_refused(place: str) -> None:
    with pytest.raises(SettingsInvalid) as caught:
        AwsKms.of(place)
    assert caught.value.name == "VARDE_KEK"


def test_kms_takes_the_region_of_an_arn() -> None:
    assert AwsKms.of(ARN)._client.meta.region_name == "eu-north-1"
    assert AwsKms.of(f"{ARN}?region=eu-west-1")._client.meta.region_name == "eu-west-1"


def test_vault_is_sent_batches_with_associated_data_and_no_bare_secret(vault: VaultFake) -> None:
    kek, secrets = transit(vault), [os.urandom(32) for _ in range(3)]
    wrapped = kek.wrap(secrets, [AAD] * 3)
    assert vault.requests == [("POST", f"/v1/{MOUNT}/encrypt/{KEY}")]
    items = vault.bodies[0]["batch_input"]
    assert [item["associated_data"] for item in items] == [base64.b64encode(AAD).decode()] * 3
    assert kek.unwrap(wrapped, [AAD] * 3) == secrets
    assert len(vault.requests) == 2


def test_an_old_vault_that_ignores_associated_data_binds_all_the_same(vault: VaultFake) -> None:
    vault.knows_associated_data = False
    kek = transit(vault)
    wrapped = kek.wrap([bytes(32)], [AAD])
    assert kek.unwrap(wrapped, [AAD]) == [bytes(32)]
    with pytest.raises(SealBroken, match="moved"):
        kek.unwrap(wrapped, [b"other"])


def test_a_rotated_vault_key_opens_old_and_new(vault: VaultFake) -> None:
    kek = transit(vault)
    before, first = kek.wrap([bytes(32)], [AAD]), kek.kek_id
    vault.rotate()
    after = kek.wrap([bytes(32)], [AAD])
    assert (first, kek.kek_id) == (f"vault:{MOUNT}/{KEY}:v1", f"vault:{MOUNT}/{KEY}:v2")
    assert [label_of(each[0])[0] for each in (before, after)] == [first, kek.kek_id]
    assert kek.unwrap(before + after, [AAD] * 2) == [bytes(32)] * 2


def test_a_label_that_names_another_version_than_its_ciphertext_is_refused(vault: VaultFake) -> None:
    kek = transit(vault)
    _, payload = label_of(kek.wrap([bytes(32)], [AAD])[0])
    for blob in (labelled(f"vault:{MOUNT}/{KEY}:v2", payload), labelled(f"vault:{MOUNT}/{KEY}:v1", b"vault:v1:?")):
        with pytest.raises(SealBroken):
            kek.unwrap([blob], [AAD])


@pytest.mark.parametrize(
    ("trouble", "meaning", "told"),
    [
        ({"sealed": True}, KekUnavailable, "sealed"),
        ({"denied": True}, KekRefused, "403"),
        ({"broken_status": 500}, KekUnavailable, "500"),
        ({"broken_status": 429}, KekUnavailable, "429"),
        ({"broken_status": 307}, KekUnavailable, "307"),
        ({"broken_status": 404}, KekRefused, "404"),
    ],
)
def test_each_answer_of_vault_means_one_thing(
    vault: VaultFake, trouble: dict[str, Any], meaning: type, told: str
) -> None:
    kek = transit(vault)
    wrapped = kek.wrap([bytes(32)], [AAD])
    for name, value in trouble.items():
        setattr(vault, name, value)
    for act in (lambda: kek.unwrap(wrapped, [AAD]), lambda: kek.wrap([bytes(32)], [AAD]), lambda: kek.kek_id):
        with pytest.raises(KekUnavailable, match=told) as caught:
            act()
        assert type(caught.value) is meaning
        assert TOKEN not in str(caught.value)


def test_a_wrong_token_is_refused_and_never_follows_a_redirect(vault: VaultFake) -> None:
    with pytest.raises(KekRefused):
        transit(vault, VAULT_TOKEN="wrong").wrap([bytes(32)], [AAD])  # noqa: S106 - a token that opens nothing
    vault.broken_status = 307
    vault.requests.clear()
    with pytest.raises(KekUnavailable):
        transit(vault).wrap([bytes(32)], [AAD])
    assert len(vault.requests) == 1


@pytest.mark.parametrize("name", ["http_proxy", "HTTP_PROXY", "all_proxy"])
def test_no_proxy_is_shown_the_token(vault: VaultFake, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(name, "http://127.0.0.1:1")
    assert len(transit(vault).wrap([bytes(32)], [AAD])) == 1


@pytest.mark.parametrize(
    ("environment", "named"),
    [
        ({"VAULT_TOKEN": TOKEN}, "VAULT_ADDR"),
        ({"VAULT_ADDR": "vault.example.org", "VAULT_TOKEN": TOKEN}, "VAULT_ADDR"),
        ({"VAULT_ADDR": "http://vault.example.org:8200", "VAULT_TOKEN": TOKEN}, "VAULT_ADDR"),
        ({"VAULT_ADDR": "https://user:Zq7@vault.example.org", "VAULT_TOKEN": TOKEN}, "VAULT_ADDR"),
        ({"VAULT_ADDR": "https://vault.example.org"}, "VAULT_TOKEN"),
    ],
)
def test_vault_without_address_or_token_is_refused(environment: dict[str, str], named: str) -> None:
    with pytest.raises(SettingsInvalid) as caught:
        VaultTransit.of("transit/varde", environment)
    assert caught.value.name == named
    assert "Zq7" not in str(caught.value)


@pytest.mark.parametrize(
    "place", ["", "varde", "/varde", "transit/", "transit/../Zq7", "//Zq7", "a b/c", "transit/v?x"]
)
def test_a_transit_key_that_cannot_be_read_is_refused(vault: VaultFake, place: str) -> None:
    with pytest.raises(SettingsInvalid) as caught:
        VaultTransit.of(place, vault.environment)
    assert "Zq7" not in str(caught.value)


@pytest.mark.parametrize("answer", [b"", b"[]", b"<html>", b'{"data": {"batch_results": []}}', b'{"data": 7}'])
def test_an_answer_that_is_none_is_no_key(vault: VaultFake, monkeypatch: pytest.MonkeyPatch, answer: bytes) -> None:
    import json as _json

    from tests import vault_fake

    class Words:
        dumps = staticmethod(lambda _content: answer.decode())
        loads = staticmethod(_json.loads)

    monkeypatch.setattr(vault_fake, "json", Words)
    with pytest.raises(KekUnavailable):
        transit(vault).wrap([bytes(32)], [AAD])
