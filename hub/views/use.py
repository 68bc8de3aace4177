"""What released rows are never used for: refused where it is asked for, and told with the rows where it is not."""

from datetime import datetime
from io import BytesIO
from typing import Final

import polars as pl
import pyarrow as pa

from hub.errors import AccessRefused
from privacy.purposes import Purpose
from privacy.uses import Use

PURPOSE: Final = "varde.purpose"
PROHIBITED_USES: Final = "varde.prohibited_uses"
USABLE_UNTIL: Final = "varde.usable_until"


def verify_use(purpose: Purpose, use: Use | None) -> None:
    """Refuse rows for a use that their purpose prohibits (GDPR Art. 5(1)(b)); whoever states one accepts the list.

    Raises:
        AccessRefused: the stated use is on the purpose's list.

    """
    if use in purpose.prohibited_uses:
        raise AccessRefused("use_prohibited", f"The purpose forbids {', '.join(prohibited_of(purpose))}")


def prohibited_of(purpose: Purpose) -> tuple[str, ...]:
    """Return the uses that a purpose prohibits, in words, sorted."""
    return tuple(sorted(use.value for use in purpose.prohibited_uses))


def label_of(purpose: str, prohibited: tuple[str, ...], until: datetime) -> dict[str, str]:
    """Return what goes with rows in the metadata of their file or stream; lists are words parted by commas."""
    return {
        PURPOSE: purpose,
        PROHIBITED_USES: ",".join(prohibited),
        USABLE_UNTIL: until.isoformat(),
    }


def arrow_file(frame: pl.DataFrame, label: dict[str, str]) -> bytes:
    """Write rows as an Arrow IPC file whose schema carries a label."""
    table = frame.to_arrow().replace_schema_metadata(label)
    buffer = BytesIO()
    with pa.ipc.new_file(buffer, table.schema) as file:
        file.write_table(table)
    return buffer.getvalue()
