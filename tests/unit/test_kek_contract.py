"""One contract for every provider of a key-encryption key: file, environment, AWS KMS (moto), Vault (a fake)."""

import base64
import copy
import os
import pickle
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from moto import mock_aws

from hub.kek.aws_kms import AwsKms
from hub.kek.context import GenerationContext
from hub.kek.environment import EnvironmentKek
from hub.kek.file import FileKek
from hub.kek.label import label_of
from hub.kek.vault_transit import VaultTransit
from privacy.errors import KekRefused, KekUnavailable, SealBroken
from privacy.keys import KekProvider
from tests.builders import an_id
from tests.vault_fake import KEY, MOUNT, TOKEN, VaultFake

SECRET = b"Zq7-never-shown-0123456789-abcdef"[:32]
ACCESS = "s3cret-of-aws"
HEAD = {"aws-kms": 36}
"""What moto writes before the ciphertext, the key's id, is no part of what KMS would."""


def fail_with(holder: object) -> None:
    raise LookupError(holder)


@dataclass
class Case:
    """A provider, another of its kind, and ways to take the first away."""

    kek: KekProvider
    other: KekProvider
    go_down: Callable[[], KekProvider]
    secrets: list[str] = field(default_factory=list, repr=False)


def aads(count: int, instance: int = 7) -> list[bytes]:
    return [GenerationContext(instance=an_id(instance), generation_id=an_id(n)).aad for n in range(count)]


def keys(count: int) -> list[bytes]:
    return [os.urandom(32) for _ in range(count)]


@pytest.fixture
def vault() -> Iterator[VaultFake]:
    fake = VaultFake()
    fake.start()
    yield fake
    fake.stop()


def file_case() -> Case:
    return Case(FileKek(SECRET), FileKek(b"o" * 32), lambda: FileKek.load(Path("no-such-file")))


def environment_case() -> Case:
    held = {"A": base64.b64encode(SECRET).decode(), "B": base64.b64encode(b"o" * 32).decode()}
    short = {"A": base64.b64encode(SECRET[:31]).decode()}
    return Case(
        EnvironmentKek.of("A", held),
        EnvironmentKek.of("B", held),
        lambda: EnvironmentKek.of("A", short),
        secrets=[held["A"]],
    )


@pytest.fixture(scope="module")
def kms() -> Iterator[tuple[Any, Any]]:
    """A client of a KMS, and one of nobody; making them is what takes time."""
    impatient = Config(connect_timeout=1, retries={"mode": "standard", "total_max_attempts": 1})
    with pytest.MonkeyPatch.context() as environment, mock_aws():
        environment.setenv("AWS_ACCESS_KEY_ID", "testing")
        environment.setenv("AWS_SECRET_ACCESS_KEY", ACCESS)
        client = boto3.client("kms", region_name="eu-north-1")
        nobody = boto3.client("kms", region_name="eu-north-1", endpoint_url="http://127.0.0.1:1", config=impatient)
        yield client, nobody


def aws_case(client: Any, nobody: Any) -> Case:
    mine, other = (client.create_key()["KeyMetadata"]["Arn"] for _ in range(2))
    return Case(
        AwsKms(client, mine),
        AwsKms(client, other),
        lambda: AwsKms(nobody, mine),
        [ACCESS],
    )


def vault_case(fake: VaultFake) -> Case:
    def down() -> KekProvider:
        fake.stop()
        return kek

    kek = VaultTransit.of(f"{MOUNT}/{KEY}", fake.environment)
    return Case(kek, VaultTransit.of(f"{MOUNT}/other", fake.environment), down, [TOKEN])


@pytest.fixture(params=["file", "env", "aws-kms", "vault"])
def case(request: pytest.FixtureRequest) -> Case:
    match request.param:
        case "file":
            return file_case()
        case "env":
            return environment_case()
        case "vault":
            return vault_case(request.getfixturevalue("vault"))
        case _:
            return aws_case(*request.getfixturevalue("kms"))


def test_a_batch_comes_back_in_order(case: Case) -> None:
    secrets = keys(5)
    wrapped = case.kek.wrap(secrets, aads(5))
    assert case.kek.unwrap(wrapped, aads(5)) == secrets
    assert not any(secret in blob for secret, blob in zip(secrets, wrapped, strict=True))


def test_two_wraps_of_one_secret_differ(case: Case) -> None:
    assert len(set(case.kek.wrap([SECRET] * 3, aads(1) * 3))) == 3


def test_no_keys_are_no_work(case: Case) -> None:
    assert case.kek.wrap([], []) == case.kek.unwrap([], []) == []


def test_as_many_keys_as_associated_data(case: Case) -> None:
    wrapped = case.kek.wrap([SECRET], aads(1))
    with pytest.raises(ValueError, match="zip"):
        case.kek.wrap([SECRET], [])
    with pytest.raises(ValueError, match="zip"):
        case.kek.unwrap(wrapped, [])


@pytest.mark.parametrize("aad", [aads(2)[1], aads(1, instance=8)[0], b"", b"free text"])
def test_a_wrapped_key_belongs_to_its_associated_data(case: Case, aad: bytes) -> None:
    wrapped = case.kek.wrap([SECRET], aads(1))
    with pytest.raises(SealBroken):
        case.kek.unwrap(wrapped, [aad])


def test_rows_that_exchanged_their_keys_are_refused(case: Case) -> None:
    one, two = case.kek.wrap(keys(2), aads(2))
    with pytest.raises(SealBroken):
        case.kek.unwrap([two, one], aads(2))


def test_one_altered_key_spoils_its_batch(case: Case) -> None:
    wrapped = case.kek.wrap(keys(3), aads(3))
    kek_id, payload = label_of(wrapped[1])
    head = len(wrapped[1]) - len(payload)
    head += HEAD.get(kek_id.partition(":")[0], 0)
    for position in range(head, len(wrapped[1]), max(1, len(payload) // 20)):
        altered = bytearray(wrapped[1])
        altered[position] ^= 1
        with pytest.raises(SealBroken):
            case.kek.unwrap([wrapped[0], bytes(altered), wrapped[2]], aads(3))


def test_a_cut_key_or_a_flipped_label_is_refused(case: Case) -> None:
    (wrapped,) = case.kek.wrap([SECRET], aads(1))
    head = len(wrapped) - len(label_of(wrapped)[1])
    blobs = [wrapped[:length] for length in (0, 1, 3, head, head + 1, len(wrapped) - 1)]
    blobs += [wrapped[:n] + bytes([wrapped[n] ^ 1]) + wrapped[n + 1 :] for n in range(head)]
    for blob in blobs:
        with pytest.raises((SealBroken, KekUnavailable)):
            case.kek.unwrap([blob], aads(1))


def test_a_key_of_another_kek_says_which_one_is_wanted(case: Case) -> None:
    wrapped = case.kek.wrap([SECRET], aads(1))
    with pytest.raises(KekUnavailable) as caught:
        case.other.unwrap(wrapped, aads(1))
    assert caught.value.wanted == case.kek.kek_id == label_of(wrapped[0])[0]
    assert case.kek.kek_id in str(caught.value)


def test_nothing_secret_is_shown_or_pickled(case: Case) -> None:
    text = f"{case.kek!r} {case.kek} {[case.kek]} {case.kek.kek_id}"
    try:
        fail_with(case.kek)
    except LookupError as exc:
        text += "".join(traceback.TracebackException.from_exception(exc, capture_locals=True).format())
    assert "holder = " in text
    assert not any(word in text for word in (SECRET.decode(), SECRET.hex(), *case.secrets))
    for act in (pickle.dumps, copy.deepcopy):
        with pytest.raises(TypeError):
            act(case.kek)


def test_a_provider_that_is_down_is_unavailable(case: Case) -> None:
    wrapped = case.kek.wrap([SECRET], aads(1))
    for act in (lambda kek: kek.wrap([SECRET], aads(1)), lambda kek: kek.unwrap(wrapped, aads(1))):
        with pytest.raises(KekUnavailable) as caught:
            act(case.go_down())
        assert not isinstance(caught.value, KekRefused)
        assert not any(word in str(caught.value) for word in case.secrets)


@pytest.mark.parametrize("case", ["file", "env", "vault"], indirect=True)
def test_ten_thousand_keys_in_batched_calls(case: Case, request: pytest.FixtureRequest) -> None:
    """KMS has no batch call: what 10,000 keys cost there is in `test_generations`, which is why there are any."""
    secrets, bound = keys(10_000), aads(10_000)
    assert case.kek.unwrap(case.kek.wrap(secrets, bound), bound) == secrets
    if isinstance(case.kek, VaultTransit):
        assert len(request.getfixturevalue("vault").requests) == 20
