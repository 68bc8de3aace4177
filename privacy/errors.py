"""Everything that can go wrong under `privacy`, named after what happened.

An error carries fields, never prose about a person and never a value from a row: its text may reach a log.
"""


class PrivacyError(Exception):
    """The base of every error raised in `privacy`, except by `privacy.verifier`, which stands alone."""


class SealBroken(PrivacyError):
    """A sealed value did not open: wrong key, wrong place (AAD), unknown suite or altered bytes."""

    def __init__(self, because: str, *, key_id: bytes = b"") -> None:
        super().__init__(f"sealed value refused: {because}" + (f" (key {key_id.hex()})" if key_id else ""))
        self.because = because
        self.key_id = key_id


class WrongSecretLength(PrivacyError):
    """A secret was not exactly as long as its use demands."""

    def __init__(self, name: str, length: int, expected: int) -> None:
        super().__init__(f"secret of {name!r} has {length} bytes, must have exactly {expected}")
        self.length = length


class KeyNotFound(PrivacyError):
    """The key store holds no such key: never made, or shredded."""

    def __init__(self, key_id: bytes) -> None:
        super().__init__(f"no key {key_id.hex()} in the key store: it was shredded or belongs to another home")
        self.key_id = key_id


class KekUnavailable(PrivacyError):
    """The key-encryption key cannot be reached, or is not the one that is needed: `wanted` is that one's id."""

    def __init__(self, because: str, *, wanted: str = "") -> None:
        super().__init__(f"key-encryption key unavailable: {because}" + (f" (wanted: {wanted})" if wanted else ""))
        self.because = because
        self.wanted = wanted


class KekRefused(KekUnavailable):
    """The key service answered, and said no: right withdrawn, key disabled or deleted. Nothing held may outlive it."""


class PolicyInvalid(PrivacyError):
    """A policy pack breaks a rule of its own schema."""

    def __init__(self, where: str, rule: str, remedy: str) -> None:
        super().__init__(f"policy: {where}: {rule}; {remedy}")
        self.where = where
        self.rule = rule
        self.remedy = remedy


class PurposeUnknown(PrivacyError):
    """No purpose of this name is in the applied policy."""

    def __init__(self, purpose: str) -> None:
        super().__init__("no such purpose is in the applied policy; see `varde policy show`")  # may be a person's name
        self.purpose = purpose
