"""Whether a record would be let in: the suppression list asked of one that nobody delivers yet."""

from typing import Final

import polars as pl

from ingest.canonical.identity import TABLE_OF
from ingest.contract.model import Contract, Format, FormatKind
from ingest.pipeline.arriving import Arriving
from ingest.pipeline.ports import Ports
from ingest.pipeline.suppression import Screen

_ANY: Final = Format(kind=FormatKind.CSV)


def is_shut_out(arriving: Arriving, ports: Ports) -> bool:
    """Say whether a delivery of this record alone would leave it outside: dropped, or put aside for a person to look.

    Nothing is listed or noted of who stands on the list, as a delivery would.
    """
    return _Glance(_contract(arriving), ports).keeps_out(arriving)


class _Glance(Screen):
    """The list as a delivery meets it, without its consequences."""

    def keeps_out(self, arriving: Arriving) -> bool:
        """Say whether it would not simply be let in."""
        present = self._present()
        if not present:
            return False
        self._chunk = _row(arriving)
        self._look_up(present)
        return not self._verdicts().is_empty()


def _row(arriving: Arriving) -> pl.DataFrame:
    told = {name: pl.Series([value], dtype=pl.String) for name, value in arriving.attributes.items()}
    return pl.DataFrame({"_line": [1], "_key": [arriving.key], **told})


def _contract(arriving: Arriving) -> Contract:
    """Write the contract of such a record, as far as the list asks it."""
    return Contract(
        name=arriving.source,
        version=1,
        source=arriving.source,
        owner="",
        table=TABLE_OF[arriving.kind],
        format=_ANY,
        key=(),
        columns=(),
        content_hash="",
        country=arriving.country,
        constants={},
        completeness={},
    )
