"""What `varde source check` finds wrong in files: repeated rows, blanks, nobody's rows, returns, contradictions.

The rules are those of `predict.quality`. Files of one contract are compared for rows that stand in both; events of
customers are compared with the time in which a file of subscriptions says that they had a contract.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any, Final

import polars as pl
import typer

from hub.predictions.source_checks import SourceCheck
from ingest.contract.model import Contract
from ingest.quality.tally import customer_key
from ingest.readers.source import open_source
from ingest.readers.typed import Typist
from predict.faults import Faults, Told
from predict.quality import Finding, findings_of, outside_contract, verdict

SUBSCRIPTIONS: Final = "subscriptions"
_AMOUNTS: Final = ("quantity", "amount_minor", "unit_price_minor")
_BEGUN: Final = ("started", "renewed", "upgraded", "downgraded")


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """What was found in one file, or between files; `contracts` names theirs."""

    contracts: tuple[str, ...]
    findings: tuple[Finding, ...]


def faults_of(pairs: Sequence[tuple[Contract, Path]]) -> list[Checked]:
    """Look for faults in files and between them; what is sound is not told."""
    looked = [(contract, *_read(contract, path)) for contract, path in pairs]
    found = [Checked(contracts=(one.name,), findings=tuple(faults.findings())) for one, faults, _ in looked]
    for place, (contract, faults, _) in enumerate(looked):
        found += [
            Checked(contracts=(contract.name, later.name), findings=tuple(faults.overlap(others)))
            for later, others, _ in looked[place + 1 :]
            if later.content_hash == contract.content_hash
        ]
    for contract, _, terms in looked:
        if contract.table == SUBSCRIPTIONS:
            found += [
                Checked(contracts=(other.name, contract.name), findings=tuple(_outside(events, terms)))
                for other, _, events in looked
                if other.table != SUBSCRIPTIONS and not other.is_identity and _of_one(contract, other)
            ]
    return [one for one in found if one.findings]


def checks_of(contracts: Sequence[Contract], found: Sequence[Checked]) -> list[SourceCheck]:
    """Sum up what was found for each contract that was looked at and for each two, also where it is nothing."""
    table = {one.name: one.table for one in contracts}
    asked = [(name,) for name in table] + list(combinations(sorted(table), 2))
    by_contracts: dict[tuple[str, ...], list[Finding]] = {names: [] for names in asked}
    for one in found:
        by_contracts[tuple(sorted(set(one.contracts)))] += one.findings
    return [
        SourceCheck(contracts=names, tables=tuple(table[name] for name in names), findings=tuple(findings))
        for names, findings in by_contracts.items()
    ]


def faults_in(file: Path) -> list[dict[str, object]]:
    """Read the faults of what `varde source check --format json` wrote; raises BadParameter for another file."""
    try:
        told = json.loads(file.read_text(encoding="utf-8"))["faults"]
        return [one.as_mapping() for one in findings_of(told)]
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        raise typer.BadParameter("write the file with `varde source check ... --format json`") from None


def noise(checked: Sequence[Checked]) -> str | None:
    """Say if so many rows contradict each other that a model would learn noise; None: they do not."""
    findings = [finding for one in checked for finding in one.findings]
    return verdict(findings) if any(finding.unfit for finding in findings) else None


def _read(contract: Contract, path: Path) -> tuple[Faults, pl.DataFrame]:
    """Count a file's faults, and keep of each row a hash of its customer, when it was, and how long a term runs."""
    faults, typist = Faults(_told(contract)), Typist(contract)
    kept = [pl.DataFrame(schema=_KEPT)]
    for raw in open_source(contract, path).raw_chunks():
        faults.add(raw.frame.drop("_line", strict=False))
        kept.append(_times(typist.typed(raw).frame, contract))
    return faults, pl.concat(kept)


_KEPT: Final[Any] = {
    "customer": pl.UInt64,
    "at": pl.Datetime("us", "UTC"),
    "kind": pl.String,
    "until": pl.Datetime("us", "UTC"),
}


def _times(frame: pl.DataFrame, contract: Contract) -> pl.DataFrame:
    key = customer_key(contract)
    if contract.is_identity or not {key, "event_time"} <= set(frame.columns):
        return pl.DataFrame(schema=_KEPT)
    known = {"kind": "kind", "until": "ends_at"}
    optional = {name: pl.col(column) if column in frame.columns else pl.lit(None) for name, column in known.items()}
    rows = frame.drop_nulls(key).select(customer=pl.col(key).hash(seed=7), at="event_time", **optional)
    return rows.cast(_KEPT)


def _outside(events: pl.DataFrame, terms: pl.DataFrame) -> list[Finding]:
    """Compare events with the time from a customer's first contract to the end of the last one."""
    begun = pl.col("kind").is_in(_BEGUN) | pl.col("kind").is_null()
    ended = pl.when(~begun).then("at").otherwise("until")
    runs_on = (begun & pl.col("until").is_null()).any()
    spans = terms.group_by("customer").agg(
        start=pl.col("at").filter(begun).min(), end=pl.when(runs_on).then(None).otherwise(ended.max())
    )
    return outside_contract(events.select("customer", "at"), spans.drop_nulls("start"), on="customer")


def _of_one(contract: Contract, other: Contract) -> bool:
    """Say whether two contracts name customers by keys of one source."""
    one, two = (each.person or each.organisation for each in (contract, other))
    return one is not None and two is not None and one.source == two.source


def _told(contract: Contract) -> Told:
    references = [each.column for each in (contract.person, contract.organisation) if each is not None]
    amounts = [each.column for each in contract.columns if each.to in _AMOUNTS]
    customers = contract.key if contract.is_identity else tuple(references)
    return Told(customers=customers, amounts=tuple(dict.fromkeys(amounts)))
