"""What is said where the key-encryption key is kept as only a developer may keep it."""

from typing import Final

WARNING: Final = (
    "THE KEY-ENCRYPTION KEY IS AN ENVIRONMENT VARIABLE. This is for development only: every process of this account "
    "can read it. Before real data comes in, use a file, AWS KMS or Vault (docs/guides/keys.md)."
)
