"""What tells several rows of one customer apart, where a view's row is not the customer as such.

The customer stays the owner: whose permission counts, and whose pseudonym stands in the row. Beside it stands the key.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

EVENT_TIME: Final = "event_time"


class RowKind(StrEnum):
    """What a row is, where it is less than a customer."""

    ASSET = "asset"  # a machine of the customer; leaves under a pseudonym of the purpose
    MESSAGE = "message"  # one event; leaves under a pseudonym of the purpose
    CUSTOMER_PRODUCT = "customer_product"  # a level of `column` that at least k customers share; leaves as it is
    TIME_BUCKET = "time_bucket"  # `bucket_days` days counted back from as_of; leaves as the day on which they begin


@dataclass(frozen=True, slots=True, kw_only=True)
class RowKey:
    """The key of a view's rows: its kind, and the column or the days that some kinds need."""

    kind: RowKind
    column: str | None = None
    bucket_days: int | None = None

    @property
    def name(self) -> str:
        """Return the column in which the key leaves."""
        return _NAMES[self.kind]

    @property
    def reads(self) -> str:
        """Return the column of an event that the key is made of."""
        return _READS.get(self.kind) or self.column or EVENT_TIME

    @property
    def is_pseudonym(self) -> bool:
        """Say whether the key leaves under a pseudonym."""
        return self.kind in _READS


KEY_NAMES: Final = ("asset", "message", "product", "bucket")
_NAMES: Final = dict(zip(RowKind, KEY_NAMES, strict=True))
_READS: Final = {RowKind.ASSET: "asset_ref", RowKind.MESSAGE: "event_id"}
