"""The files that the systems export, each in its own dialect, with the contract that goes with it.

The folder stands for the *source systems*: its files are in the clear, as exports are, and lie outside the hub's home.
Whoever runs the demo deletes them afterwards; the hub never writes there.

At 5,000 people and 300 organisations (seed 7; other seeds differ by a few per cent) the files hold about

| file | dialect | rows | bad | repeated |
|---|---|---|---|---|
| crm_organisations.csv | CSV `;` UTF-8 with BOM, `dd.mm.yyyy` | 327 | 9 | 1 |
| crm_people.csv | the same | 4,201 | 12 | 9 |
| erp_customers.csv | CSV `,` Latin-1 CRLF | 4,518 | 9 | 9 |
| support_people.csv | CSV `,` UTF-8 | 3,999 | 6 | 8 |
| newsletter.csv | CSV `,` UTF-8 | 2,787 | 9 | 6 |
| erp_orders.csv | CSV `,` Latin-1 CRLF, Oslo time | 70,616 | 21 | 141 |
| erp_order_lines.csv | the same | 109,721 | 12 | 219 |
| erp_invoices.csv | the same | 65,595 | 9 | 131 |
| product_subscriptions.csv | CSV `;` decimal comma | 11,341 | 12 | 23 |
| product_usage.parquet | Parquet, typed | 608,818 | 12 | 1216 |
| support_tickets.ndjson | NDJSON, ISO 8601 UTC | 15,159 | 12 | 31 |
| support_replies.ndjson | the same | 6,924 | 12 | 14 |
| newsletter_contacts.csv.gz | CSV gzipped | 106,777 | 9 | 214 |
| crm_journeys.csv | CSV `;` UTF-8 with BOM, Oslo time | 24,979 | 9 | 50 |
| crm_projects.csv | the same | 711 | 6 | 2 |
| crm_outcomes.csv | the same | 1,325 | 6 | 3 |
| survey_answers.csv | CSV `,` UTF-8 | 14,422 | 9 | 29 |
| field_machines.csv | CSV `,` UTF-8 | 403 | 6 | 1 |
| field_readings.parquet | Parquet, typed | 125,002 | 12 | 250 |
| field_visits.csv | CSV `,` UTF-8 | 2,116 | 9 | 5 |

`support_tickets.ndjson` is read twice, as tickets and as messages (the free text): one contract more than files.
"""

import gzip
from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Final

import polars as pl

from hub.demo.company import Company
from hub.demo.faults import with_faults

CONTRACTS: Final = Path(__file__).parent / "contracts"


@dataclass(frozen=True, slots=True, kw_only=True)
class Export:
    """One file and its contract; `rows` = good rows + `bad` (to be refused) + `duplicates` (exact repetitions)."""

    contract_path: Path
    file_path: Path
    rows: int
    bad: int
    duplicates: int


def write_exports(company: Company, folder: Path) -> list[Export]:
    """Write all files, in the clear, and return them in the order in which they can be ingested: customers first."""
    folder.mkdir(parents=True, exist_ok=True)
    written: dict[str, Export] = {}
    for name, (suffix, dialect) in _DIALECTS.items():
        delivery = with_faults(company.seed, name, company.tables[name])
        path = folder / f"{name}{suffix}"
        path.write_bytes(dialect(delivery.frame))
        written[name] = Export(
            contract_path=CONTRACTS / f"{name}.yaml",
            file_path=path,
            rows=delivery.frame.height,
            bad=delivery.bad,
            duplicates=delivery.duplicates,
        )
    tickets = written["support_tickets"]
    messages = Export(
        contract_path=CONTRACTS / "support_messages.yaml",
        file_path=tickets.file_path,
        rows=tickets.rows,
        bad=tickets.bad,
        duplicates=tickets.duplicates,
    )
    return [*written.values(), messages]


def _semicolon_with_mark(frame: pl.DataFrame) -> bytes:
    """Write as spreadsheet programs in the Nordic countries do: semicolons, UTF-8 with a byte order mark."""
    return frame.write_csv(separator=";").encode("utf-8-sig")


def _latin1(frame: pl.DataFrame) -> bytes:
    """Write as an old ERP does: commas, Latin-1, CRLF."""
    return frame.write_csv(line_terminator="\r\n").encode("latin-1")


def _semicolon(frame: pl.DataFrame) -> bytes:
    return frame.write_csv(separator=";").encode()


def _comma(frame: pl.DataFrame) -> bytes:
    return frame.write_csv().encode()


def _gzipped(frame: pl.DataFrame) -> bytes:
    return gzip.compress(frame.write_csv().encode(), compresslevel=6, mtime=0)


def _ndjson(frame: pl.DataFrame) -> bytes:
    return frame.write_ndjson().encode()


def _parquet(frame: pl.DataFrame) -> bytes:
    buffer = BytesIO()
    frame.write_parquet(buffer, compression="zstd")
    return buffer.getvalue()


_DIALECTS: Final[dict[str, tuple[str, Callable[[pl.DataFrame], bytes]]]] = {
    "crm_organisations": (".csv", _semicolon_with_mark),
    "crm_people": (".csv", _semicolon_with_mark),
    "erp_customers": (".csv", _latin1),
    "support_people": (".csv", _comma),
    "newsletter": (".csv", _comma),
    "erp_orders": (".csv", _latin1),
    "product_subscriptions": (".csv", _semicolon),
    "product_usage": (".parquet", _parquet),
    "support_tickets": (".ndjson", _ndjson),
    "support_replies": (".ndjson", _ndjson),
    "newsletter_contacts": (".csv.gz", _gzipped),
    "erp_order_lines": (".csv", _latin1),
    "erp_invoices": (".csv", _latin1),
    "crm_journeys": (".csv", _semicolon_with_mark),
    "crm_projects": (".csv", _semicolon_with_mark),
    "crm_outcomes": (".csv", _semicolon_with_mark),
    "survey_answers": (".csv", _comma),
    "field_machines": (".csv", _comma),
    "field_readings": (".parquet", _parquet),
    "field_visits": (".csv", _comma),
}
