"""The key-encryption key as an environment variable: for development only.

A variable is read by every child process and by whoever may look at the process, and lands in unit files, shell
histories and crash reports. So it is warned about on every start and by `varde doctor`.
"""

import base64
import binascii
from collections.abc import Mapping
from typing import Self

from hub.errors import SettingsInvalid
from hub.kek.file import FileKek


class EnvironmentKek(FileKek):
    """A KEK that the environment holds, 32 bytes in base64."""

    _scheme = "env"
    _where = "the variable that VARDE_KEK names"

    @classmethod
    def of(cls, name: str, environment: Mapping[str, str]) -> Self:
        """Read the variable.

        Raises:
            SettingsInvalid: it is not set, or not base64.
            KekUnavailable: it does not hold 32 bytes.

        """
        try:
            return cls(base64.b64decode(environment[name].strip(), validate=True))
        except KeyError:
            remedy = "Set it to 32 random bytes in base64"
            raise SettingsInvalid("VARDE_KEK", "the variable it names is not set", remedy) from None
        except (binascii.Error, ValueError):
            remedy = "Put 32 random bytes in base64 there"
            raise SettingsInvalid("VARDE_KEK", "the variable it names is not base64", remedy) from None
