"""AWS KMS as key-encryption key: `aws-kms:KEY?region=REGION`, credentials from where boto3 finds them.

Rules kept here:
- every call carries the EncryptionContext that the associated data spell; KMS refuses to decrypt under another;
- Decrypt names the key that must have wrapped, so that KMS never picks one from the ciphertext;
- an error tells KMS's error code and nothing else of its answer.

KMS takes one secret a call and at most a few thousand calls a second, so it wraps key generations, never data keys
(ADR 0019). Source: AWS KMS API reference, Encrypt, Decrypt and DescribeKey.
"""

from collections.abc import Callable, Sequence
from typing import Any, Final, NoReturn, Self, TypeVar
from urllib.parse import parse_qs

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from hub.errors import SettingsInvalid
from hub.kek.context import encryption_context
from hub.kek.label import label_of, labelled, other_kek
from privacy.errors import KekRefused, KekUnavailable, SealBroken

_SCHEME: Final = "aws-kms:"
_KEY_ARN: Final = ":key/"
_PATIENCE: Final = Config(connect_timeout=3, read_timeout=5, retries={"mode": "standard", "total_max_attempts": 3})
_BROKEN: Final = frozenset({"InvalidCiphertextException"})
_NOT_THIS_KEY: Final = frozenset({"IncorrectKeyException"})
_NO: Final = frozenset(
    {
        *("AccessDeniedException", "DisabledException", "KMSInvalidStateException", "NotFoundException"),
        *("InvalidKeyUsageException", "UnrecognizedClientException", "ExpiredTokenException"),
        *("InvalidClientTokenId", "IncompleteSignature", "NotAuthorizedException", "OptInRequired"),
        "InvalidSignatureException",
    }
)
"""Codes by which KMS says no; every other code is a service in trouble, which may pass."""

Answer = TypeVar("Answer")


class AwsKms:
    """One symmetric KMS key."""

    def __init__(self, client: Any, key: str) -> None:  # noqa: ANN401 - boto3 makes its client classes at run time
        self._client = client
        self._key = key
        self._arn = key if _KEY_ARN in key else ""

    def __repr__(self) -> str:
        """Show the key's name only: the client holds credentials."""
        return f"AwsKms({self._key})"

    def __reduce__(self) -> NoReturn:
        """Refuse to be pickled: a pickle is a file with the client's credentials in clear."""
        raise TypeError("a KEK is never pickled")

    @classmethod
    def of(cls, place: str) -> Self:
        """Read `KEY?region=REGION`; the key is an id, an ARN or an alias.

        Raises:
            SettingsInvalid: it cannot be read, or boto3 knows no region.

        """
        key, _, query = place.partition("?")
        options = parse_qs(query, keep_blank_values=True)
        if not key or set(options) - {"region"}:
            raise SettingsInvalid("VARDE_KEK", "it is not the name of a KMS key", "Use aws-kms:KEY?region=REGION")
        region = options.get("region", [""])[0] or _region_of(key)
        try:
            return cls(boto3.client("kms", region_name=region, config=_PATIENCE), key)
        except (BotoCoreError, ValueError):  # ValueError: a region that is no host name
            remedy = "Use aws-kms:KEY?region=REGION, or set AWS_REGION"
            raise SettingsInvalid("VARDE_KEK", "no AWS region is known", remedy) from None

    @property
    def kek_id(self) -> str:
        """Name the key by its ARN: an alias may point elsewhere tomorrow."""
        if not self._arn:
            described = _told(lambda: self._client.describe_key(KeyId=self._key))
            self._arn = str(described["KeyMetadata"]["Arn"])
        return _SCHEME + self._arn

    def wrap(self, secrets: Sequence[bytes], aads: Sequence[bytes]) -> list[bytes]:
        """Wrap each secret, one call each, under the context that its AAD spells."""
        return [self._wrapped(secret, aad) for secret, aad in zip(secrets, aads, strict=True)]

    def unwrap(self, wrapped: Sequence[bytes], aads: Sequence[bytes]) -> list[bytes]:
        """Unwrap each secret, one call each.

        Raises:
            SealBroken: a wrapped key was altered or moved to another row.
            KekRefused: KMS says no.
            KekUnavailable: KMS does not answer, or another key wrapped it; `wanted` says which.

        """
        return [self._unwrapped(blob, aad) for blob, aad in zip(wrapped, aads, strict=True)]

    def _wrapped(self, secret: bytes, aad: bytes) -> bytes:
        arn = self.kek_id.removeprefix(_SCHEME)
        context = encryption_context(aad)
        answer = _told(lambda: self._client.encrypt(KeyId=arn, Plaintext=secret, EncryptionContext=context))
        return labelled(self.kek_id, answer["CiphertextBlob"])

    def _unwrapped(self, blob: bytes, aad: bytes) -> bytes:
        kek_id, payload = label_of(blob)
        if kek_id != self.kek_id:
            raise other_kek(kek_id)
        arn, context = kek_id.removeprefix(_SCHEME), encryption_context(aad)
        answer = _told(lambda: self._client.decrypt(KeyId=arn, CiphertextBlob=payload, EncryptionContext=context))
        return bytes(answer["Plaintext"])


def _told(ask: Callable[[], Answer]) -> Answer:
    """Ask KMS; turn its error, whose text may hold anything, into one of ours."""
    try:
        return ask()
    except ClientError as exc:
        code = str(exc.response.get("Error", {}).get("Code", "unknown"))
    except BotoCoreError as exc:
        raise KekUnavailable(f"AWS KMS does not answer ({type(exc).__name__})") from None
    if code in _BROKEN:
        raise SealBroken("wrapped key altered or moved")
    if code in _NOT_THIS_KEY:
        raise KekUnavailable("another KMS key wrapped this than its label says")
    if code in _NO:
        raise KekRefused(f"AWS KMS refuses ({code})")
    raise KekUnavailable(f"AWS KMS is in trouble ({code})")


def _region_of(key: str) -> str | None:
    """Read the region out of an ARN (`arn:partition:kms:REGION:...`); None leaves it to boto3."""
    return key.split(":")[3] if key.startswith("arn:") and key.count(":") >= 5 else None  # noqa: PLR2004 - an ARN's parts
