"""From the setting VARDE_KEK to a provider. A provider's own library is imported only where it is chosen."""

from typing import assert_never

from hub.errors import SettingsInvalid
from hub.kek.environment import EnvironmentKek
from hub.kek.file import FileKek
from hub.kek.vault_transit import VaultTransit
from hub.settings import KekScheme, KekSetting
from privacy.keys import KekProvider


def kek_of(setting: KekSetting) -> KekProvider:
    """Make the provider that a setting names.

    Raises:
        SettingsInvalid: the setting cannot be used, or the provider's library is not installed; names the remedy.
        HomeUnsafe: others may read the key file.
        KekUnavailable: the KEK is not there.

    """
    match setting.scheme:
        case KekScheme.FILE:
            return FileKek.load(setting.file)
        case KekScheme.ENVIRONMENT:
            return EnvironmentKek.of(setting.place, setting.environment)
        case KekScheme.AWS_KMS:
            return _aws_kms(setting.place)
        case KekScheme.VAULT:
            return VaultTransit.of(setting.place, setting.environment)
        case _:
            assert_never(setting.scheme)


def _aws_kms(place: str) -> KekProvider:
    try:
        from hub.kek.aws_kms import AwsKms  # noqa: PLC0415 - boto3 is an extra, and half a second to import
    except ModuleNotFoundError:
        raise SettingsInvalid("VARDE_KEK", "boto3 is not installed", "Run `pip install 'varde[aws]'`") from None
    return AwsKms.of(place)
